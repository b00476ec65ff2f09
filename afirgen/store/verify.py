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
from afirgen.store.job_seal import NO_EVENTS, Folded, fold, job_hashes
from afirgen.store.originals import Originals
from afirgen.store.raw import (
    SIGN_IN,
    Row,
    as_text,
    case_key,
    fir_key,
    job_key,
    officer_key,
    raw,
    register_key,
    row_hashes,
    session_key,
    sign_in_key,
    version_key,
)
from afirgen.store.tables import (
    audit_head,
    audit_log,
    cases,
    fir_records,
    job_events,
    jobs,
    officers,
    old_sessions,
    page_sessions,
    register_counters,
    step_versions,
)

_PART = 500
_REGISTER = "The register {year} of the station “{station}” has a gap, or its last number was changed."


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
    (page_sessions, lambda row: sign_in_key(row.get("token_hash"))),
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
    register = Register()
    for table, name in _RECORDS:
        async for row in _rows(connection, table):
            records += 1
            faults += _compare(name(row), row_hashes(row), chain.expected)
            if table is cases and (original := row.get("original")):
                hashes[original] = None
            if table is fir_records:
                register.add(row)
    async for key, job in _jobs(connection):
        records += 1
        faults += _compare(key, job, chain.expected)
    async for row in _rows(connection, register_counters):
        records += 1
        faults += register.compare(row)
    faults += register.end()
    faults += [Fault(key, f"The record {key} is gone.") for key in chain.expected if not key.startswith(SIGN_IN)]
    kept = tuple(sha256 for sha256 in hashes if sha256 not in chain.released or originals.is_here(sha256))
    faults += await asyncio.to_thread(_check_originals, originals, kept)
    named = tuple(Fault(_printable(fault.record), _printable(fault.sentence)) for fault in faults)
    return Verdict(entries=chain.length, records=records, originals=len(hashes), head=chain.head, faults=named)


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
        unhashed["seq"] = number = _whole(row.get("seq"))
        if number != self.length:
            self.faults.append(Fault(name, f"Entries are missing before entry {row.get('seq')} of the audit log."))
            self.length = number if number is not None else self.length
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


class Register:
    """The registers as the FIRs have them: each year's numbers of a station, from 1 without a gap."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str | None, str | None], set[str | None]] = {}

    def add(self, fir: Row) -> None:
        """Take the next FIR; its own entry is compared with the log as a part of it."""
        if fir.get("register_number") is not None:
            place = fir.get("register_station"), fir.get("register_year")
            self._numbers.setdefault(place, set()).add(fir.get("register_number"))

    def compare(self, counter: Row) -> list[Fault]:
        """Compare the last number that was given in a register with those that FIRs have."""
        station, year, last = counter.get("station"), counter.get("year"), _whole(counter.get("last"))
        numbers = self._numbers.pop((station, year), set())
        if last is not None and numbers == {str(number) for number in range(1, last + 1)}:
            return []
        return [Fault(register_key(station, year), _REGISTER.format(station=station, year=year))]

    def end(self) -> list[Fault]:
        """Name the registers that have FIRs and no last number."""
        return [
            Fault(register_key(station, year), _REGISTER.format(station=station, year=year))
            for station, year in self._numbers
        ]


async def _jobs(connection: AsyncConnection) -> AsyncIterator[tuple[str, Iterator[str]]]:
    """Give the name of every job with its hashes, its events included, then of those that have only events."""
    events: dict[str | None, Folded] = {}
    async for row in _rows(connection, job_events):
        events[row.get("job_id")] = fold(events.get(row.get("job_id"), NO_EVENTS), row)
    async for row in _rows(connection, jobs):
        yield job_key(row.get("id")), job_hashes(row, events.pop(row.get("id"), NO_EVENTS))
    for job in events:
        yield f"{job_key(job)}:events", iter(())


async def _walk(connection: AsyncConnection) -> _Chain:
    chain = _Chain()
    async for row in _rows(connection, audit_log):
        chain.add(row)
    head = (await connection.execute(raw(audit_head))).mappings().first()
    chain.end(as_text(head) if head else {})
    return chain


def _whole(text: str | None) -> int | None:
    """Return a whole number, None for what is none any more."""
    return int(text) if text and text.isascii() and text.isdigit() else None


def _printable(text: str) -> str:
    """Return a name that can be told also where its bytes are no text any more."""
    return text.encode("utf-8", "backslashreplace").decode()


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
    query = raw(table).order_by(*table.primary_key.columns).execution_options(yield_per=_PART)
    async with connection.stream(query) as found:
        async for row in found.mappings():
            yield as_text(row)
