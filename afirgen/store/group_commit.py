"""Writes that wait at the same time are one transaction: the disk is waited for once, not once for each of them.

Nobody is answered before the transaction with the own write is committed, so nothing that was answered can be lost.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
# What a group may hold others up.
_MOST = 32


class Attempt(Struct):
    """How a transaction of several writes ended.

    ``worked`` tells that every write did its part: an error after that is one of committing. Without an error
    ``results`` has what each write returned.
    """

    worked: bool = False
    results: Sequence[Any] = ()
    error: Exception | None = None


class _Write(Generic[T]):
    """A write that waits for its turn; ``end`` is what came of it."""

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.end: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def finish(self, result: T, error: Exception | None) -> None:
        """Tell the caller, if there is still one."""
        if self.end.done():
            return
        if error is not None:
            self.end.set_exception(error)
        else:
            self.end.set_result(result)


class GroupCommit:
    """Hands waiting writes to ``transaction``, one group after the other."""

    def __init__(self, transaction: Callable[[Sequence[Work[Any]]], Awaitable[Attempt]]) -> None:
        self._transaction = transaction
        self._waiting: deque[_Write[Any]] = deque()
        self._turns: asyncio.Task[None] | None = None

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction, alone or with others, and return what it returns once that is committed.

        ``work`` may be called more than once. A caller who goes away before the turn has come takes the write along;
        afterwards it ends one way or the other before the caller goes on.
        """
        write = _Write(work)
        self._waiting.append(write)
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        try:
            return await asyncio.shield(write.end)
        except asyncio.CancelledError:
            if write in self._waiting:
                self._waiting.remove(write)
            else:
                await asyncio.wait([write.end])
            raise

    async def rest(self) -> None:
        """Wait until nothing is being written."""
        if self._turns is not None and not self._turns.done():
            await asyncio.wait([self._turns])

    async def _take_turns(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            try:
                await self._one_turn(group)
            finally:
                for write in group:
                    # Only where the program is being ended.
                    write.end.cancel()

    async def _one_turn(self, group: Sequence[_Write[Any]]) -> None:
        attempt = await self._transaction([write.work for write in group])
        if attempt.error is not None and not attempt.worked and len(group) > 1:
            # One of them failed and has undone all: now each answers for itself.
            for write in group:
                await self._one_turn([write])
            return
        for number, write in enumerate(group):
            write.finish(None if attempt.error else attempt.results[number], attempt.error)


async def run_all(works: Sequence[Work[Any]], connection: AsyncConnection) -> list[Any]:
    """Run writes one after the other on a connection."""
    return [await work(connection) for work in works]


def never_waiting(awaitable: Awaitable[T]) -> T:
    """Run to its end what never has to wait."""
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return cast("T", end.value)
    raise RuntimeError("A transaction waited for something other than its database.")
