"""SQLite without a change of threads at every statement.

The usual driver sends each statement, and each fetch, to a thread and back. While the event loop is busy every one of
these turns waits its time, and a transaction that writes holds the database's only lock meanwhile. Here a whole
transaction is one turn, and so are queries with their rows.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Executable, Result

from afirgen.store.group_commit import Attempt, Work, never_waiting, run_all

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class OneThread:
    """Runs work on connections of ``engine`` in threads of its own, ``threads`` at most.

    After it was closed it begins anew with the next work, as an engine does.
    """

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._most = threads
        self._threads: ThreadPoolExecutor | None = None

    async def write(self, works: Sequence[Work[Any]], attempt: Attempt) -> list[Any]:
        """Run ``works``, which await nothing but their connection, in one transaction and commit it."""
        return await self._turn(lambda: self._transaction(works, attempt))

    async def fetch(self, queries: Sequence[Executable]) -> list[Result[Any]]:
        """Run queries as of one moment and fetch all their rows."""
        return await self._turn(lambda: self._fetch(queries))

    def close(self) -> None:
        """Close all connections."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        self._engine.dispose()

    async def _turn(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="sqlite")
        turn = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            # It ends one way or the other before anybody goes on.
            await asyncio.wait([turn])
            raise

    def _transaction(self, works: Sequence[Work[Any]], attempt: Attempt) -> list[Any]:
        with self._engine.connect() as connection:
            # Whoever would write after reading could find that another program has written in between.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            results = never_waiting(run_all(works, cast("AsyncConnection", _Direct(connection))))
            attempt.worked = True
            connection.commit()
            return results

    def _fetch(self, queries: Sequence[Executable]) -> list[Result[Any]]:
        with self._engine.connect() as connection:
            if len(queries) > 1:
                connection.exec_driver_sql("BEGIN")
            return [connection.execute(query).freeze()() for query in queries]


class _Direct:
    """Stands for a connection where everything is done at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Execute a statement."""
        return self._connection.execute(statement, parameters)
