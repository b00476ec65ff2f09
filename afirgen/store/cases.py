"""Cases and the versions of their steps. A version, once written, is never changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.evidence import Source
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import NotFoundError
from afirgen.store.database import Database
from afirgen.store.tables import cases, step_versions


class CaseRecord(Struct, frozen=True, kw_only=True):
    """A case as stored, without its steps."""

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


class StepVersion(Struct, frozen=True, kw_only=True):
    """One version of one step; ``content`` is JSON, ``author`` machine or officer."""

    step: Step
    version: int
    author: str
    content: bytes
    models: tuple[str, ...]
    note: str | None
    created_at: datetime


class CaseStore:
    """Reads and writes cases; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, source: Source, *, language: str | None, reported_on: datetime) -> CaseRecord:
        """Begin a case whose original is already stored."""
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
        async with self._database.transaction() as connection:
            await connection.execute(insert(cases).values(row))
        return record

    async def get(self, case_id: str) -> CaseRecord:
        """Return a case; raise :class:`NotFoundError` when there is none."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(cases).where(cases.c.id == case_id))).mappings().first()
        if row is None:
            raise NotFoundError("There is no such session. It may have been mistyped or removed.")
        return _record(dict(row))

    async def unfinished(self) -> tuple[str, ...]:
        """Return the ids of cases that were being worked on."""
        query = select(cases.c.id).where(cases.c.status == SessionStatus.PROCESSING).order_by(cases.c.created_at)
        async with self._database.transaction() as connection:
            return tuple((await connection.execute(query)).scalars())

    async def recent(self, limit: int) -> tuple[CaseRecord, ...]:
        """Return the newest cases first."""
        query = select(cases).order_by(cases.c.created_at.desc()).limit(limit)
        async with self._database.transaction() as connection:
            return tuple(_record(dict(row)) for row in (await connection.execute(query)).mappings())

    async def update(self, case_id: str, **changes: Any) -> None:
        """Change columns of a case and note the activity."""
        async with self._database.transaction() as connection:
            await self._touch(connection, case_id, changes)

    async def add_version(
        self,
        case_id: str,
        step: Step,
        content: bytes,
        *,
        author: str,
        models: tuple[str, ...] = (),
        note: str | None = None,
        **changes: Any,
    ) -> int:
        """Append a version of a step and change the case with it, in one transaction; return its number."""
        last = select(func.max(step_versions.c.version)).where(
            step_versions.c.case_id == case_id, step_versions.c.step == step
        )
        async with self._database.transaction() as connection:
            number = ((await connection.execute(last)).scalar() or 0) + 1
            await connection.execute(
                insert(step_versions).values(
                    case_id=case_id,
                    step=step.value,
                    version=number,
                    author=author,
                    content=content.decode(),
                    models=msgspec.json.encode(models).decode(),
                    note=note,
                    created_at=datetime.now(UTC),
                )
            )
            await self._touch(connection, case_id, changes)
        return number

    async def newest(self, case_id: str) -> dict[Step, StepVersion]:
        """Return the newest version of each step that has one."""
        return {version.step: version for version in await self.history(case_id)}

    async def history(self, case_id: str) -> tuple[StepVersion, ...]:
        """Return all versions of all steps, oldest first."""
        query = select(step_versions).where(step_versions.c.case_id == case_id).order_by(step_versions.c.id)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(
            StepVersion(
                step=Step(row["step"]),
                version=row["version"],
                author=row["author"],
                content=row["content"].encode(),
                models=msgspec.json.decode(row["models"], type=tuple[str, ...]),
                note=row["note"],
                created_at=row["created_at"],
            )
            for row in rows
        )

    async def _touch(self, connection: AsyncConnection, case_id: str, changes: dict[str, Any]) -> None:
        await connection.execute(
            update(cases).where(cases.c.id == case_id).values({**changes, "last_activity": datetime.now(UTC)})
        )


def _record(row: dict[str, Any]) -> CaseRecord:
    source = msgspec.json.decode(row.pop("source"), type=Source)
    status, step = SessionStatus(row.pop("status")), Step(row.pop("step"))
    return CaseRecord(source=source, status=status, step=step, **row)
