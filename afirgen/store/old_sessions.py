"""Review sessions of earlier installations: taken over from their ``sessions.db`` word for word, and looked up."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Action, Actor, Event
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import DamagedFileError, InvalidInputError, NotFoundError
from afirgen.store.audit import append
from afirgen.store.database import Database
from afirgen.store.raw import hash_where, session_key
from afirgen.store.tables import old_sessions

_COLUMNS = ("session_id", "state", "status", "created_at", "last_activity", "validation_history")
_BATCH = 200
_ENDED = {status.value: status for status in (SessionStatus.COMPLETED, SessionStatus.ERROR)}


class OldSession(Struct, frozen=True, kw_only=True):
    """A session of an earlier installation; times are as they were written there."""

    id: str
    status: SessionStatus
    step: Step
    created_at: str | None
    last_activity: str | None


class OldSessions:
    """Takes over and looks up sessions of earlier installations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_over(self, path: Path, by: Actor) -> tuple[int, int]:
        """Copy all sessions of a ``sessions.db``; return how many are new and how many were there already.

        Raises:
            InvalidInputError: There is no such file.
            DamagedFileError: It is no database with such sessions.
            StorageError: The program's own database could not be used.
        """
        rows = _read(path)
        new = 0
        for start in range(0, len(rows), _BATCH):
            new += await self._keep(rows[start : start + _BATCH], by)
        return new, len(rows) - new

    async def _keep(self, rows: Sequence[dict[str, Any]], by: Actor) -> int:
        ids = [row["session_id"] for row in rows]

        async def work(connection: AsyncConnection) -> int:
            known = select(old_sessions.c.session_id).where(old_sessions.c.session_id.in_(ids))
            there = set((await connection.execute(known)).scalars())
            new = [row for row in rows if row["session_id"] not in there]
            if not new:
                return 0
            now = datetime.now(UTC)
            await connection.execute(insert(old_sessions), [{**row, "imported_at": now} for row in new])
            records = {
                session_key(row["session_id"]): await hash_where(
                    connection, old_sessions, old_sessions.c.session_id == row["session_id"]
                )
                or ""
                for row in new
            }
            event = Event(actor=by, action=Action.SESSIONS_IMPORTED, details={"sessions": len(new)})
            await append(connection, event, records=records)
            return len(new)

        return await self._database.write(work)

    async def get(self, session_id: str) -> OldSession:
        """Return a session; raise :class:`NotFoundError` when there is none.

        One that was not finished counts as expired: its work cannot be taken up here.
        """
        query = select(old_sessions).where(old_sessions.c.session_id == session_id)
        row = (await self._database.fetch(query)).mappings().first()
        if row is None:
            raise NotFoundError("There is no such session. It may have been mistyped or removed.")
        return OldSession(
            id=row["session_id"],
            status=_ENDED.get(row["status"] or "", SessionStatus.EXPIRED),
            step=_step(row["state"]),
            created_at=row["created_at"],
            last_activity=row["last_activity"],
        )


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a ``sessions.db``, each value as text."""
    if not path.is_file():
        raise InvalidInputError(f"There is no file {path.name}. Check the name.")
    columns = ", ".join(f"CAST({column} AS TEXT)" for column in _COLUMNS)
    query = f"SELECT {columns} FROM sessions WHERE session_id IS NOT NULL ORDER BY rowid"  # noqa: S608 - own names
    try:
        file = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            return [dict(zip(_COLUMNS, row, strict=True)) for row in file.execute(query)]
        finally:
            file.close()
    except sqlite3.Error as err:
        raise DamagedFileError(
            f"{path.name} holds no sessions of an earlier installation, or is damaged.", detail=str(err)
        ) from err


def _step(state: str | None) -> Step:
    """Return the step that a session had reached, the first where its state does not say."""
    try:
        known = json.loads(state or "{}")
        return Step(known["current_step"])
    except (ValueError, KeyError, TypeError):
        return Step.TRANSCRIPT
