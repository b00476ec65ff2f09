"""Numbered FIRs, in the table of earlier installations."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Event
from afirgen.case.fir import RegisterEntry
from afirgen.case.session import FirStatus
from afirgen.errors import NotFoundError, StepConflictError
from afirgen.store.audit import append
from afirgen.store.database import Database
from afirgen.store.raw import fir_key, hash_where
from afirgen.store.register import next_number
from afirgen.store.tables import fir_records

_LONGEST_CASE_ID = 36
# Of no use in a list, and the most of a row.
_LONG = frozenset({fir_records.c.complaint_text, fir_records.c.fir_content, fir_records.c.violations_json})
_FIRS, _FIRS_LISTED = select(fir_records), select(*(column for column in fir_records.c if column not in _LONG))


class FirRecord(Struct, frozen=True, kw_only=True):
    """A numbered FIR. Times are UTC; one finalized in an earlier installation has no place in a register."""

    fir_number: str
    status: FirStatus
    created_at: datetime | None
    finalized_at: datetime | None = None
    session_id: str | None = None
    content: str | None = None
    register: RegisterEntry | None = None


class FirText(Struct, frozen=True, kw_only=True):
    """What the FIR table holds of a composed form; ``violations`` is JSON."""

    number: str
    complaint: str
    content: str
    violations: str


class FirStore:
    """Reads and finalizes numbered FIRs; ``station`` is whose register they are entered in."""

    def __init__(self, database: Database, station: str | None = None) -> None:
        self._database = database
        self._station = station or ""

    async def get(self, number: str) -> FirRecord:
        """Return an FIR; raise :class:`NotFoundError` when there is none."""
        query = _FIRS.where(fir_records.c.fir_number == number)
        row = (await self._database.fetch(query)).mappings().first()
        if row is None:
            raise NotFoundError("There is no FIR with this number. Check the number.")
        return _record(row)

    async def page(self, *, limit: int, offset: int) -> tuple[FirRecord, ...]:
        """Return FIRs without their contents, newest first."""
        newest_first = fir_records.c.created_at.desc(), fir_records.c.id.desc()
        # The index alone tells which ones they are; the rows that are left out hold whole forms.
        chosen = select(fir_records.c.id).order_by(*newest_first).limit(limit).offset(offset).subquery()
        query = _FIRS_LISTED.join(chosen, chosen.c.id == fir_records.c.id).order_by(*newest_first)
        return tuple(_record(row) for row in (await self._database.fetch(query)).mappings())

    async def finalized(self, numbers: Sequence[str]) -> dict[str, RegisterEntry | None]:
        """Return which of the numbers are finalized, each with its place in the register if it has one."""
        columns = (fir_records.c.fir_number, fir_records.c.register_number, fir_records.c.register_year)
        query = select(*columns).where(
            fir_records.c.fir_number.in_(numbers), fir_records.c.status == FirStatus.FINALIZED.value
        )
        return {row["fir_number"]: _entry(row) for row in (await self._database.fetch(query)).mappings()}

    async def counts(self) -> dict[str, int]:
        """Return how many FIRs there are of each status."""
        query = select(fir_records.c.status, func.count().label("number")).group_by(fir_records.c.status)
        found = await self._database.fetch(query)
        return {row.status or FirStatus.PENDING.value: row.number for row in found}

    async def finalize(self, number: str, event: Event) -> RegisterEntry:
        """Mark an FIR as finalized and enter it in the station's register under the next number of the year; return it.

        Raises:
            NotFoundError: There is no such FIR.
            StepConflictError: It is finalized already.
        """
        record = await self.get(number)
        now = datetime.now(UTC).replace(microsecond=0)
        chosen = fir_records.c.fir_number == number

        async def work(connection: AsyncConnection) -> RegisterEntry | None:
            pending = update(fir_records).where(chosen, fir_records.c.status == FirStatus.PENDING.value)
            changed = await connection.execute(
                pending.values(status=FirStatus.FINALIZED.value, finalized_at=now.replace(tzinfo=None))
            )
            if changed.rowcount == 0:
                return None
            entry = await next_number(connection, self._station, now)
            place = {"station": self._station, "year": entry.year, "number": entry.number}
            columns = {f"register_{name}": value for name, value in place.items()}
            await connection.execute(update(fir_records).where(chosen).values(columns))
            records = {fir_key(number): await hash_where(connection, fir_records, chosen) or ""}
            details = {**event.details, "fir_number": number, "register": str(entry)}
            numbered = msgspec.structs.replace(event, details=details)
            await append(connection, numbered, case_id=case_of(record.session_id), records=records)
            return entry

        entered = await self._database.write(work)
        if entered is None:
            raise StepConflictError("This FIR is already finalized.")
        return entered


async def write_fir(connection: AsyncConnection, fir: FirText, case_id: str) -> str:
    """Write an FIR's newest content under its number and return the row's hash; a finalized one is not touched."""
    # The old column holds 64 KiB; the whole statement is kept with the case.
    values = {
        "complaint_text": fir.complaint.encode()[:65_000].decode(errors="ignore"),
        "fir_content": fir.content,
        "violations_json": fir.violations,
    }
    chosen = fir_records.c.fir_number == fir.number
    pending = fir_records.c.status == FirStatus.PENDING.value
    changed = await connection.execute(update(fir_records).where(chosen, pending).values(values))
    exists = await connection.execute(select(fir_records.c.id).where(chosen))
    if changed.rowcount == 0 and exists.first() is None:
        await connection.execute(
            insert(fir_records).values(
                fir_number=fir.number,
                session_id=case_id,
                status=FirStatus.PENDING.value,
                created_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
                **values,
            )
        )
    return await hash_where(connection, fir_records, chosen) or ""


def case_of(session_id: str | None) -> str | None:
    """Return the case that an FIR belongs to; sessions of earlier installations may have had longer names."""
    return session_id if session_id and len(session_id) <= _LONGEST_CASE_ID else None


def new_fir_number(now: datetime) -> str:
    """Return a number of the form ``FIR-1a2b3c4d-20250307143000``: random, then the UTC time."""
    return f"FIR-{secrets.token_hex(4)}-{now.astimezone(UTC):%Y%m%d%H%M%S}"


def _record(row: RowMapping) -> FirRecord:
    return FirRecord(
        fir_number=row["fir_number"],
        status=FirStatus(row["status"] or "pending"),
        created_at=_aware(row["created_at"]),
        finalized_at=_aware(row["finalized_at"]),
        session_id=row["session_id"],
        content=row.get("fir_content"),
        register=_entry(row),
    )


def _entry(row: RowMapping) -> RegisterEntry | None:
    number = row["register_number"]
    return None if number is None else RegisterEntry(number=number, year=row["register_year"])


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
