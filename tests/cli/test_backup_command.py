"""`afirgen backup` from the command line."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from afirgen.cli import main
from afirgen.store.lock import RUNNING, in_use
from tests.store.kit import Station


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(folder))
    station = Station(f"sqlite+aiosqlite:///{folder / 'afirgen.db'}", folder)

    async def fill() -> None:
        await station.fill()
        await station.database.close()

    asyncio.run(fill())
    return folder


@pytest.fixture
def own_form(data: Path) -> Path:
    form = data / "forms" / "words.en.toml"
    form.parent.mkdir()
    form.write_text("[labels]\n")
    return form


def call(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["backup", *arguments], input=text)


def test_a_backup_is_made_listed_verified_and_restored(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = call("create")
    assert made.exit_code == 0, made.output
    assert "1 cases, 1 originals" in made.output
    assert "Keep a copy elsewhere" in made.output
    name = made.output.split(":")[0]
    assert call("list").output.strip() == name
    assert "are as they were written" in call("verify").output
    assert "goes on from them" in call("drill").output

    refused = call("restore")
    assert refused.exit_code == 2
    assert "not empty" in refused.output
    assert call("restore", name, "--replace", text="y\n").exit_code == 130
    replaced = call("restore", name, "--replace", text="replace\n")
    assert replaced.exit_code == 0, replaced.output
    assert "1 cases" in replaced.output
    [old] = data.glob("afirgen.db.replaced-*")
    assert f"kept as {old}" in replaced.output

    empty = tmp_path / "empty"
    monkeypatch.setenv("AFIRGEN_BACKUP_TARGET", str(data / "backups"))
    monkeypatch.setenv("AFIRGEN_BACKUP_KEY", (data / "backup_key").read_text().strip())
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(empty))
    assert call("restore").exit_code == 0
    assert (empty / "afirgen.db").is_file()


def test_own_forms_are_counted_and_come_back(own_form: Path) -> None:
    assert "1 own forms and acts" in call("create").output
    own_form.write_text("")
    assert "1 of the station's own forms and acts are back" in call("restore", "--replace", "--yes").output
    assert own_form.read_text() == "[labels]\n"
    assert len(list(own_form.parent.glob("words.en.toml.replaced-*"))) == 1


def test_without_a_backup_it_says_what_to_do(data: Path) -> None:
    assert "afirgen backup create" in call("list").output
    verified = call("verify")
    assert (verified.exit_code, "afirgen backup create" in verified.output) == (2, True)
    assert not list(data.glob("backups/*"))


def test_nothing_is_restored_under_a_running_program(data: Path) -> None:
    call("create")
    with in_use(data, RUNNING, "", shared=True):
        refused = call("restore", "--replace", "--yes")
        assert (refused.exit_code, "Stop it first" in refused.output) == (2, True)
    assert call("restore", "--replace", "--yes").exit_code == 0


def test_a_program_does_not_start_in_the_middle_of_a_restore(data: Path) -> None:
    with in_use(data, RUNNING, ""):
        refused = CliRunner().invoke(main, ["serve"])
    assert (refused.exit_code, "Start again when it is done" in refused.output) == (2, True)


def test_a_backup_of_changed_records_is_kept_and_said_to_be_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFIRGEN_CLOUDWATCH", "prod")
    good = data / "backups" / "20200101T000000Z-abcdef.afirgen"
    good.parent.mkdir()
    good.touch()
    change(data, "UPDATE cases SET language = 'ta'")
    made = call("create")
    assert (made.exit_code, "not as the audit log says" in made.output) == (2, True)
    assert len(list(data.glob("backups/*"))) == 2
    # It is an alarm's business, and what is older may be the last good one.
    figures = figures_in(made.output)
    assert (figures["BackupFailures"], figures.get("Backups", 0)) == (1, 0)
    assert good.exists()
    change(data, "UPDATE cases SET language = 'hi'")
    assert call("create").exit_code == 0
    assert not good.exists()


def test_the_drill_sees_an_audit_log_that_was_made_anew(data: Path) -> None:
    call("create")
    change(data, "DROP TRIGGER audit_log_no_update", "UPDATE audit_log SET hash = 'x' || substr(hash, 2)")
    done = call("drill")
    assert (done.exit_code, "not the continuation" in done.output) == (2, True)


def test_a_month_has_one_drill_that_went_well(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer calls often, from a machine that may remember nothing; what is kept lies beside the backups."""
    monkeypatch.setenv("AFIRGEN_CLOUDWATCH", "prod")
    name = call("create").output.split(":")[0]
    file = data / "backups" / name
    whole = file.read_bytes()
    file.write_bytes(b"damaged")
    failed = call("drill", "--once-a-month")
    assert (failed.exit_code, figures_in(failed.output)["RestoreDrillFailures"]) == (2, 1)
    file.write_bytes(whole)
    assert "goes on from them" in call("drill", "--once-a-month").output
    again = call("drill", "--once-a-month")
    assert (again.exit_code, again.output) == (0, "This month's drill has gone well already.\n")
    # Asked for by hand it is done all the same, and what is kept of it is no backup.
    assert "goes on from them" in call("drill").output
    assert call("list").output.strip() == name
    [note] = (data / "backups").glob("drill-*")
    note.rename(note.with_name("drill-2020-01"))
    assert "goes on from them" in call("drill", "--once-a-month").output


def test_backups_and_drills_are_figures_where_they_are_wanted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert '"_aws"' not in call("create").output
    monkeypatch.setenv("AFIRGEN_CLOUDWATCH", "prod")
    figures = figures_in(call("create").output)
    assert (figures["Backups"], figures["BackupFailures"], figures["Environment"]) == (1, 0, "prod")
    assert figures_in(call("drill").output)["RestoreDrills"] == 1
    for file in data.glob("backups/*"):
        file.write_bytes(b"damaged")
    assert figures_in(call("drill").output)["RestoreDrillFailures"] == 1


def change(data: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data / "afirgen.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def figures_in(output: str) -> dict[str, Any]:
    [line] = [line for line in output.splitlines() if '"_aws"' in line]
    figures: dict[str, Any] = json.loads(line)
    return figures
