"""Writes that wait together are one transaction, and each is answered for itself."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.errors import LostLeaseError, StorageError
from afirgen.store.audit import AuditLog, append
from afirgen.store.database import Database
from afirgen.store.group_commit import Attempt, GroupCommit, Work
from afirgen.store.tables import audit_log
from tests.store.kit import FINALIZED

pytestmark = pytest.mark.anyio


def commits_of(database: Database) -> list[str]:
    """Return a list that grows with every transaction that writes."""
    seen: list[str] = []
    engine = database._direct._engine if database._direct else database._writing.sync_engine
    event.listen(engine, "commit", lambda _connection: seen.append("commit"))
    return seen


async def length(database: Database) -> int:
    return int((await database.fetch(select(func.count()).select_from(audit_log))).scalar_one())


async def test_the_disk_is_waited_for_once(database: Database) -> None:
    commits = commits_of(database)
    log = AuditLog(database)
    entries = await asyncio.gather(*(log.note(FINALIZED) for _ in range(20)))
    assert sorted(entry.seq for entry in entries) == list(range(1, 21))
    assert await length(database) == 20
    assert len(commits) < 5


async def test_one_that_fails_fails_alone(database: Database) -> None:
    async def refused(connection: AsyncConnection) -> None:
        await append(connection, FINALIZED)
        raise LostLeaseError("This job is over already.")

    async def wrong(connection: AsyncConnection) -> None:
        await append(connection, FINALIZED)
        await connection.execute(text("INSERT INTO nothing VALUES (1)"))

    log = AuditLog(database)
    works = (refused, lambda c: append(c, FINALIZED), wrong, lambda c: append(c, FINALIZED))
    ends = await asyncio.gather(log.note(FINALIZED), *map(database.write, works), return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["Entry", "LostLeaseError", "Entry", "StorageError", "Entry"]
    assert isinstance(ends[3], StorageError)
    assert await length(database) == 3


class Recorder:
    """Stands for the database: says what came together, and how a transaction ends."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.go = asyncio.Event()
        self.attempt: Attempt | None = None

    async def __call__(self, works: "list[Work[Any]]") -> Attempt:
        self.groups.append(len(works))
        await self.go.wait()
        return self.attempt or Attempt(worked=True, results=range(len(works)))


async def nothing(_connection: AsyncConnection) -> None:
    """Be a write; the recorder never runs it."""


async def test_what_comes_while_others_are_written_goes_together() -> None:
    recorder = Recorder()
    group = GroupCommit(recorder)
    first = asyncio.create_task(group.write(nothing))
    await asyncio.sleep(0)
    later = [asyncio.create_task(group.write(nothing)) for _ in range(40)]
    await asyncio.sleep(0)
    recorder.go.set()
    assert await asyncio.gather(first, *later) == [0, *range(32), *range(8)]
    assert recorder.groups == [1, 32, 8]


async def test_whether_it_is_kept_is_not_known_is_told_to_all_and_nothing_is_repeated() -> None:
    recorder = Recorder()
    recorder.attempt = Attempt(worked=True, error=StorageError("The disk is full."))
    recorder.go.set()
    ends = await asyncio.gather(*(GroupCommit(recorder).write(nothing) for _ in range(1)), return_exceptions=True)
    group = GroupCommit(recorder)
    ends += await asyncio.gather(*(group.write(nothing) for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [StorageError] * 4
    assert recorder.groups == [1, 3]


async def test_who_goes_away_before_the_turn_takes_the_write_along_and_later_waits_for_its_end() -> None:
    recorder = Recorder()
    group = GroupCommit(recorder)
    running = asyncio.create_task(group.write(nothing))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(group.write(nothing))
    await asyncio.sleep(0)
    waiting.cancel()
    running.cancel()
    await asyncio.sleep(0.01)
    assert waiting.done()
    assert not running.done()
    recorder.go.set()
    await asyncio.wait([running])
    assert running.cancelled()
    await group.rest()
    assert recorder.groups == [1]
