"""The database connection: one transaction a step, committed here and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from afirgen.errors import StorageError

_BUSY_MS = 10_000


class Database:
    """An engine for SQLite or MySQL by URL."""

    def __init__(self, url: str) -> None:
        pool: dict[str, Any] = {} if url.startswith("sqlite") else {"pool_pre_ping": True, "pool_recycle": 1800}
        self._engine = create_async_engine(url, **pool)
        if url.startswith("sqlite"):
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose work is committed at the end of the block, or rolled back on an error.

        Raises:
            StorageError: The database refused or could not be reached.
        """
        try:
            async with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as err:
            raise StorageError(
                "The database could not be used. Check that it runs and has space, then try again.", detail=str(err)
            ) from err

    async def ping(self) -> None:
        """Raise :class:`StorageError` unless the database answers."""
        async with self.transaction() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Write-ahead log, every commit on disk, foreign keys enforced, patience with another writer."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
