"""The database connection: one transaction a step, committed here and nowhere else."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Executable, QueuePool, Result, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from afirgen.errors import StorageError
from afirgen.settings import Settings
from afirgen.store.group_commit import Attempt, GroupCommit, Work, run_all
from afirgen.store.one_thread import OneThread
from afirgen.telemetry.metrics import DATABASE_FAILURES, DATABASE_SECONDS
from afirgen.telemetry.traces import span

T = TypeVar("T")
_BUSY_MS = 10_000
# Seconds between attempts of a transaction that lost against another; the last attempt has nothing after it.
_WAITS_S = (0.02, 0.05, 0.1, 0.2, 0.4)
# MySQL: lock wait timeout, deadlock, record changed since the snapshot.
_LOST_A_RACE = frozenset({1205, 1213, 1020})
# MySQL: a query is a transaction of its own, so that nothing is left to be ended when a connection is given back.
_READING = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}


class PoolOptions(Struct, frozen=True, kw_only=True):
    """How many connections are kept at most, and how many seconds to wait for one and for a server's answer."""

    size: int = 10
    timeout_s: int = 10
    answer_s: int = 60


class Database:
    """SQLite or MySQL by URL: one connection writes, as many as the pool allows read."""

    def __init__(self, url: str, pool: PoolOptions | None = None) -> None:
        pool = pool or PoolOptions()
        self._sqlite = url.startswith("sqlite")
        self._reading = _engine(url, pool, pool.size, **({} if self._sqlite else _READING))
        # Writers would wait for each other at the end of the audit log anyway.
        self._writing = self._reading if self._sqlite else _engine(url, pool, 1)
        self._direct: OneThread | None = None
        if self._sqlite:
            event.listen(self._reading.sync_engine, "connect", _prepare_sqlite)
            self._direct = _direct(url, pool)
        self._group = GroupCommit(self._transaction)

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and commit it; what lost against another transaction is run again.

        Others that wait at the same moment may be in the same transaction. ``work`` may be called more than once and so
        changes nothing but the database.

        Raises:
            StorageError: The database refused or could not be reached.
        """
        with _noted("write"):
            return await self._group.write(work)

    async def _transaction(self, works: Sequence[Work[Any]]) -> Attempt:
        """Run writes in one transaction, again where it lost a race or its connection."""
        waits = iter(_WAITS_S)
        lost_connection = False
        while True:
            attempt = Attempt()
            try:
                attempt.results = await self._commit(works, attempt)
            except DBAPIError as err:
                # A connection lost while committing leaves open whether the work is kept: that is not repeated.
                lost = err.connection_invalidated and not attempt.worked
                again = lost_a_race(err) or (lost and not lost_connection)
                lost_connection = lost_connection or lost
                wait_s = next(waits, None) if again else None
                if wait_s is None:
                    attempt.error = _storage_error(err)
                    return attempt
            except SQLAlchemyError as err:
                attempt.error = _storage_error(err)
                return attempt
            except Exception as err:  # noqa: BLE001 - it is the caller's own, who gets it
                attempt.error = err
                return attempt
            else:
                return attempt
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    async def _commit(self, works: Sequence[Work[Any]], attempt: Attempt) -> list[Any]:
        if self._direct:
            return await self._direct.write(works, attempt)
        async with self._writing.begin() as connection:
            results = await run_all(works, connection)
            attempt.worked = True
        return results

    async def fetch(self, query: Executable) -> Result[Any]:
        """Return what a query finds, all of it in memory.

        Raises:
            StorageError: The database refused or could not be reached.
        """
        (found,) = await self.fetch_all(query)
        return found

    async def fetch_all(self, *queries: Executable) -> list[Result[Any]]:
        """Return what queries find that are asked together, without giving the connection back in between.

        Raises:
            StorageError: The database refused or could not be reached.
        """
        with _noted("read"):
            try:
                if self._direct:
                    return await self._direct.fetch(queries)
                try:
                    return await self._fetch(queries)
                except DBAPIError as err:
                    if not err.connection_invalidated:
                        raise
                    # It was lost while nobody used it, as after a restart of the server; reading twice does no harm.
                    return await self._fetch(queries)
            except SQLAlchemyError as err:
                raise _storage_error(err) from err

    async def _fetch(self, queries: Sequence[Executable]) -> list[Result[Any]]:
        async with self._reading.connect() as connection:
            return [await connection.execute(query) for query in queries]

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one moment of the database, whatever is written meanwhile.

        Raises:
            StorageError: The database refused or could not be reached.
        """
        try:
            async with self._reading.connect() as connection:
                if self._sqlite:
                    # The driver begins a transaction only before it writes.
                    await connection.execute(text("BEGIN"))
                else:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                    await connection.execute(text("START TRANSACTION WITH CONSISTENT SNAPSHOT"))
                yield connection
                await connection.rollback()
        except SQLAlchemyError as err:
            raise _storage_error(err) from err

    async def ping(self) -> None:
        """Raise :class:`StorageError` unless the database answers."""
        await self.fetch(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections, after what is being written."""
        await self._group.rest()
        if self._direct:
            await asyncio.to_thread(self._direct.close)
        await self._writing.dispose()
        await self._reading.dispose()


def open_database(settings: Settings) -> Database:
    """Return the database that an installation has chosen."""
    pool = PoolOptions(
        size=settings.database_pool, timeout_s=settings.database_timeout_s, answer_s=settings.database_answer_s
    )
    return Database(settings.sqlalchemy_url, pool)


def _engine(url: str, pool: PoolOptions, size: int, **options: Any) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=pool.timeout_s,
        # What is stored is personal; it must not reach a log through an error's text.
        hide_parameters=True,
        **({} if url.startswith("sqlite") else mysql_options(pool.timeout_s, pool.answer_s) | options),
    )


def _direct(url: str, pool: PoolOptions) -> OneThread:
    engine = create_engine(
        make_url(url).set(drivername="sqlite+pysqlite"),
        poolclass=QueuePool,
        pool_size=pool.size,
        max_overflow=0,
        pool_timeout=pool.timeout_s,
        hide_parameters=True,
        # Transactions are begun and ended by those who use it.
        connect_args={"check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return OneThread(engine, pool.size)


def mysql_options(timeout_s: int, answer_s: int | None) -> dict[str, Any]:
    """Return how the program talks to MySQL: all scripts, UTC; a lost connection is noticed by those who use it."""
    return {
        "pool_recycle": 1800,
        # Writers wait for each other by row locks; the gaps that the stricter level locks only make deadlocks.
        "isolation_level": "READ COMMITTED",
        "connect_args": {
            "charset": "utf8mb4",
            "connect_timeout": timeout_s,
            "read_timeout": answer_s,
            "init_command": "SET time_zone = '+00:00'",
        },
    }


@contextmanager
def _noted(kind: str) -> Iterator[None]:
    """Measure a transaction; what its caller raises for reasons of its own is no failure of the database."""
    with DATABASE_SECONDS.timed(kind), span(f"database {kind}"):
        try:
            yield
        except (SQLAlchemyError, StorageError):
            DATABASE_FAILURES.add(kind)
            raise


def lost_a_race(err: DBAPIError) -> bool:
    """Tell whether a transaction was undone only because of another one."""
    reason: object = next(iter(getattr(err.orig, "args", ())), None)
    return reason in _LOST_A_RACE or "database is locked" in str(reason)


def _storage_error(err: SQLAlchemyError) -> StorageError:
    return StorageError(
        "The database could not be used. Check that it runs and has space, then try again.", detail=str(err)
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Write-ahead log, every commit on disk, foreign keys enforced, patience with another writer."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
