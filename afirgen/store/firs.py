"""Numbered FIRs, in the table of earlier installations."""

import secrets
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import insert, select, update

from afirgen.case.session import FirStatus
from afirgen.errors import NotFoundError, StepConflictError
from afirgen.store.database import Database
from afirgen.store.tables import fir_records


class FirRecord(Struct, frozen=True, kw_only=True):
    """A numbered FIR. Times are UTC."""

    fir_number: str
    status: FirStatus
    created_at: datetime | None
    finalized_at: datetime | None = None
    session_id: str | None = None
    content: str | None = None


class FirStore:
    """Reads and writes numbered FIRs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, number: str, *, session_id: str, complaint: str, content: str, violations: str) -> None:
        """Write an FIR's newest content under its number; a finalized one is not touched."""
        # The old column holds 64 KiB; the whole statement is kept with the case.
        values = {
            "complaint_text": complaint.encode()[:65_000].decode(errors="ignore"),
            "fir_content": content,
            "violations_json": violations,
        }
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                update(fir_records)
                .where(fir_records.c.fir_number == number, fir_records.c.status == FirStatus.PENDING.value)
                .values(values)
            )
            exists = await connection.execute(select(fir_records.c.id).where(fir_records.c.fir_number == number))
            if changed.rowcount == 0 and exists.first() is None:
                await connection.execute(
                    insert(fir_records).values(
                        fir_number=number,
                        session_id=session_id,
                        status=FirStatus.PENDING.value,
                        created_at=datetime.now(UTC).replace(tzinfo=None),
                        **values,
                    )
                )

    async def get(self, number: str) -> FirRecord:
        """Return an FIR; raise :class:`NotFoundError` when there is none."""
        query = select(fir_records).where(fir_records.c.fir_number == number)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise NotFoundError("There is no FIR with this number. Check the number.")
        return _record(dict(row))

    async def page(self, *, limit: int, offset: int) -> tuple[FirRecord, ...]:
        """Return FIRs, newest first."""
        query = select(fir_records).order_by(fir_records.c.id.desc()).limit(limit).offset(offset)
        async with self._database.transaction() as connection:
            return tuple(_record(dict(row)) for row in (await connection.execute(query)).mappings())

    async def finalize(self, number: str) -> None:
        """Mark an FIR as finalized; raise :class:`StepConflictError` when it already is."""
        record = await self.get(number)
        if record.status is FirStatus.FINALIZED:
            raise StepConflictError("This FIR is already finalized.")
        async with self._database.transaction() as connection:
            await connection.execute(
                update(fir_records)
                .where(fir_records.c.fir_number == number)
                .values(status=FirStatus.FINALIZED.value, finalized_at=datetime.now(UTC).replace(tzinfo=None))
            )


def new_fir_number(now: datetime) -> str:
    """Return a number of the form ``FIR-1a2b3c4d-20250307143000``: random, then the UTC time."""
    return f"FIR-{secrets.token_hex(4)}-{now.astimezone(UTC):%Y%m%d%H%M%S}"


def _record(row: dict[str, Any]) -> FirRecord:
    return FirRecord(
        fir_number=row["fir_number"],
        status=FirStatus(row["status"] or "pending"),
        created_at=_aware(row["created_at"]),
        finalized_at=_aware(row["finalized_at"]),
        session_id=row["session_id"],
        content=row["fir_content"],
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
