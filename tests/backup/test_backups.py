"""Backups of both databases: made, checked, restored, and everything that must not pass for a good one."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from afirgen.backup.run import Made, create_backup, prune, restore_backup, verify_backup
from afirgen.backup.target import Folder, Target, open_target
from afirgen.errors import AuditFaultError, DamagedFileError, InvalidInputError, NotFoundError, StorageError
from afirgen.store.database import Database
from afirgen.store.originals import Originals
from afirgen.store.verify import verify
from tests.store.kit import ORIGINAL, SOURCE, Station

KEY = "the key"


@pytest.fixture
def station(empty_url: str, tmp_path: Path) -> Station:
    made = Station(empty_url, tmp_path)
    asyncio.run(_filled(made))
    return made


async def _filled(station: Station) -> None:
    await station.fill()
    await station.database.close()


def backed_up(station: Station, target: Target, work: Path) -> Made:
    async def make() -> Made:
        database = Database(station.url)
        try:
            return await create_backup(database, station.originals, target, KEY, work)
        finally:
            await database.close()

    return asyncio.run(make())


def restored(target: Target, name: str, folder: Path, *, url: str | None = None, key: str = KEY) -> Any:
    folder.mkdir(exist_ok=True)
    url = url or f"sqlite+aiosqlite:///{folder / 'a.db'}"
    return asyncio.run(
        restore_backup(target, name, key, url=url, originals=Originals(folder / "originals"), data=folder)
    )


async def _heads(url: str, originals: Originals) -> tuple[str, int, int]:
    database = Database(url)
    verdict = await verify(database, originals)
    await database.close()
    assert verdict.faults == ()
    return verdict.head, verdict.entries, verdict.records


def test_a_backup_comes_back_whole_into_sqlite(station: Station, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    assert target.names() == [made.name]
    assert (made.manifest.cases, made.manifest.originals) == (1, 1)
    before = asyncio.run(_heads(station.url, station.originals))
    manifest, verdict = restored(target, made.name, tmp_path / "new")
    assert manifest == made.manifest
    assert (verdict.head, verdict.entries, verdict.records) == before
    assert Originals(tmp_path / "new" / "originals").path(SOURCE.sha256).read_bytes() == ORIGINAL


def test_a_backup_of_sqlite_comes_back_into_mysql(mysql_url: str, tmp_path: Path) -> None:
    station = Station(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}", tmp_path)
    asyncio.run(_filled(station))
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    before = asyncio.run(_heads(station.url, station.originals))
    _, verdict = restored(target, made.name, tmp_path / "new", url=mysql_url)
    assert (verdict.head, verdict.entries, verdict.records) == before


def test_the_trial_leaves_nothing_behind(station: Station, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    checked = asyncio.run(verify_backup(target, made.name, KEY, work))
    assert checked.verdict.entries > 0
    assert list(work.iterdir()) == []


def test_nothing_of_a_complaint_can_be_read_in_the_file(station: Station, tmp_path: Path) -> None:
    made = backed_up(station, Folder(tmp_path / "backups"), tmp_path)
    content = (tmp_path / "backups" / made.name).read_bytes()
    for word in ("मेरा".encode(), b"audit_log", station.case.encode()):
        assert word not in content
    assert (tmp_path / "backups" / made.name).stat().st_mode & 0o077 == 0


def test_a_database_that_holds_records_is_never_written_into(station: Station, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    with pytest.raises(InvalidInputError, match="not empty"):
        restored(target, made.name, tmp_path / "new", url=station.url)
    asyncio.run(_heads(station.url, station.originals))


def test_a_damaged_backup_is_refused_before_anything_is_restored(station: Station, tmp_path: Path) -> None:
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    file = tmp_path / "backups" / made.name
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:200] + b"\0" + whole[201:], b"", b"PK\x03\x04"):
        file.write_bytes(damaged)
        with pytest.raises(DamagedFileError):
            restored(target, made.name, tmp_path / "new")
        assert not (tmp_path / "new" / "a.db").exists()
    file.write_bytes(whole)
    with pytest.raises(DamagedFileError, match="AFIRGEN_BACKUP_KEY"):
        restored(target, made.name, tmp_path / "new", key="another")


def test_a_record_that_was_changed_before_the_backup_is_named(tmp_path: Path) -> None:
    station = Station(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}", tmp_path)
    asyncio.run(_filled(station))
    with sqlite3.connect(tmp_path / "old.db") as changed:
        changed.execute("UPDATE fir_records SET complaint_text = 'another'")
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    with pytest.raises(AuditFaultError, match=f"fir:{station.number}"):
        asyncio.run(verify_backup(target, made.name, KEY, tmp_path))


def test_what_is_written_meanwhile_does_not_tear_the_backup(station: Station, tmp_path: Path) -> None:
    """The chain of the copy is whole, whatever moment it is of."""
    target = Folder(tmp_path / "backups")

    async def both() -> Made:
        database = Database(station.url)
        station.database = Database(station.url)
        station.cases._database = station.jobs._database = station.database

        async def write() -> None:
            for _ in range(20):
                await station.fill_without_form()

        made, _ = await asyncio.gather(create_backup(database, station.originals, target, KEY, tmp_path), write())
        await database.close()
        await station.database.close()
        return made

    made = asyncio.run(both())
    checked = asyncio.run(verify_backup(target, made.name, KEY, tmp_path))
    assert 1 <= checked.manifest.cases <= 21


def test_an_interrupted_restore_leaves_the_database_empty(tmp_path: Path) -> None:
    station = Station(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}", tmp_path)

    async def fill() -> None:
        for _ in range(40):
            await station.fill_without_form()
        await station.database.close()

    asyncio.run(fill())
    target = Folder(tmp_path / "backups")
    made = backed_up(station, target, tmp_path)
    for delay in (0.6, 0.9, 1.2):
        folder = tmp_path / f"new-{delay}"
        folder.mkdir()
        program = (
            "import asyncio; from pathlib import Path; from afirgen.backup.run import restore_backup;"
            "from afirgen.backup.target import Folder; from afirgen.store.originals import Originals;"
            f"f = Path({str(folder)!r}); asyncio.run(restore_backup(Folder(Path({str(tmp_path / 'backups')!r})), {made.name!r},"
            f" {KEY!r}, url=f'sqlite+aiosqlite:///{{f}}/a.db', originals=Originals(f / 'originals'), data=f))"
        )
        child = subprocess.Popen([sys.executable, "-c", program])  # noqa: S603 - our own
        time.sleep(delay)
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        database = folder / "a.db"
        if database.exists():
            with sqlite3.connect(database) as left:
                tables = [r[0] for r in left.execute("SELECT name FROM sqlite_master WHERE name = 'cases'")]
                count = left.execute("SELECT count(*) FROM cases").fetchone()[0] if tables else 0
            assert count in {0, 40}


def test_old_backups_go_and_the_newest_stays(tmp_path: Path) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    target = Folder(tmp_path)
    ages = (90, 31, 29, 1)
    names = [f"{now - timedelta(days=age):%Y%m%dT%H%M%SZ}-abc.afirgen" for age in ages]
    for name in names:
        (tmp_path / name).touch()
    assert prune(target, 30, now=now) == names[:2]
    assert target.names() == names[2:]
    assert prune(target, 1, now=now + timedelta(days=400)) == names[2:3]
    assert target.names() == names[3:]


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(NotFoundError):
        Folder(tmp_path / "backups").fetch("../secret", tmp_path / "out")


@mock_aws
def test_backups_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    boto3.client("s3").create_bucket(
        Bucket="the-backups", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"}
    )
    station = Station(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}", tmp_path)
    asyncio.run(_filled(station))
    target = open_target("s3://the-backups/daily")
    made = backed_up(station, target, tmp_path)
    assert target.names() == [made.name]
    _, verdict = restored(target, made.name, tmp_path / "new")
    assert verdict.faults == ()
    with pytest.raises(NotFoundError):
        target.fetch("none.afirgen", tmp_path / "x")
    target.put(tmp_path / "old.db", "drill-2026-11")
    assert (target.holds("drill-2026-11"), target.holds("drill-2026-1"), target.holds(made.name)) == (True, False, True)
    target.delete(made.name)
    assert target.names() == []
    with pytest.raises(StorageError, match="bucket another-one"):
        open_target("s3://another-one/x").put(tmp_path / "old.db", "n")
