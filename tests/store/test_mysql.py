"""What only MySQL can do to us: an old table with rows, a restart of the server, deadlocks, a stopped migration."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.session import FirStatus
from afirgen.errors import StorageError
from afirgen.settings import Settings
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database, PoolOptions
from afirgen.store.firs import FirStore
from afirgen.store.migrate import current, downgrade, head, upgrade
from afirgen.store.originals import Originals
from afirgen.store.verify import verify
from tests.store.conftest import run_on
from tests.store.kit import FINALIZED, Station, new_case
from tests.store.servers import PrivateServer

pytestmark = pytest.mark.anyio
_OLD_TABLE = (
    "CREATE TABLE fir_records (id INT AUTO_INCREMENT PRIMARY KEY, fir_number VARCHAR(100) UNIQUE NOT NULL, "
    "session_id VARCHAR(100), complaint_text TEXT, fir_content TEXT, violations_json LONGTEXT, "
    "status ENUM('pending','finalized') DEFAULT 'pending', finalized_at TIMESTAMP NULL, "
    "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, INDEX idx_session (session_id), INDEX idx_status (status)) "
    "CHARACTER SET latin1"
)
_OLD_ROWS = (
    "INSERT INTO fir_records (fir_number, session_id, fir_content, status, finalized_at, created_at) VALUES "
    "('FIR-0a1b2c3d-20240101000000', 's-1', 'café', 'finalized', '2024-01-02 03:04:05', '2024-01-01 00:00:00'), "
    "('FIR-0a1b2c3e-20240101000000', NULL, NULL, 'pending', NULL, '2024-01-01 00:00:00')"
)


async def test_an_old_table_is_adopted_with_its_rows_and_widened(
    mysql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await asyncio.to_thread(run_on, mysql_url, "SET time_zone = '+00:00'", _OLD_TABLE, _OLD_ROWS)
    upgrade(mysql_url)
    station = Station(mysql_url, tmp_path_factory.mktemp("old"))
    old = await station.firs.get("FIR-0a1b2c3d-20240101000000")
    assert (old.content, old.status, old.session_id) == ("café", FirStatus.FINALIZED, "s-1")
    assert (str(old.created_at), str(old.finalized_at)) == ("2024-01-01 00:00:00+00:00", "2024-01-02 03:04:05+00:00")
    await station.fill()
    assert (await station.firs.get(station.number)).content == "प्राथमिकी"
    await station.firs.finalize("FIR-0a1b2c3e-20240101000000", FINALIZED)
    assert await station.faults() == []
    await station.database.close()
    downgrade(mysql_url, "base")
    upgrade(mysql_url)
    again = Database(mysql_url)
    assert len(await FirStore(again).page(limit=10, offset=0)) == 3
    assert (await verify(again, Originals(tmp_path_factory.mktemp("none")))).faults == ()
    await again.close()


async def test_a_migration_that_was_stopped_goes_on(mysql_url: str) -> None:
    upgrade(mysql_url)
    downgrade(mysql_url, "0001")
    # MySQL keeps each change of a table at once: this is what a stop between two of them leaves.
    await asyncio.to_thread(run_on, mysql_url, "DELETE FROM alembic_version")
    upgrade(mysql_url)
    assert current(mysql_url) == head()
    await asyncio.to_thread(run_on, mysql_url, "UPDATE alembic_version SET version_num = '0001'")
    upgrade(mysql_url)
    assert current(mysql_url) == head()


async def test_two_programs_that_start_at_once_migrate_once(mysql_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "afirgen", "db", "upgrade"]
    environment = os.environ | {"AFIRGEN_DATABASE_URL": mysql_url, "AFIRGEN_DATA_DIR": str(tmp_path)}
    started = [await asyncio.create_subprocess_exec(*command, env=environment) for _ in range(2)]
    assert await asyncio.gather(*(program.wait() for program in started)) == [0, 0]
    assert current(mysql_url) == head()


async def test_a_deadlock_is_tried_again_and_nothing_is_written_twice(mysql_url: str) -> None:
    upgrade(mysql_url)
    # One program never stands in its own way: its writes are done one after the other.
    database, other = Database(mysql_url), Database(mysql_url)
    store = CaseStore(database)
    first, second = (await new_case(store)).id, (await new_case(store)).id
    met = asyncio.Barrier(2)
    tries = 0

    async def swap(program: Database, one: str, then: str) -> None:
        waited = False

        async def work(connection: AsyncConnection) -> None:
            nonlocal tries, waited
            tries += 1
            change = text("UPDATE cases SET error = CONCAT(COALESCE(error, ''), 'x') WHERE id = :id")
            await connection.execute(change, {"id": one})
            if not waited:
                waited = True
                await met.wait()
            await connection.execute(change, {"id": then})

        await program.write(work)

    await asyncio.gather(swap(database, first, second), swap(other, second, first))
    assert tries == 3
    assert [(await store.get(case)).error for case in (first, second)] == ["xx", "xx"]
    await other.close()
    await database.close()


async def test_work_goes_on_after_the_server_was_restarted(own_server: PrivateServer) -> None:
    await asyncio.to_thread(run_on, own_server.url, "CREATE DATABASE a")
    url = f"{own_server.url}/a"
    upgrade(url)
    database = Database(url, PoolOptions(size=3, timeout_s=2))
    log = AuditLog(database)
    await asyncio.gather(*(log.note(FINALIZED) for _ in range(6)))
    await asyncio.to_thread(own_server.stop)
    with pytest.raises(StorageError):
        await database.ping()
    with pytest.raises(StorageError):
        await log.note(FINALIZED)
    await asyncio.to_thread(own_server.start)
    await database.ping()
    entries = await asyncio.gather(*(log.note(FINALIZED) for _ in range(6)))
    assert sorted(entry.seq for entry in entries) == list(range(7, 13))
    await database.close()


async def test_a_full_pool_is_refused_in_time(mysql_url: str) -> None:
    upgrade(mysql_url)
    database = Database(mysql_url, PoolOptions(size=1, timeout_s=1))
    async with database.snapshot():
        with pytest.raises(StorageError):
            await database.ping()
    await database.ping()
    await database.close()


async def test_a_server_that_does_not_answer_is_not_waited_for(mysql_url: str) -> None:
    upgrade(mysql_url)
    database = Database(mysql_url, PoolOptions(answer_s=1))
    with pytest.raises(StorageError):
        await database.write(lambda connection: connection.execute(text("SELECT SLEEP(30)")))
    await database.ping()
    await database.close()


def test_the_names_of_earlier_installations_make_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFIRGEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("MYSQL_HOST", "db.example")
    monkeypatch.setenv("MYSQL_USER", "fir user")
    monkeypatch.setenv("MYSQL_PASSWORD", "p@ss/w:rd+")
    monkeypatch.setenv("MYSQL_DB", "firs")
    assert Settings().sqlalchemy_url == "mysql+asyncmy://fir%20user:p%40ss%2Fw%3Ard%2B@db.example:3306/firs"
    monkeypatch.setenv("AFIRGEN_DATABASE_URL", "sqlite+aiosqlite:///x.db")
    assert Settings().sqlalchemy_url == "sqlite+aiosqlite:///x.db"
