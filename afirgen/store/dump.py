"""All records as rows that either database takes, at one moment, and back into an empty database."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import DateTime, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.errors import InvalidInputError
from afirgen.store.database import Database
from afirgen.store.tables import UtcTime, audit_head, metadata, page_sessions, sign_in_failures

Record = dict[str, Any]

# What lasts for an evening is not worth keeping.
_PASSING = frozenset({page_sessions.name, sign_in_failures.name})
# Rows that a new database has from its migrations; the kept ones take their place.
_SEEDED = frozenset({audit_head.name})
_PART = 500


def kept_tables() -> tuple[Table, ...]:
    """Return the tables whose rows are kept, those that others point to first."""
    return tuple(t for t in metadata.sorted_tables if t.name not in _PASSING)


async def read_rows(connection: AsyncConnection, table: Table) -> AsyncIterator[Record]:
    """Give the rows of a table in the order of its key, with times as text."""
    result = await connection.stream(select(table).order_by(*table.primary_key.columns))
    async for row in result.mappings():
        yield {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


async def require_empty(database: Database, tables: Collection[str]) -> None:
    """Raise :class:`InvalidInputError` when one of ``tables`` holds records."""
    for table in kept_tables():
        if table.name in _SEEDED or table.name not in tables:
            continue
        if (await database.fetch(select(func.count()).select_from(table))).scalar_one():
            raise InvalidInputError(
                "The database is not empty. Restore into a new one: set AFIRGEN_DATABASE_URL or "
                "AFIRGEN_DATA_DIR to it, or move the present one aside with --replace."
            )


async def write_rows(database: Database, rows: Mapping[str, Iterable[Record]]) -> None:
    """Put rows by table into an empty database, all or none.

    Raises:
        StorageError: The database refused.
    """

    async def work(connection: AsyncConnection) -> None:
        for table in kept_tables():
            if table.name not in rows:
                continue
            if table.name in _SEEDED:
                await connection.execute(delete(table))
            typed = (_typed(table, row) for row in rows[table.name])
            while part := list(islice(typed, _PART)):
                await connection.execute(insert(table), part)

    await database.write(work)


def _typed(table: Table, row: Record) -> Record:
    """Give times back their type."""
    return dict(_values(table, row))


def _values(table: Table, row: Record) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        is_time = value is not None and isinstance(table.c[name].type, UtcTime | DateTime)
        yield name, datetime.fromisoformat(value) if is_time else value
