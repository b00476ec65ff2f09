"""What may be let go of: run-out sign-ins, cases that waited too long, originals of ended cases; and holds."""

from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Select, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import MACHINE, Action, Actor, Event
from afirgen.case.session import FirStatus, SessionStatus
from afirgen.errors import NotFoundError, StepConflictError
from afirgen.store.audit import append
from afirgen.store.database import Database
from afirgen.store.raw import case_key, hash_where
from afirgen.store.sign_in import LOCKED
from afirgen.store.tables import audit_log, cases, fir_records, page_sessions, sign_in_failures


class _StillNeededError(Exception):
    """An original came to be needed while its removal was being written down."""


class Removable(Struct, frozen=True):
    """An original that may go, and the cases that it belongs to; ``on_record`` when the log has its removal already."""

    sha256: str
    case_ids: tuple[str, ...]
    on_record: bool


class RetentionStore:
    """Finds what is over, and ends or releases it; a case on hold is never touched."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def idle(self, before: datetime) -> tuple[str, ...]:
        """Return the ids of cases that have waited for a decision since before a moment."""
        return tuple((await self._database.fetch(select(cases.c.id).where(_idle(before)))).scalars())

    async def expire(self, case_id: str, before: datetime) -> bool:
        """End a case that has waited since before a moment; return whether it had, and was not on hold."""
        now = datetime.now(UTC)
        values = {"status": SessionStatus.EXPIRED.value, "last_activity": now}

        async def work(connection: AsyncConnection) -> bool:
            last = (await connection.execute(select(cases.c.last_activity).where(cases.c.id == case_id))).scalar()
            changed = await connection.execute(update(cases).where(cases.c.id == case_id, _idle(before)).values(values))
            if changed.rowcount == 0 or last is None:
                return False
            details = {"idle_s": int((now - last).total_seconds())}
            event = Event(actor=MACHINE, action=Action.CASE_EXPIRED, details=details)
            await append(connection, event, case_id=case_id, records=await _hash(connection, case_id))
            return True

        return await self._database.write(work)

    async def end_sign_ins(self) -> int:
        """Forget the sessions of the page that have run out, return how many, and the counts of wrong passwords too."""
        now = datetime.now(UTC)
        over = page_sessions.c.expires_at <= now

        async def work(connection: AsyncConnection) -> int:
            await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at <= now - LOCKED))
            return (await connection.execute(delete(page_sessions).where(over))).rowcount

        return await self._database.write(work)

    async def removable(self, before: datetime) -> tuple[Removable, ...]:
        """Return the originals that no case needs any more.

        A case needs its original until it is over for so long: expired, or its FIR registered, before that moment.
        """
        removed = audit_log.c.action == Action.ORIGINAL_REMOVED.value
        said = exists().where(audit_log.c.case_id == cases.c.id, removed).label("said")
        found: dict[str, Removable] = {}
        for row in await self._database.fetch(_removable(before).add_columns(said)):
            known = found.get(row.original, Removable(row.original, (), on_record=True))
            on_record = known.on_record and bool(row.said)
            found[row.original] = Removable(row.original, (*known.case_ids, row.id), on_record=on_record)
        return tuple(found.values())

    async def release(self, original: Removable, before: datetime, by: Actor) -> bool:
        """Put on record that an original is removed, unless it is needed again by now; return whether it is."""

        async def work(connection: AsyncConnection) -> bool:
            for case_id in original.case_ids:
                event = Event(actor=by, action=Action.ORIGINAL_REMOVED, details={"sha256": original.sha256})
                await append(connection, event, case_id=case_id)
            # Whoever takes a case in has to wait for the end of the chain, so this sees everything.
            now = await connection.execute(_removable(before).where(cases.c.original == original.sha256))
            if {row.id for row in now} != set(original.case_ids):
                raise _StillNeededError
            return True

        try:
            return await self._database.write(work)
        except _StillNeededError:
            return False

    async def hold(self, case_id: str, reason: str, by: Actor) -> None:
        """Put a case on hold, or give another reason for its hold; raise :class:`NotFoundError` if there is none."""
        event = Event(actor=by, action=Action.HOLD_SET, details={"reason": reason})
        if not await self._write_hold(case_id, reason, event):
            raise NotFoundError("There is no such session. It may have been mistyped or removed.")

    async def lift(self, case_id: str, by: Actor) -> None:
        """Lift the hold on a case; raise :class:`StepConflictError` where none is."""
        event = Event(actor=by, action=Action.HOLD_LIFTED)
        if not await self._write_hold(case_id, None, event):
            raise StepConflictError("This case is not on hold.")

    async def _write_hold(self, case_id: str, reason: str | None, event: Event) -> bool:
        chosen = cases.c.id == case_id
        if reason is None:
            chosen &= cases.c.hold.is_not(None)

        async def work(connection: AsyncConnection) -> bool:
            # MySQL does not count a row that is written as it was: it is looked for first.
            if (await connection.execute(select(cases.c.id).where(chosen).with_for_update())).first() is None:
                return False
            await connection.execute(update(cases).where(chosen).values(hold=reason))
            await append(connection, event, case_id=case_id, records=await _hash(connection, case_id))
            return True

        return await self._database.write(work)


def _idle(before: datetime) -> ColumnElement[bool]:
    waiting = cases.c.status == SessionStatus.AWAITING_VALIDATION.value
    return and_(waiting, cases.c.hold.is_(None), cases.c.last_activity < before)


def _over(table: FromClause, before: datetime) -> ColumnElement[bool]:
    registered = exists().where(
        fir_records.c.fir_number == table.c.fir_number,
        fir_records.c.status == FirStatus.FINALIZED.value,
        fir_records.c.finalized_at < before.astimezone(UTC).replace(tzinfo=None),
    )
    ended = or_(
        table.c.status == SessionStatus.EXPIRED.value,
        and_(table.c.status == SessionStatus.COMPLETED.value, registered),
    )
    return and_(table.c.hold.is_(None), table.c.last_activity < before, ended)


def _removable(before: datetime) -> Select[tuple[str, str]]:
    other = cases.alias("other")
    needed = exists().where(other.c.original == cases.c.original, ~_over(other, before))
    return select(cases.c.original, cases.c.id).where(_over(cases, before), ~needed).order_by(cases.c.id)


async def _hash(connection: AsyncConnection, case_id: str) -> dict[str, str]:
    return {case_key(case_id): await hash_where(connection, cases, cases.c.id == case_id) or ""}
