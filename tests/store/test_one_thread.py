"""SQLite in one turn of a thread: what was begun ends before anybody goes on, and only the database is waited for."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.errors import StorageError
from afirgen.store.audit import AuditLog, append
from afirgen.store.database import Database, PoolOptions
from afirgen.store.migrate import upgrade
from afirgen.store.tables import audit_head
from tests.store.kit import FINALIZED

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    upgrade(url)
    opened = Database(url, PoolOptions(size=2, timeout_s=1))
    yield opened
    await opened.close()


async def length(database: Database) -> int:
    return int((await database.fetch(select(audit_head.c.seq))).scalar_one())


async def test_a_write_whose_caller_goes_away_has_ended_when_the_next_begins(database: Database) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def slow(connection: AsyncConnection) -> None:
        loop.call_soon_threadsafe(begun.set)
        time.sleep(0.3)  # noqa: ASYNC251 - the thread of the database, not the loop
        await append(connection, FINALIZED)

    task = asyncio.create_task(database.write(slow))
    await begun.wait()
    task.cancel()
    entry = await AuditLog(database).note(FINALIZED)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (entry.seq, await length(database)) == (2, 2)


async def test_a_transaction_that_waits_for_something_else_is_undone(database: Database) -> None:
    async def waits(connection: AsyncConnection) -> None:
        await append(connection, FINALIZED)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="other than its database"):
        await database.write(waits)
    assert await length(database) == 0
    await AuditLog(database).note(FINALIZED)
    assert await length(database) == 1


async def test_reading_gives_its_connection_back_also_after_a_failure(database: Database) -> None:
    for _ in range(5):
        with pytest.raises(StorageError):
            await database.fetch_all(text("SELECT 1"), text("SELECT * FROM nothing"))
    assert await length(database) == 0


async def test_queries_asked_together_see_one_moment(database: Database) -> None:
    seen = select(audit_head.c.seq)
    log = AuditLog(database)

    async def write() -> None:
        for _ in range(20):
            await log.note(FINALIZED)

    writer = asyncio.create_task(write())
    while not writer.done():
        moments = [found.scalar_one() for found in await database.fetch_all(*[seen] * 20)]
        assert len(set(moments)) == 1
    await writer
