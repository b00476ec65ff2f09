"""Rows as the database holds them, byte by byte, and their hashes.

Values are read as bytes, before any type is made of them: a record whose bytes no longer form a number, a time or
UTF-8 must be named by the check, not stop it. Both databases give the same bytes for the same value.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, Table, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import hash_of

Row = dict[str, str | None]

SIGN_IN = "sign-in:"
"""How the names of sessions of the page begin; they may be gone, since they end by themselves."""

_SECOND = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_FRACTION = re.compile(r"(?<=\d\d:\d\d:\d\d)\.000000$")


@cache
def raw(table: Table) -> Select[*tuple[Any, ...]]:
    """Select all columns of a table as bytes."""
    return select(*(cast(column, LargeBinary).label(column.name) for column in table.c))


def as_text(row: Mapping[Any, Any]) -> Row:
    """Turn bytes into text without loss, also where they are not UTF-8."""
    return {
        name: None if value is None else bytes(value).decode("utf-8", "surrogateescape") for name, value in row.items()
    }


def row_hash(row: Row) -> str:
    """Return the hash of a row as :func:`raw` read it; an empty column counts no more than one that is not there.

    So a column added by a later migration leaves the hashes of older rows as they are.
    """
    return hash_of({name: value for name, value in row.items() if value is not None})


def row_hashes(row: Row) -> Iterator[str]:
    """Give the hash of a row and those that it has in a database of another kind, for a restored backup.

    One kind writes a whole second with a fraction of zeros, the other without.
    """
    yield row_hash(row)
    bare = {name: _FRACTION.sub("", value) if value else value for name, value in row.items()}
    full = {name: f"{value}.000000" if value and _SECOND.fullmatch(value) else value for name, value in bare.items()}
    yield row_hash(bare)
    yield row_hash(full)


async def hash_where(connection: AsyncConnection, table: Table, condition: ColumnElement[bool]) -> str | None:
    """Return the hash of the one row that fits, None when there is none."""
    row = (await connection.execute(raw(table).where(condition))).mappings().first()
    return row_hash(as_text(row)) if row else None


def case_key(case_id: str | None) -> str:
    """Name a case in the audit log."""
    return f"case:{case_id}"


def version_key(case_id: str | None, step: str | None, version: object) -> str:
    """Name a version of a step in the audit log."""
    return f"version:{case_id}:{step}:{version}"


def fir_key(number: str | None) -> str:
    """Name a numbered FIR in the audit log."""
    return f"fir:{number}"


def job_key(job_id: str | None) -> str:
    """Name a job with its events in the audit log."""
    return f"job:{job_id}"


def register_key(station: str | None, year: str | None) -> str:
    """Name the register of a year in the findings of a check; its numbers stand in the log with their FIRs."""
    return f"register:{station}:{year}"


def sign_in_key(token_hash: str | None) -> str:
    """Name a session of the page in the audit log."""
    return f"{SIGN_IN}{token_hash}"


def officer_key(name: str | None) -> str:
    """Name an account in the audit log."""
    return f"officer:{name}"


def session_key(session_id: str | None) -> str:
    """Name a session of an earlier installation in the audit log."""
    return f"session:{session_id}"
