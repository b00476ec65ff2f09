"""Jobs with leases and their events. A job is opened and ended in the transaction of what it does to its case."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.job import OPEN, Closing, Job, JobEvent, JobState, NewJob
from afirgen.case.session import Step
from afirgen.errors import LostLeaseError, NotFoundError
from afirgen.store.database import Database
from afirgen.store.job_seal import job_record
from afirgen.store.tables import UtcTime, job_events, jobs

_JOBS = select(jobs)
_OPEN = tuple(state.value for state in OPEN)


class Lease(Struct, frozen=True, kw_only=True):
    """Who works on jobs, and for how long the work counts as going on without a sign of life."""

    owner: str
    seconds: float


class JobStore:
    """Reads jobs, and hands them out to one worker at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, job_id: str) -> Job:
        """Return a job; raise :class:`NotFoundError` when there is none."""
        found = await self._select(jobs.c.id == job_id, limit=1)
        if not found:
            raise NotFoundError("There is no such job. Check its id.")
        return found[0]

    async def page(
        self, *, case_id: str | None = None, only_open: bool = False, limit: int = 20, offset: int = 0
    ) -> tuple[Job, ...]:
        """Return jobs, the newest first."""
        conditions = [jobs.c.case_id == case_id] if case_id else []
        conditions += [jobs.c.state.in_(_OPEN)] if only_open else []
        return await self._select(*conditions, limit=limit, offset=offset)

    async def open_of(self, case_id: str) -> Job | None:
        """Return the job that is being done on a case, None where none is."""
        found = await self.page(case_id=case_id, only_open=True, limit=1)
        return found[0] if found else None

    async def before(self, job: Job) -> int:
        """Return how many open jobs were opened before this one."""
        query = select(func.count()).where(jobs.c.state.in_(_OPEN), jobs.c.created_at < job.created_at)
        return int((await self._database.fetch(query)).scalar() or 0)

    async def events(self, job_id: str, *, after: int = 0) -> tuple[JobEvent, ...]:
        """Return a job's events with a number above ``after``, in order."""
        chosen = (job_events.c.job_id == job_id) & (job_events.c.seq > after)
        rows = await self._database.fetch(select(job_events).where(chosen).order_by(job_events.c.seq))
        return tuple(_event(row) for row in rows.mappings())

    async def free(self) -> tuple[str, ...]:
        """Return the ids of jobs that nobody works on, or whose worker gave no sign of life, the oldest first."""
        query = select(jobs.c.id).where(_unheld()).order_by(jobs.c.created_at)
        return tuple((await self._database.fetch(query)).scalars())

    async def claim(self, job_id: str, lease: Lease) -> Job | None:
        """Take a job that nobody works on; return None where somebody does or it is over."""

        async def work(connection: AsyncConnection) -> bool:
            now = datetime.now(UTC)
            values = {
                "state": JobState.RUNNING.value,
                "owner": lease.owner,
                "lease_until": now + timedelta(seconds=lease.seconds),
                "attempt": jobs.c.attempt + 1,
                "started_at": func.coalesce(jobs.c.started_at, literal(now, UtcTime())),
            }
            return await _append(connection, job_id, JobState.RUNNING, (jobs.c.id == job_id) & _unheld(), values)

        return await self.get(job_id) if await self._database.write(work) else None

    async def renew(self, lease: Lease) -> frozenset[str]:
        """Give a sign of life for everything that ``lease.owner`` works on; return the ids of it."""
        held = (jobs.c.owner == lease.owner) & (jobs.c.state == JobState.RUNNING.value)

        async def work(connection: AsyncConnection) -> frozenset[str]:
            until = datetime.now(UTC) + timedelta(seconds=lease.seconds)
            await connection.execute(update(jobs).where(held).values(lease_until=until))
            return frozenset((await connection.execute(select(jobs.c.id).where(held))).scalars())

        return await self._database.write(work)

    async def give_back(self, owner: str) -> None:
        """Queue again what ``owner`` works on; the attempt does not count."""
        held = (jobs.c.owner == owner) & (jobs.c.state == JobState.RUNNING.value)
        values = {"state": JobState.QUEUED.value, "owner": None, "lease_until": None, "attempt": jobs.c.attempt - 1}

        async def work(connection: AsyncConnection) -> None:
            ids = tuple((await connection.execute(select(jobs.c.id).where(held))).scalars())
            for job_id in ids:
                await _append(connection, job_id, JobState.QUEUED, held & (jobs.c.id == job_id), values)

        await self._database.write(work)

    async def tell(self, job_id: str, owner: str, stage: str, share: float) -> None:
        """Keep how far a running job is."""
        mine = (jobs.c.id == job_id) & (jobs.c.owner == owner) & (jobs.c.state == JobState.RUNNING.value)

        async def work(connection: AsyncConnection) -> None:
            await _append(connection, job_id, JobState.RUNNING, mine, {}, stage=stage, share=share)

        await self._database.write(work)

    async def _select(self, *conditions: ColumnElement[bool], limit: int, offset: int = 0) -> tuple[Job, ...]:
        query = _JOBS.where(*conditions).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        rows = await self._database.fetch(query.limit(limit).offset(offset))
        return tuple(_job(row) for row in rows.mappings())


async def write_job(connection: AsyncConnection, case_id: str, change: NewJob | Closing) -> dict[str, str]:
    """Open or end a job of a case, as part of a transaction; return its hash for the audit log.

    Raises:
        LostLeaseError: The job is over, or another worker has it.
    """
    if isinstance(change, NewJob):
        await _open(connection, case_id, change)
        return await job_record(connection, change.id)
    await _close(connection, change)
    return await job_record(connection, change.job_id)


async def _open(connection: AsyncConnection, case_id: str, new: NewJob) -> None:
    values = {
        "id": new.id,
        "case_id": case_id,
        "step": new.step.value,
        "again": new.again,
        "note": new.note,
        "state": JobState.QUEUED.value,
        "attempt": 0,
        "events": 1,
        "created_at": datetime.now(UTC),
    }
    await connection.execute(insert(jobs), values)
    await _insert_event(connection, new.id, 1, JobState.QUEUED)


async def _close(connection: AsyncConnection, closing: Closing) -> None:
    chosen = (jobs.c.id == closing.job_id) & jobs.c.state.in_(_OPEN)
    if closing.owner is not None:
        chosen &= jobs.c.owner == closing.owner
    values = {
        "state": closing.state.value,
        "error": closing.error,
        "owner": None,
        "lease_until": None,
        "finished_at": datetime.now(UTC),
    }
    if not await _append(connection, closing.job_id, closing.state, chosen, values):
        raise LostLeaseError("This job is over already.")


async def _append(
    connection: AsyncConnection,
    job_id: str,
    state: JobState,
    chosen: ColumnElement[bool],
    values: Mapping[str, Any],
    *,
    stage: str | None = None,
    share: float | None = None,
) -> bool:
    """Change a job where it is the ``chosen`` one and add an event of that; return whether it was."""
    # The counter in the job's row puts events in order: its update locks the row.
    counted = await connection.execute(update(jobs).where(chosen).values(**values, events=jobs.c.events + 1))
    if not counted.rowcount:
        return False
    seq = (await connection.execute(select(jobs.c.events).where(jobs.c.id == job_id))).scalar_one()
    await _insert_event(connection, job_id, seq, state, stage=stage, share=share)
    return True


async def _insert_event(
    connection: AsyncConnection,
    job_id: str,
    seq: int,
    state: JobState,
    *,
    stage: str | None = None,
    share: float | None = None,
) -> None:
    row = {"job_id": job_id, "seq": seq, "at": datetime.now(UTC), "state": state.value, "stage": stage, "share": share}
    await connection.execute(insert(job_events), row)


def _unheld() -> ColumnElement[bool]:
    run_out = and_(jobs.c.state == JobState.RUNNING.value, jobs.c.lease_until < datetime.now(UTC))
    return or_(jobs.c.state == JobState.QUEUED.value, run_out)


def _job(row: RowMapping) -> Job:
    values = {name: row[name] for name in Job.__struct_fields__}
    return Job(**{**values, "step": Step(row["step"]), "state": JobState(row["state"]), "again": bool(row["again"])})


def _event(row: RowMapping) -> JobEvent:
    return JobEvent(seq=row["seq"], at=row["at"], state=JobState(row["state"]), stage=row["stage"], share=row["share"])
