"""The accounts of officers and API clients."""

from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Action, Actor, Event, Role
from afirgen.errors import InvalidInputError, NotFoundError
from afirgen.store.audit import append
from afirgen.store.database import Database
from afirgen.store.raw import hash_where, officer_key
from afirgen.store.secrets import checked_name, hash_password, name_key, new_token, token_hash
from afirgen.store.tables import officers, page_sessions, sign_in_failures

ACCOUNT_ROLES = (Role.RECORDING_OFFICER, Role.STATION_HOUSE_OFFICER, Role.ADMINISTRATOR, Role.API_CLIENT)
"""The roles that an account can have."""


class Officer(Struct, frozen=True, kw_only=True):
    """An account."""

    id: int
    name: str
    role: Role
    password_hash: str | None
    created_at: datetime
    disabled_at: datetime | None


class OfficerStore:
    """Reads and changes accounts; every change is in the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, role: Role, password: str | None, by: Actor) -> str | None:
        """Add an account; return the key of an API client, which is not kept and not shown again.

        Whoever was signed in to the page with the installation's key has to sign in by name from now on.

        Raises:
            InvalidInputError: The name is taken or cannot be used, or the password is easy to guess.
        """
        name = checked_name(name)
        key, values = _secret(name, role, password)

        async def work(connection: AsyncConnection) -> bool:
            taken = select(officers.c.id).where(officers.c.name_key == name_key(name))
            if (await connection.execute(taken)).first() is not None:
                return False
            await connection.execute(
                insert(officers).values(
                    name=name, name_key=name_key(name), role=role.value, created_at=datetime.now(UTC), **values
                )
            )
            await connection.execute(delete(page_sessions).where(page_sessions.c.officer_id.is_(None)))
            await _note(connection, Action.OFFICER_ADDED, name, role, by)
            return True

        if not await self._database.write(work):
            raise InvalidInputError("There is an account with this name already. Choose another name.")
        return key

    async def reset(self, name: str, password: str | None, by: Actor) -> str | None:
        """Give an account a new password or key, end its sessions, and lift a lock or a disabling; return the key.

        Raises:
            NotFoundError: There is no such account.
            InvalidInputError: The password is easy to guess.
        """
        officer = await self.get(name)
        key, values = _secret(officer.name, officer.role, password)

        async def work(connection: AsyncConnection) -> None:
            await _change(connection, officer, {**values, "disabled_at": None})
            await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.name_key == name_key(name)))
            await _note(connection, Action.OFFICER_RESET, officer.name, officer.role, by)

        await self._database.write(work)
        return key

    async def disable(self, name: str, by: Actor) -> None:
        """Take an account out of use and end its sessions; raise :class:`NotFoundError` when there is none."""
        officer = await self.get(name)

        async def work(connection: AsyncConnection) -> None:
            await _change(connection, officer, {"disabled_at": datetime.now(UTC)})
            await _note(connection, Action.OFFICER_DISABLED, officer.name, officer.role, by)

        await self._database.write(work)

    async def get(self, name: str) -> Officer:
        """Return an account; raise :class:`NotFoundError` when there is none."""
        officer = await self.find(name)
        if officer is None:
            raise NotFoundError("There is no account with this name. See `afirgen officer list`.")
        return officer

    async def find(self, name: str) -> Officer | None:
        """Return an account, None when there is none."""
        return await self._one(officers.c.name_key == name_key(name))

    async def by_key(self, key: str) -> Officer | None:
        """Return the API client whose key this is, None when it is nobody's or the account is disabled."""
        return await self._one((officers.c.key_hash == token_hash(key)) & officers.c.disabled_at.is_(None))

    async def all(self) -> tuple[Officer, ...]:
        """Return all accounts by name."""
        rows = (await self._database.fetch(select(officers).order_by(officers.c.name_key))).mappings()
        return tuple(officer_of(row) for row in rows)

    async def any_on_page(self) -> bool:
        """Tell whether anybody can sign in to the page by name."""
        query = select(func.count()).where(officers.c.password_hash.is_not(None), officers.c.disabled_at.is_(None))
        return bool((await self._database.fetch(query)).scalar())

    async def _one(self, condition: ColumnElement[bool]) -> Officer | None:
        row = (await self._database.fetch(select(officers).where(condition))).mappings().first()
        return officer_of(row) if row else None


def _secret(name: str, role: Role, password: str | None) -> tuple[str | None, dict[str, str]]:
    """Return a new key for an API client, and the columns that keep the key or password as a hash."""
    if role is Role.API_CLIENT:
        key = new_token()
        return key, {"key_hash": token_hash(key)}
    return None, {"password_hash": hash_password(password or "", name)}


def officer_of(row: RowMapping) -> Officer:
    """Make an account of its row."""
    return Officer(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        password_hash=row["password_hash"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )


async def _change(connection: AsyncConnection, officer: Officer, values: dict[str, object]) -> None:
    await connection.execute(update(officers).where(officers.c.id == officer.id).values(values))
    await connection.execute(delete(page_sessions).where(page_sessions.c.officer_id == officer.id))


async def _note(connection: AsyncConnection, action: Action, name: str, role: Role, by: Actor) -> None:
    fingerprint = await hash_where(connection, officers, officers.c.name_key == name_key(name))
    event = Event(actor=by, action=action, details={"name": name, "role": role.value})
    await append(connection, event, records={officer_key(name): fingerprint or ""})
