"""Whichever bit of whichever stored value is flipped, the check sees it."""

import asyncio
import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afirgen.store.database import Database
from tests.store.kit import Station

_TABLES = ("cases", "step_versions", "fir_records", "audit_log", "audit_head")


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    folder = tmp_path_factory.mktemp("flips")
    made = Station(f"sqlite+aiosqlite:///{folder / 'a.db'}", folder)

    async def fill() -> None:
        await made.fill()
        await made.change()
        await made.database.close()

    asyncio.run(fill())
    return made


@given(place=st.integers(0, 100_000), bit=st.integers(0, 7))
@example(place=0, bit=7)  # the name of a case is no UTF-8 any more
@settings(max_examples=200, deadline=None)
def test_any_flipped_bit_is_found(station: Station, place: int, bit: int) -> None:
    with sqlite3.connect(station.url.removeprefix("sqlite+aiosqlite:///")) as file:
        cells = _cells(file)
        table, column, row, value = cells[place % len(cells)]
        flipped = bytearray(value)
        flipped[place % len(value)] ^= 1 << bit
        _store(file, table, column, row, bytes(flipped))
        try:
            assert _faults(station), (table, column, value, flipped)
        finally:
            _store(file, table, column, row, value)
        assert not _faults(station)
    file.close()


def _cells(file: sqlite3.Connection) -> list[tuple[str, str, int, bytes]]:
    """Return every text that is stored, with its place."""
    found = []
    for table in _TABLES:
        for _, column, kind, *_ in file.execute(f"PRAGMA table_info({table})").fetchall():
            if "INT" not in kind:
                query = f"SELECT rowid, CAST({column} AS BLOB) FROM {table}"  # noqa: S608 - names of our own
                found += [(table, column, row, value) for row, value in file.execute(query) if value]
    return found


def _store(file: sqlite3.Connection, table: str, column: str, row: int, value: bytes) -> None:
    statement = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE rowid = ?"  # noqa: S608 - the same
    file.execute(statement, (value, row))
    file.commit()


def _faults(station: Station) -> list[str]:
    async def look() -> list[str]:
        station.database = Database(station.url)
        try:
            return await station.faults()
        finally:
            await station.database.close()

    return asyncio.run(look())
