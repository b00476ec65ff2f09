"""Cases and the versions of their steps. A version, once written, is never changed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct
from sqlalchemy import Result, RowMapping, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Event
from afirgen.case.evidence import Source
from afirgen.case.job import Closing, NewJob
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import NotFoundError
from afirgen.store.audit import append
from afirgen.store.database import Database
from afirgen.store.firs import FirText, write_fir
from afirgen.store.jobs import write_job
from afirgen.store.raw import case_key, fir_key, hash_where, version_key
from afirgen.store.tables import cases, step_versions

# Made once: most calls use them.
_CASES, _VERSIONS = select(cases), select(step_versions)
_CHANGED = update(cases).where(cases.c.id == bindparam("touched"))


class CaseRecord(Struct, frozen=True, kw_only=True):
    """A case as stored, without its steps. ``hold`` says why it is on hold, None where it is not."""

    id: str
    status: SessionStatus
    step: Step
    original: str
    source: Source
    language: str | None
    reported_on: datetime
    created_at: datetime
    last_activity: datetime
    fir_number: str | None = None
    error: str | None = None
    hold: str | None = None


class StepVersion(Struct, frozen=True, kw_only=True):
    """One version of one step; ``content`` is JSON, ``author`` machine or officer."""

    step: Step
    version: int
    author: str
    content: bytes
    models: tuple[str, ...]
    note: str | None
    created_at: datetime


class NewVersion(Struct, frozen=True, kw_only=True):
    """A version to be appended; ``content`` is JSON, ``author`` machine or officer."""

    step: Step
    content: bytes
    author: str
    models: tuple[str, ...] = ()
    note: str | None = None


class CaseStore:
    """Reads and writes cases; each call is one transaction, with its entry in the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        source: Source,
        event: Event,
        *,
        language: str | None,
        reported_on: datetime,
        job: NewJob | None = None,
    ) -> CaseRecord:
        """Begin a case whose original is already stored, and the work on it."""
        now = datetime.now(UTC)
        record = CaseRecord(
            id=str(uuid4()),
            status=SessionStatus.PROCESSING,
            step=Step.TRANSCRIPT,
            original=source.sha256,
            source=source,
            language=language,
            reported_on=reported_on,
            created_at=now,
            last_activity=now,
        )
        row = {**msgspec.structs.asdict(record), "source": msgspec.json.encode(source).decode()}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(cases), row)
            records = await write_job(connection, record.id, job) if job else {}
            records |= await _case_hash(connection, record.id)
            await append(connection, event, case_id=record.id, records=records)

        await self._database.write(work)
        return record

    async def get(self, case_id: str) -> CaseRecord:
        """Return a case; raise :class:`NotFoundError` when there is none."""
        return _found(await self._database.fetch(_one(case_id)))

    async def recent(
        self, limit: int, *, offset: int = 0, status: SessionStatus | None = None
    ) -> tuple[CaseRecord, ...]:
        """Return the newest cases first, only those of one status where it is given."""
        query = _CASES.order_by(cases.c.created_at.desc(), cases.c.id.desc()).limit(limit).offset(offset)
        if status is not None:
            query = query.where(cases.c.status == status.value)
        return tuple(_record(dict(row)) for row in (await self._database.fetch(query)).mappings())

    async def update(self, case_id: str, event: Event, *, job: NewJob | Closing | None = None, **changes: Any) -> None:
        """Change columns of a case, open or end a job on it, and note the activity.

        Raises:
            LostLeaseError: The job to be ended is over, or another worker has it.
        """

        async def work(connection: AsyncConnection) -> None:
            records = await write_job(connection, case_id, job) if job else {}
            await _touch(connection, case_id, changes)
            records |= await _case_hash(connection, case_id)
            await append(connection, event, case_id=case_id, records=records)

        await self._database.write(work)

    async def add_version(
        self,
        case_id: str,
        version: NewVersion,
        event: Event,
        *,
        fir: FirText | None = None,
        job: Closing | None = None,
        **changes: Any,
    ) -> int:
        """Append a version of a step, write the FIR made of it and change the case; return the version's number.

        Raises:
            LostLeaseError: The job that this ends is over, or another worker has it.
        """

        async def work(connection: AsyncConnection) -> int:
            records = await write_job(connection, case_id, job) if job else {}
            # The case's row is locked first, so that two versions of a step cannot get one number.
            await _touch(connection, case_id, changes)
            number = await _insert_version(connection, case_id, version)
            records |= await _case_hash(connection, case_id)
            chosen = (
                (step_versions.c.case_id == case_id)
                & (step_versions.c.step == version.step.value)
                & (step_versions.c.version == number)
            )
            key = version_key(case_id, version.step.value, number)
            records[key] = await hash_where(connection, step_versions, chosen) or ""
            if fir is not None:
                records[fir_key(fir.number)] = await write_fir(connection, fir, case_id)
            numbered = msgspec.structs.replace(
                event, details={**event.details, "step": version.step.value, "version": number}
            )
            await append(connection, numbered, case_id=case_id, records=records)
            return number

        return await self._database.write(work)

    async def newest(self, case_id: str) -> dict[Step, StepVersion]:
        """Return the newest version of each step that has one."""
        rows = (await self._database.fetch(_newest(case_id))).mappings()
        return {version.step: version for version in map(_version, rows)}

    async def whole(self, case_id: str) -> tuple[CaseRecord, dict[Step, StepVersion]]:
        """Return a case with the newest version of each step; raise :class:`NotFoundError` when there is none."""
        record, versions = await self._database.fetch_all(_one(case_id), _newest(case_id))
        return _found(record), {version.step: version for version in map(_version, versions.mappings())}

    async def history(self, case_id: str) -> tuple[StepVersion, ...]:
        """Return all versions of all steps, oldest first."""
        query = _VERSIONS.where(step_versions.c.case_id == case_id).order_by(step_versions.c.id)
        rows = (await self._database.fetch(query)).mappings()
        return tuple(_version(row) for row in rows)

    async def newest_of(self, case_ids: Sequence[str], step: Step) -> dict[str, StepVersion]:
        """Return the newest version of one step for each of the cases that has one."""
        query = (
            select(step_versions)
            .where(step_versions.c.case_id.in_(case_ids), step_versions.c.step == step.value)
            .order_by(step_versions.c.id)
        )
        rows = (await self._database.fetch(query)).mappings()
        return {row["case_id"]: _version(row) for row in rows}

    async def held(self) -> tuple[CaseRecord, ...]:
        """Return the cases that are on hold, the newest first."""
        query = select(cases).where(cases.c.hold.is_not(None)).order_by(cases.c.created_at.desc())
        return tuple(_record(dict(row)) for row in (await self._database.fetch(query)).mappings())

    async def counts(self) -> dict[str, int]:
        """Return how many cases there are of each status."""
        query = select(cases.c.status, func.count().label("number")).group_by(cases.c.status).order_by(cases.c.status)
        return {row.status: row.number for row in await self._database.fetch(query)}

    async def search(
        self,
        terms: Sequence[Sequence[str]],
        *,
        limit: int,
        offset: int = 0,
        status: SessionStatus | None = None,
    ) -> tuple[CaseRecord, ...]:
        """Return the newest cases in which, for each of ``terms``, one of its spellings stands in any version."""
        query = _CASES.order_by(cases.c.created_at.desc(), cases.c.id.desc()).limit(limit).offset(offset)
        if status is not None:
            query = query.where(cases.c.status == status.value)
        for spellings in terms:
            patterns = [f"%{_escaped(word)}%" for word in spellings]
            within = [step_versions.c.content.like(p, escape="!") for p in patterns]
            named = [cases.c.fir_number.like(p, escape="!") for p in patterns]
            found = select(step_versions.c.case_id).where(or_(*within))
            query = query.where(or_(cases.c.id.in_(found), *named))
        return tuple(_record(dict(row)) for row in (await self._database.fetch(query)).mappings())

    async def of_step(self, step: Step) -> tuple[tuple[str, StepVersion], ...]:
        """Return every version of a step in all cases, each with its case's id, oldest first."""
        query = select(step_versions).where(step_versions.c.step == step.value).order_by(step_versions.c.id)
        rows = (await self._database.fetch(query)).mappings()
        return tuple((row["case_id"], _version(row)) for row in rows)


def _one(case_id: str) -> Select[tuple[Any, ...]]:
    return _CASES.where(cases.c.id == case_id)


def _newest(case_id: str) -> Select[tuple[Any, ...]]:
    """Choose the newest versions alone: a step that was saved again and again has many, each with a whole text."""
    last = select(func.max(step_versions.c.id)).where(step_versions.c.case_id == case_id).group_by(step_versions.c.step)
    return _VERSIONS.where(step_versions.c.id.in_(last)).order_by(step_versions.c.id)


def _found(result: Result[Any]) -> CaseRecord:
    row = result.mappings().first()
    if row is None:
        raise NotFoundError("There is no such session. It may have been mistyped or removed.")
    return _record(dict(row))


async def _touch(connection: AsyncConnection, case_id: str, changes: dict[str, Any]) -> None:
    await connection.execute(_CHANGED, {"touched": case_id, **changes, "last_activity": datetime.now(UTC)})


async def _insert_version(connection: AsyncConnection, case_id: str, version: NewVersion) -> int:
    last = select(func.max(step_versions.c.version)).where(
        step_versions.c.case_id == case_id, step_versions.c.step == version.step
    )
    number = ((await connection.execute(last)).scalar() or 0) + 1
    row = {
        "case_id": case_id,
        "step": version.step.value,
        "version": number,
        "author": version.author,
        "content": version.content.decode(),
        "models": msgspec.json.encode(version.models).decode(),
        "note": version.note,
        "created_at": datetime.now(UTC),
    }
    await connection.execute(insert(step_versions), row)
    return number


async def _case_hash(connection: AsyncConnection, case_id: str) -> dict[str, str]:
    return {case_key(case_id): await hash_where(connection, cases, cases.c.id == case_id) or ""}


def _escaped(word: str) -> str:
    for sign in "!%_":
        word = word.replace(sign, f"!{sign}")
    return word


def _version(row: RowMapping) -> StepVersion:
    return StepVersion(
        step=Step(row["step"]),
        version=row["version"],
        author=row["author"],
        content=row["content"].encode(),
        models=msgspec.json.decode(row["models"], type=tuple[str, ...]),
        note=row["note"],
        created_at=row["created_at"],
    )


def _record(row: dict[str, Any]) -> CaseRecord:
    source = msgspec.json.decode(row.pop("source"), type=Source)
    status, step = SessionStatus(row.pop("status")), Step(row.pop("step"))
    return CaseRecord(source=source, status=status, step=step, **row)
