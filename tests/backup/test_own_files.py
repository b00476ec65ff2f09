"""The station's own forms and acts go along with a backup, and come back."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from afirgen.backup import run
from afirgen.backup.archive import Manifest
from afirgen.backup.run import Made, create_backup, replace_by_backup, restore_backup, verify_backup
from afirgen.backup.target import Folder
from afirgen.errors import StorageError
from afirgen.store.database import Database
from afirgen.store.originals import Originals
from tests.store.kit import Station

KEY = "the key"
OLD = Path(__file__).parent / "data"
FORM, ACT, TEXT = "forms/words.hi.toml", "kb/state/excise.toml", "kb/imported/it-act-0123.jsonl"
OWN = {FORM: 'title = "प्रथम सूचना"\n'.encode(), ACT: b'act = "Example Act"\n', TEXT: b'{"act": "IT Act"}\n'}
LEFT_OUT = (
    "kb/index/current.json",
    "kb/state/excise.new",
    "kb/imported/tmp1.part",
    "forms/.words.hi.toml.part",
    "note",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name, content in {**OWN, **dict.fromkeys(LEFT_OUT, b"not ours")}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def backed_up(data: Path, target: Folder) -> Made:
    station = Station(f"sqlite+aiosqlite:///{data / 'afirgen.db'}", data)

    async def make() -> Made:
        await station.fill()
        await station.database.close()
        database = Database(station.url)
        try:
            return await create_backup(database, station.originals, target, KEY, data)
        finally:
            await database.close()

    return asyncio.run(make())


def restored(target: Folder, name: str, data: Path) -> Manifest:
    data.mkdir(exist_ok=True)
    originals = Originals(data / "originals")
    url = f"sqlite+aiosqlite:///{data / 'afirgen.db'}"
    return asyncio.run(restore_backup(target, name, KEY, url=url, originals=originals, data=data))[0]


def read(data: Path) -> dict[str, bytes]:
    paths = [p for folder in ("forms", "kb") for p in (data / folder).rglob("*") if p.is_file()]
    return {p.relative_to(data).as_posix(): p.read_bytes() for p in paths}


def test_own_forms_and_acts_come_back_and_nothing_else(data: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(data, target)
    assert made.manifest.own_files == 3
    parts = {name: part.sha256 for name, part in made.manifest.parts.items() if name.startswith("own/")}
    assert parts == {f"own/{name}": sha256(content).hexdigest() for name, content in OWN.items()}
    assert restored(target, made.name, tmp_path / "new") == made.manifest
    assert read(tmp_path / "new") == OWN


def test_what_is_there_with_another_content_is_kept_beside(data: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(data, target)
    new = tmp_path / "new"
    (new / "forms").mkdir(parents=True)
    (new / FORM).write_bytes(b"another")
    (new / "forms" / "words.ta.toml").write_bytes(b"later")
    restored(target, made.name, new)
    found = read(new)
    assert {name: found.pop(name) for name in OWN} == OWN
    assert found.pop("forms/words.ta.toml") == b"later"
    [(beside, content)] = found.items()
    assert (beside.startswith(f"{FORM}.replaced-"), content) == (True, b"another")


def test_the_trial_checks_them_and_leaves_the_running_ones_alone(data: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(data, target)
    (data / FORM).write_bytes(b"changed since")
    before = read(data)
    assert asyncio.run(verify_backup(target, made.name, KEY, data)).manifest.own_files == 3
    assert read(data) == before


def replace(target: Folder, name: str, data: Path) -> None:
    originals = Originals(data / "originals")
    done = replace_by_backup(target, name, KEY, file=data / "afirgen.db", originals=originals, data=data)
    asyncio.run(done)


def test_they_follow_a_database_that_takes_its_place(data: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(data, target)
    (data / FORM).write_bytes(b"changed since")
    replace(target, made.name, data)
    assert (data / FORM).read_bytes() == OWN[FORM]


def test_a_refused_replacement_leaves_them_as_they_are(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(data, target)
    (data / FORM).write_bytes(b"changed since")
    before = read(data)

    def full(*_: Path) -> Any:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(run, "take_place", full)
    with pytest.raises(StorageError):
        replace(target, made.name, data)
    assert read(data) == before


def test_a_folder_that_cannot_be_written_is_told(data: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(data, target)
    new = tmp_path / "new"
    new.mkdir()
    (new / "forms").write_text("a file where the folder belongs")
    with pytest.raises(StorageError, match="own forms and acts"):
        restored(target, made.name, new)
    (new / "forms").unlink()
    restored(target, made.name, new)
    assert read(new) == OWN


def test_a_backup_of_the_time_before_is_still_restored(tmp_path: Path) -> None:
    manifest = restored(Folder(OLD), "before-own-files.afirgen", tmp_path / "new")
    assert (manifest.cases, manifest.originals, manifest.own_files) == (1, 1, 0)
    assert read(tmp_path / "new") == {}
