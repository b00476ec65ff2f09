"""A backup in the place of a database that is there: the old one stays until the new one is whole, and after it."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from afirgen.backup import run, swap
from afirgen.backup.run import create_backup, prune, replace_by_backup
from afirgen.backup.target import Bucket, Folder
from afirgen.errors import DamagedFileError, NotAllowedError
from afirgen.store.database import Database
from tests.store.kit import Station

KEY = "the key"


class Yard:
    """A station with one case, its backup, and one more case since."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "a.db"
        self.target = Folder(folder / "backups")
        self.station = Station(f"sqlite+aiosqlite:///{self.file}", folder)

        async def fill() -> None:
            await self.station.fill()
            await self.station.database.close()
            database = Database(self.station.url)
            await create_backup(database, self.station.originals, self.target, KEY, folder)
            await database.close()
            await self.station.fill()
            await self.station.database.close()

        asyncio.run(fill())

    def replace(self) -> Path | None:
        (name,) = self.target.names()
        done = replace_by_backup(
            self.target, name, KEY, file=self.file, originals=self.station.originals, data=self.folder
        )
        return asyncio.run(done)[2]

    def faults(self) -> list[str]:
        async def look() -> list[str]:
            self.station.database = Database(self.station.url)
            try:
                return await self.station.faults()
            finally:
                await self.station.database.close()

        return asyncio.run(look())


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def cases(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("SELECT COUNT(*) FROM cases").fetchone()[0])


def test_the_backup_takes_the_place_and_the_old_database_is_kept(yard: Yard) -> None:
    # Somebody looks on, so that the newest records still wait in the log beside the file.
    with closing(sqlite3.connect(yard.file)) as onlooker:
        onlooker.execute("SELECT 1").fetchone()
    assert cases(yard.file) == 2
    old = yard.replace()
    assert cases(yard.file) == 1
    assert old is not None
    assert cases(old) == 2
    assert yard.faults() == []
    assert not [path.name for path in yard.folder.iterdir() if path.name.startswith("restore-")]


def stopped(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("module", "name"),
    [
        *((run, name) for name in ("unpacked", "upgrade", "write_rows", "verify", "take_place")),
        *((swap, name) for name in ("_into_one_file", "_sync", "_kept")),
        (swap.os, "link"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_stopped_anywhere_the_old_database_is_as_it_was(
    yard: Yard, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, name, stopped)
        with pytest.raises(KeyboardInterrupt):
            yard.replace()
    assert cases(yard.file) == 2
    assert yard.faults() == []
    yard.replace()
    assert cases(yard.file) == 1


def test_a_damaged_backup_touches_nothing(yard: Yard) -> None:
    (name,) = yard.target.names()
    path = yard.folder / "backups" / name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DamagedFileError):
        yard.replace()
    assert cases(yard.file) == 2
    assert yard.faults() == []


def test_a_damaged_database_is_replaced_and_kept_too(yard: Yard) -> None:
    yard.file.write_bytes(b"no database" * 1000)
    old = yard.replace()
    assert old is not None
    assert old.read_bytes().startswith(b"no database")
    assert cases(yard.file) == 1


def test_a_bucket_that_does_not_let_us_delete_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def delete_object(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")

    place = Bucket("kept", "")
    monkeypatch.setattr(Bucket, "_client", Refusing())
    monkeypatch.setattr(Bucket, "names", lambda _self: ["20200101T000000Z-a.afirgen", "20200102T000000Z-b.afirgen"])
    with pytest.raises(NotAllowedError, match="its own rules"):
        prune(place, 30)
