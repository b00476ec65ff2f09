"""The append-only audit log: written in the transaction of what it records."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Action, Entry, Event, link
from afirgen.store.database import Database
from afirgen.store.tables import audit_head, audit_log

# Made once: every write uses them.
_HEAD = select(audit_head.c.seq, audit_head.c.hash).with_for_update()
_NEW_ENTRY, _NEW_HEAD = insert(audit_log), update(audit_head)


async def append(
    connection: AsyncConnection, event: Event, *, case_id: str | None = None, records: Mapping[str, str] | None = None
) -> Entry:
    """Add an entry at the end of the chain; call it last in a transaction, since others wait from here on."""
    # The one row of the head is locked before it is read, so that two writers cannot take the same place; on SQLite the
    # whole database is, from the beginning of the transaction.
    head = (await connection.execute(_HEAD)).one()
    seq, now = head.seq + 1, datetime.now(UTC)
    entry = link(event, seq=seq, previous=head.hash, at=now, case_id=case_id, records=records or {})
    await connection.execute(_NEW_ENTRY, msgspec.structs.asdict(entry))
    await connection.execute(_NEW_HEAD, {"seq": seq, "hash": entry.hash})
    return entry


class AuditLog:
    """Reads the chain, and records acts that change no other record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, event: Event, *, case_id: str | None = None) -> Entry:
        """Record an act."""
        return await self._database.write(lambda connection: append(connection, event, case_id=case_id))

    async def actors(self, case_id: str, actions: Collection[Action]) -> frozenset[str]:
        """Return the names of those who did any of ``actions`` on a case."""
        chosen = (audit_log.c.case_id == case_id) & audit_log.c.action.in_([action.value for action in actions])
        return frozenset((await self._database.fetch(select(audit_log.c.actor).where(chosen))).scalars())

    async def acts_of(self, case_ids: Collection[str], action: Action) -> dict[str, tuple[Entry, ...]]:
        """Return the entries of one kind about each of the cases that has any, oldest first."""
        chosen = audit_log.c.case_id.in_(case_ids) & (audit_log.c.action == action.value)
        rows = await self._database.fetch(select(audit_log).where(chosen).order_by(audit_log.c.seq))
        entries = [Entry(**row) for row in rows.mappings()]
        found: dict[str, tuple[Entry, ...]] = {}
        for entry in entries:
            found[entry.case_id or ""] = (*found.get(entry.case_id or "", ()), entry)
        return found

    async def hash_at(self, seq: int) -> str | None:
        """Return the hash of an entry, None when there is no such entry."""
        return (await self._database.fetch(select(audit_log.c.hash).where(audit_log.c.seq == seq))).scalar()

    async def length(self) -> int:
        """Return the number of entries."""
        length: int = (await self._database.fetch(select(audit_head.c.seq))).scalar_one()
        return length

    async def of_case(self, case_id: str) -> tuple[Entry, ...]:
        """Return the entries about a case, oldest first."""
        query = select(audit_log).where(audit_log.c.case_id == case_id).order_by(audit_log.c.seq)
        return tuple(Entry(**row) for row in (await self._database.fetch(query)).mappings())
