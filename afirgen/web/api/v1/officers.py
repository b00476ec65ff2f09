"""Accounts of officers and of programs, for administrators."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from afirgen.case.audit import Role
from afirgen.case.rights import Right, allow
from afirgen.errors import InvalidInputError
from afirgen.store.officers import ACCOUNT_ROLES, Officer
from afirgen.web.api.v1.describe import refusals
from afirgen.web.deps import By, Deps, WebDeps

_TAGS = ["Officers"]
Name = Annotated[str, PathParameter(description="The account's name.", max_length=100)]
Password = Annotated[
    Annotated[str, Meta(max_length=1000)] | None, Meta(description="For an officer; an API client gets a key instead.")
]


class OfficerShown(Struct, frozen=True, kw_only=True):
    """An account."""

    name: Annotated[str, Meta(examples=["A. Officer"])]
    role: Role
    created_at: Annotated[datetime, Meta(description="UTC.")]
    disabled_at: Annotated[datetime | None, Meta(description="UTC; null while the account can be used.")]


class OfficerList(Struct, frozen=True, kw_only=True):
    """All accounts by name."""

    officers: list[OfficerShown]


class NewOfficer(Struct, frozen=True, kw_only=True):
    """An account to be made."""

    name: Annotated[str, Meta(max_length=100, examples=["A. Officer"])]
    role: Annotated[Role, Meta(description="recording_officer, station_house_officer, administrator or api_client.")]
    password: Password = None


class NewSecret(Struct, frozen=True, kw_only=True):
    """A new password."""

    password: Password = None


class OfficerChanged(Struct, frozen=True, kw_only=True):
    """An account after a change."""

    officer: OfficerShown
    api_key: Annotated[str | None, Meta(description="The new key of an API client; it is shown only now.")] = None


@get("/api/v1/officers", tags=_TAGS, responses=refusals(403))
async def list_officers(deps: Deps, by: By) -> OfficerList:
    """List all accounts."""
    allow(by, Right.MANAGE)
    return OfficerList(officers=[_shown(officer) for officer in await deps.desk.officers.all()])


@post("/api/v1/officers", tags=_TAGS, responses=refusals(403))
async def add_officer(data: JSONBody[NewOfficer], deps: Deps, by: By) -> OfficerChanged:
    """Add an account."""
    allow(by, Right.MANAGE)
    if data.role not in ACCOUNT_ROLES:
        raise InvalidInputError("An account cannot have this role.")
    key = await deps.desk.officers.add(data.name, data.role, data.password, by)
    return await _changed(data.name, deps, key)


@post("/api/v1/officers/{name:str}/disable", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def disable_officer(name: Name, deps: Deps, by: By) -> OfficerChanged:
    """Take an account out of use and end its sessions."""
    allow(by, Right.MANAGE)
    await deps.desk.officers.disable(name, by)
    return await _changed(name, deps)


@post("/api/v1/officers/{name:str}/reset", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def reset_officer(name: Name, data: JSONBody[NewSecret], deps: Deps, by: By) -> OfficerChanged:
    """Give an account a new password or key, and lift a lock or a disabling."""
    allow(by, Right.MANAGE)
    key = await deps.desk.officers.reset(name, data.password, by)
    return await _changed(name, deps, key)


async def _changed(name: str, deps: WebDeps, key: str | None = None) -> OfficerChanged:
    return OfficerChanged(officer=_shown(await deps.desk.officers.get(name)), api_key=key)


def _shown(officer: Officer) -> OfficerShown:
    return OfficerShown(**{field: getattr(officer, field) for field in OfficerShown.__struct_fields__})


HANDLERS = (list_officers, add_officer, disable_officer, reset_officer)
