"""`afirgen audit` and `afirgen db` on a data folder, as an administrator calls them."""

import asyncio
import sqlite3
import stat
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from afirgen.case.audit import MACHINE, Action, Event
from afirgen.case.fir import Station as FormStation
from afirgen.case.session import Step
from afirgen.cli import main
from afirgen.deploy.drill import _WHOLE
from afirgen.render.documents import make_document
from afirgen.render.form import Print
from afirgen.store.cases import CaseStore, NewVersion
from afirgen.store.database import Database
from afirgen.store.originals import Originals
from tests.case_factory import document
from tests.store.kit import SOURCE, Station


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("AFIRGEN_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    made = Station(f"sqlite+aiosqlite:///{tmp_path / 'afirgen.db'}", tmp_path)

    async def fill() -> None:
        await made.fill_without_form()
        await made.database.close()

    asyncio.run(fill())
    return made


def call(*words: str, **extra: str) -> Result:
    return CliRunner().invoke(main, list(words), input=extra.get("typed"))


def test_verify_is_quiet_about_a_whole_chain_and_names_what_was_changed(station: Station, tmp_path: Path) -> None:
    fine = call("audit", "verify")
    assert (fine.exit_code, fine.stderr) == (0, "")
    assert "1 originals are as they were written" in fine.stdout
    with sqlite3.connect(tmp_path / "afirgen.db") as file:
        file.execute("UPDATE cases SET language = 'ta'")
    file.close()
    broken = call("audit", "verify")
    assert broken.exit_code == 2
    assert f"case:{station.case}" in broken.stdout
    assert "Keep them" in broken.stderr


@pytest.mark.usefixtures("station")
def test_the_log_goes_on_from_a_copy_or_does_not(tmp_path: Path) -> None:
    # As the restore drill of an installation in AWS reads it.
    found = _WHOLE.search(call("audit", "verify").stdout)
    assert found is not None
    entries, head = int(found[1]), found[2]
    assert call("audit", "continues", str(entries), head).stdout == (
        "The audit log goes on from the copy's; 0 entries came since.\n"
    )
    with sqlite3.connect(tmp_path / "afirgen.db") as file:
        [(earlier,)] = file.execute("SELECT hash FROM audit_log WHERE seq = ?", (entries - 1,))
    file.close()
    assert "1 entries came since" in call("audit", "continues", str(entries - 1), earlier).stdout
    # Another one's end, and one that is longer than the log.
    for wrong in ((entries, "0" * 64), (entries + 1, head)):
        refused = call("audit", "continues", *map(str, wrong))
        assert (refused.exit_code, "not the continuation" in refused.stderr) == (2, True)
    assert "entries came since" in call("audit", "continues", "0", "-").stdout


def test_export_writes_a_private_file_once(station: Station, tmp_path: Path) -> None:
    written = call("audit", "export", station.case)
    assert written.exit_code == 0, written.stderr
    archive = tmp_path / f"case-{station.case}.zip"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    again = call("audit", "export", station.case)
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    unknown = call("audit", "export", "nothing")
    assert (unknown.exit_code, "no such session" in unknown.stderr) == (2, True)
    assert call("audit", "verify").exit_code == 0


def test_an_export_without_its_original_says_so(station: Station, tmp_path: Path) -> None:
    Originals(tmp_path / "originals").path(SOURCE.sha256).unlink()
    lost = call("audit", "export", station.case)
    assert (lost.exit_code, "original" in lost.stderr) == (2, True)


@pytest.mark.usefixtures("station")
def test_the_database_goes_back_and_forth() -> None:
    assert call("db", "check").exit_code == 0
    assert call("db", "downgrade", "0001", typed="n\n").exit_code != 0
    assert call("db", "downgrade", "0001", typed="y\n").exit_code == 0
    assert call("db", "current").stdout.strip() == "0001"
    assert call("db", "check").exit_code == 2
    assert call("audit", "verify").exit_code == 2
    assert call("db", "downgrade", "nonsense", "--yes").exit_code == 2
    assert call("db", "upgrade").exit_code == 0
    assert call("audit", "verify").exit_code == 0


def test_a_server_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFIRGEN_DATABASE_URL", "mysql+asyncmy://root@127.0.0.1:1/nothing")
    answer = call("db", "current")
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1


def test_a_print_is_checked_against_its_record(station: Station, tmp_path: Path) -> None:
    doc = document()

    async def keep() -> None:
        station.database = Database(f"sqlite+aiosqlite:///{tmp_path / 'afirgen.db'}")
        version = NewVersion(step=Step.FINAL, content=msgspec.json.encode(doc), author="machine")
        await CaseStore(station.database).add_version(
            station.case, version, Event(actor=MACHINE, action=Action.STEP_DRAFTED)
        )
        await station.database.close()

    asyncio.run(keep())
    file = tmp_path / "fir.pdf"
    file.write_bytes(make_document(doc, Print(language="hi"), "pdf"))
    fine = call("audit", "verify", "--document", str(file))
    assert fine.exit_code == 0, fine.stderr
    assert "byte for byte" in fine.stdout
    assert station.case in fine.stdout
    text = tmp_path / "fir.txt"
    text.write_bytes(make_document(doc, Print(), "txt").replace(b"Anil", b"Amit"))
    changed = call("audit", "verify", "--document", str(text))
    assert (changed.exit_code, "not those of the record" in changed.stderr) == (2, True)
    text.write_bytes(make_document(document(station=FormStation(name="Elsewhere")), Print(), "txt"))
    strange = call("audit", "verify", "--document", str(text))
    assert (strange.exit_code, "made elsewhere" in strange.stderr) == (2, True)
    text.write_text("nothing of ours")
    assert call("audit", "verify", "--document", str(text)).exit_code == 2
