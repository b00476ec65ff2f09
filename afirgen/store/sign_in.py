"""Signing in to the page: sessions in the database, and a lock after repeated failures.

Whether a name exists, is disabled or is locked cannot be told from an answer or from the time that it takes.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Action, Actor, Channel, Event, Role
from afirgen.errors import AuthenticationError
from afirgen.store.audit import append
from afirgen.store.database import Database
from afirgen.store.officers import Officer, OfficerStore, officer_of
from afirgen.store.raw import hash_where, sign_in_key
from afirgen.store.secrets import is_password, name_key, new_token, token_hash
from afirgen.store.tables import officers, page_sessions, sign_in_failures

SESSION_LIFE = timedelta(hours=12)
_ATTEMPTS = 5
LOCKED = timedelta(minutes=15)
# A password check takes 64 MiB for a moment.
_AT_ONCE = 2
KEY_HOLDER = "holder of the station's key"


class SignIn:
    """Gives sessions for passwords, and tells whose session a token is. ``now`` is the clock."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._officers = OfficerStore(database)
        self._now = now
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._counting = asyncio.Lock()

    async def with_password(self, name: str, password: str, address: str | None) -> str:
        """Return the token of a new session; raise :class:`AuthenticationError` with one sentence for every reason."""
        key = name_key(name)
        may_try = await self._count(key)
        officer = await self._officers.find(name)
        usable = officer is not None and officer.disabled_at is None
        stored = officer.password_hash if officer and usable else None
        async with self._places:
            right = await asyncio.to_thread(is_password, stored, password)
        if officer is None or not (usable and right and may_try):
            await self._refused(officer, address, locked=not may_try)
            raise AuthenticationError(
                "The name or the password is not right, or there were too many tries. "
                "Check both, and wait a quarter of an hour after five tries."
            )
        return await self._begin(actor_of(officer, Channel.PAGE, address), officer.id, key)

    async def with_key(self, address: str | None) -> str:
        """Return the token of a new session of somebody who has shown the installation's key."""
        actor = Actor(name=KEY_HOLDER, role=Role.KEY_HOLDER, channel=Channel.PAGE, address=address)
        return await self._begin(actor, None, None)

    async def who(self, token: str, address: str | None) -> Actor | None:
        """Return whose session a token is, None when it is nobody's or has run out."""
        if not token:
            return None
        query = (
            select(page_sessions.c.officer_id, officers)
            .select_from(page_sessions.outerjoin(officers, page_sessions.c.officer_id == officers.c.id))
            .where(page_sessions.c.token_hash == token_hash(token), page_sessions.c.expires_at > self._now())
        )
        row = (await self._database.fetch(query)).mappings().first()
        if row is None:
            return None
        if row["officer_id"] is None:
            return Actor(name=KEY_HOLDER, role=Role.KEY_HOLDER, channel=Channel.PAGE, address=address)
        officer = officer_of(row)
        return actor_of(officer, Channel.PAGE, address) if officer.disabled_at is None else None

    async def sign_out(self, token: str, by: Actor) -> None:
        """End a session."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(page_sessions).where(page_sessions.c.token_hash == token_hash(token)))
            await append(connection, Event(actor=by, action=Action.SIGNED_OUT))

        await self._database.write(work)

    async def _begin(self, actor: Actor, officer_id: int | None, key: str | None) -> str:
        token, now = new_token(), self._now()

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(page_sessions).where(page_sessions.c.expires_at <= now))
            await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.name_key == key))
            await connection.execute(
                insert(page_sessions).values(
                    token_hash=token_hash(token),
                    officer_id=officer_id,
                    created_at=now,
                    expires_at=now + SESSION_LIFE,
                )
            )
            fingerprint = await hash_where(connection, page_sessions, page_sessions.c.token_hash == token_hash(token))
            records = {sign_in_key(token_hash(token)): fingerprint or ""}
            await append(connection, Event(actor=actor, action=Action.SIGNED_IN), records=records)

        await self._database.write(work)
        return token

    async def _count(self, key: str) -> bool:
        """Count a try before it is checked, so that tries at the same time count too; tell whether it is allowed."""
        now = self._now()
        chosen = sign_in_failures.c.name_key == key

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at <= now - LOCKED))
            row = (await connection.execute(select(sign_in_failures).where(chosen))).mappings().first()
            if row is None:
                first = {"name_key": key, "failures": 1, "last_at": now}
                await connection.execute(insert(sign_in_failures).values(first))
                return True
            if row["failures"] >= _ATTEMPTS:
                return False
            counted = {"failures": row["failures"] + 1, "last_at": now}
            await connection.execute(update(sign_in_failures).where(chosen).values(counted))
            return True

        async with self._counting:
            return await self._database.write(work)

    async def _refused(self, officer: Officer | None, address: str | None, *, locked: bool) -> None:
        actor = Actor(name="AFIRGen", role=Role.PROGRAM, channel=Channel.PAGE, address=address)
        # A name that is no account's may be a password typed into the wrong field; it is not kept.
        details = {"name": officer.name if officer else None, "locked": locked}
        event = Event(actor=actor, action=Action.SIGN_IN_REFUSED, details=details)
        await self._database.write(lambda connection: append(connection, event))


def actor_of(officer: Officer, channel: Channel, address: str | None) -> Actor:
    """Return an account as one who acts."""
    return Actor(name=officer.name, role=officer.role, channel=channel, address=address)
