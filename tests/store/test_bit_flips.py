"""Whichever bit of whichever stored value is flipped, the check sees it."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st

from afirgen.case.audit import Role
from afirgen.store.database import Database
from afirgen.store.officers import OfficerStore
from afirgen.store.old_sessions import OldSessions
from afirgen.store.sign_in import SignIn
from afirgen.store.tables import metadata, sign_in_failures
from tests.store.kit import OFFICER, Station

PASSWORD = "five quiet words in a row"

_TABLES = (
    "cases",
    "step_versions",
    "fir_records",
    "jobs",
    "job_events",
    "register_counters",
    "old_sessions",
    "officers",
    "page_sessions",
    "audit_log",
    "audit_head",
)
# Numbers that only say in which order rows were written, under which nothing is known anywhere.
_UNNAMED = ("id",)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    folder = tmp_path_factory.mktemp("flips")
    made = Station(f"sqlite+aiosqlite:///{folder / 'a.db'}", folder)

    async def fill() -> None:
        await made.fill()
        await OfficerStore(made.database).add("Asha Rao", Role.RECORDING_OFFICER, PASSWORD, OFFICER)
        await SignIn(made.database).with_password("Asha Rao", PASSWORD, "10.0.0.7")
        await OldSessions(made.database).take_over(_sessions(folder / "sessions.db"), OFFICER)
        await made.change()
        await made.database.close()

    asyncio.run(fill())
    return made


def test_no_table_is_left_out_but_the_counts_of_wrong_passwords() -> None:
    assert set(metadata.tables) - set(_TABLES) == {sign_in_failures.name}


@given(place=st.integers(0, 100_000), bit=st.integers(0, 7))
@example(place=0, bit=7)  # the name of a case is no UTF-8 any more
@settings(max_examples=200, deadline=None)
def test_any_flipped_bit_is_found(station: Station, place: int, bit: int) -> None:
    with sqlite3.connect(station.url.removeprefix("sqlite+aiosqlite:///")) as file:
        cells = _cells(file)
        table, column, row, value = cells[place % len(cells)]
        flipped = bytearray(value)
        flipped[place % len(value)] ^= 1 << bit
        try:
            _store(file, table, column, row, bytes(flipped))
        except sqlite3.IntegrityError:
            # The database itself does not take it, such as a number that another row has.
            reject()
        # "1. " is the number 1.0 too.
        assume((table, column, row, value) not in _cells(file))
        try:
            assert _faults(station), (table, column, value, flipped)
        finally:
            _store(file, table, column, row, value)
        assert not _faults(station)
    file.close()


def _sessions(path: Path) -> Path:
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE sessions (session_id, state, status, created_at, last_activity, validation_history)")
        old.execute("INSERT INTO sessions VALUES ('s-1', '{}', 'completed', '2024-05-01', '2024-05-02', '[]')")
    old.close()
    return path


def _cells(file: sqlite3.Connection) -> list[tuple[str, str, int, bytes]]:
    """Return every value that is stored, with its place."""
    found = []
    for table in _TABLES:
        for _, column, kind, *_ in file.execute(f"PRAGMA table_info({table})").fetchall():
            if not (column in _UNNAMED and "INT" in kind):
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
