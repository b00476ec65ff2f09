"""Checks the chain, and every stored record against the newest hash that the chain holds of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import GENESIS, Action, hash_of
from afirgen.store.database import Database
from afirgen.store.originals import Originals
from afirgen.store.raw import Row, as_text, case_key, fir_key, officer_key, raw, row_hashes, session_key, version_key
from afirgen.store.tables import audit_head, audit_log, cases, fir_records, officers, old_sessions, step_versions

_PART = 500


class Fault(Struct, frozen=True):
    """A record that is not as it was written, and what is wrong with it, as a sentence."""

    record: str
    sentence: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What a check found. ``head`` is the hash at the end of the chain."""

    entries: int
    records: int
    originals: int
    head: str
    faults: tuple[Fault, ...]


_RECORDS: tuple[tuple[Table, Callable[[Row], str]], ...] = (
    (cases, lambda row: case_key(row.get("id"))),
    (step_versions, lambda row: version_key(row.get("case_id"), row.get("step"), row.get("version"))),
    (fir_records, lambda row: fir_key(row.get("fir_number"))),
    (officers, lambda row: officer_key(row.get("name"))),
    (old_sessions, lambda row: session_key(row.get("session_id"))),
)


async def verify(database: Database, originals: Originals) -> Verdict:
    """Check everything at one moment of the database; what is written meanwhile does not count.

    Raises:
        StorageError: The database could not be read.
    """
    async with database.snapshot() as connection:
        return await verify_within(connection, originals)


async def verify_within(connection: AsyncConnection, originals: Originals) -> Verdict:
    """Check everything as a connection's transaction sees it.

    Raises:
        StorageError: An original could not be fetched.
    """
    chain = await _walk(connection)
    faults = list(chain.faults)
    records = 0
    hashes: dict[str, None] = {}
    for table, name in _RECORDS:
        async for row in _rows(connection, table):
            records += 1
            faults += _compare(name(row), row_hashes(row), chain.expected)
            if table is cases and (original := row.get("original")):
                hashes[original] = None
    faults += [Fault(key, f"The record {key} is gone.") for key in chain.expected]
    kept = tuple(sha256 for sha256 in hashes if sha256 not in chain.released or originals.is_here(sha256))
    faults += await asyncio.to_thread(_check_originals, originals, kept)
    return Verdict(entries=chain.length, records=records, originals=len(hashes), head=chain.head, faults=tuple(faults))


class _Chain:
    """What is known after walking the chain: the newest hash of each record, and what is wrong with the entries."""

    def __init__(self) -> None:
        self.length = 0
        self.head = GENESIS
        self.expected: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.released: set[str] = set()

    def add(self, row: Row) -> None:
        """Take the next entry."""
        self.length += 1
        name = f"audit:{row.get('seq')}"
        unhashed: dict[str, Any] = {column.name: row.get(column.name) for column in audit_log.c}
        own = unhashed.pop("hash") or ""
        unhashed["seq"] = int(row.get("seq") or 0)
        if unhashed["seq"] != self.length:
            self.faults.append(Fault(name, f"Entries are missing before entry {row.get('seq')} of the audit log."))
            self.length = unhashed["seq"]
        if unhashed["previous"] != self.head:
            self.faults.append(Fault(name, f"Entry {row.get('seq')} of the audit log does not follow the one before."))
        if hash_of(unhashed) != own:
            self.faults.append(Fault(name, f"Entry {row.get('seq')} of the audit log was changed."))
        self.head = own
        payload = _payload(row.get("payload") or "")
        records = payload.get("records")
        self.expected |= {key: str(value) for key, value in records.items()} if isinstance(records, dict) else {}
        self._follow(row.get("action"), payload)

    def _follow(self, action: str | None, payload: dict[str, Any]) -> None:
        """Keep account of the originals that the program itself has removed, and of those that came again."""
        source = payload.get("source")
        if action == Action.ORIGINAL_REMOVED.value:
            self.released.add(str(payload.get("sha256")))
        elif action == Action.CASE_ACCEPTED.value and isinstance(source, dict):
            self.released.discard(str(source.get("sha256")))

    def end(self, head: Row) -> None:
        """Compare with where the chain is said to end."""
        if head.get("seq") != str(self.length) or head.get("hash") != self.head:
            self.faults.append(Fault("audit:head", "The end of the audit log is missing or was changed."))


async def _walk(connection: AsyncConnection) -> _Chain:
    chain = _Chain()
    async for row in _rows(connection, audit_log):
        chain.add(row)
    head = (await connection.execute(raw(audit_head))).mappings().first()
    chain.end(as_text(head) if head else {})
    return chain


def _payload(text: str) -> dict[str, Any]:
    """Return what an entry says; a payload that was made unreadable is named by its hash already."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _compare(key: str, found: Iterator[str], expected: dict[str, str]) -> list[Fault]:
    """Compare a record with the chain, and take it off the list of those to be found."""
    wanted = expected.pop(key, None)
    if wanted is None:
        return [Fault(key, f"The record {key} is not in the audit log: it was added or renamed from outside.")]
    return [] if wanted in found else [Fault(key, f"The record {key} was changed after it was written.")]


def _check_originals(originals: Originals, hashes: tuple[str, ...]) -> list[Fault]:
    return [fault for sha256 in hashes for fault in _check_original(originals.path(sha256), sha256)]


def _check_original(path: Path, sha256: str) -> list[Fault]:
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError:
        return [Fault(f"original:{sha256}", f"The original {sha256} is gone or cannot be read.")]
    return [] if found == sha256 else [Fault(f"original:{sha256}", f"The original {sha256} was changed.")]


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[Row]:
    """Give the rows of a table in the order of its key, a part at a time; only bytes are read, of the key too."""
    (key,) = table.primary_key.columns
    async with connection.stream(raw(table).order_by(key).execution_options(yield_per=_PART)) as found:
        async for row in found.mappings():
            yield as_text(row)
