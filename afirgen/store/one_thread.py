"""SQLite without a change of threads at every statement.

The usual driver sends each statement, and each fetch, to a thread and back. While the event loop is busy every one of
these turns waits its time, and a transaction that writes holds the database's only lock meanwhile. Here a whole
transaction is one turn, and so is a query with its rows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Executable, Result
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]


class OneThread:
    """Runs work on connections of ``engine`` in threads of its own, ``threads`` at most.

    After it was closed it begins anew with the next work, as an engine does.
    """

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._most = threads
        self._threads: ThreadPoolExecutor | None = None

    async def write(self, work: Work[T]) -> T:
        """Run ``work``, which awaits nothing but its connection, in one transaction and commit it."""
        turn = asyncio.get_running_loop().run_in_executor(self._pool(), self._transaction, work)
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            # It ends one way or the other before anybody goes on.
            await asyncio.wait([turn])
            raise

    def reader(self) -> "Reader":
        """Return a connection to read with; it is to be closed."""
        return Reader(self._engine, self._pool())

    def close(self) -> None:
        """Close all connections."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        self._engine.dispose()

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="sqlite")
        return self._threads

    def _transaction(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            return _finished(work(cast("AsyncConnection", _Direct(connection))))


class _Direct:
    """Stands for a connection where everything is done at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Execute a statement."""
        return self._connection.execute(statement, parameters)


class Reader:
    """Stands for a connection to read with: each query is one turn of a thread, its rows included."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._threads = threads
        self._connection: Connection | None = None

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Execute a query and fetch all its rows."""
        turn = asyncio.get_running_loop().run_in_executor(self._threads, self._fetch, statement, parameters)
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            await asyncio.wait([turn])
            raise

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    def _fetch(self, statement: Executable, parameters: Any) -> Result[Any]:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection.execute(statement, parameters).freeze()()


def _finished(work: Awaitable[T]) -> T:
    """Run to its end what never has to wait."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return cast("T", end.value)
    raise RuntimeError("A transaction waited for something other than its database.")
