"""Administration: station, accounts, models with their state, the law, what is kept, the check of the records."""

import asyncio
from typing import Any

from litestar import get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from afirgen.case.audit import Role
from afirgen.case.rights import Right, allow
from afirgen.errors import AfirgenError, InvalidInputError
from afirgen.store.officers import ACCOUNT_ROLES
from afirgen.web.acts import switch_model
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.shell import PageRequest, show

Form = URLEncodedBody[dict[str, str]]


@get("/admin")
async def admin(request: PageRequest, deps: Deps, by: By) -> Template:
    """Show how the installation is set up to those who may change it."""
    allow(by, Right.MANAGE)
    return await _page(request, deps)


@post("/admin/{what:str}", status_code=200)
async def change(request: PageRequest, what: FromPath[str], deps: Deps, by: By, data: Form) -> Template:
    """Carry out one change; what is refused is said at the top of the page."""
    allow(by, Right.MANAGE)
    done: dict[str, Any] = {}
    try:
        match what:
            case "add":
                done["new_key"] = await deps.desk.officers.add(
                    data.get("name", ""), _role(data.get("role", "")), data.get("password") or None, by
                )
            case "disable":
                await deps.desk.officers.disable(data.get("name", ""), by)
            case "reset":
                done["new_key"] = await deps.desk.officers.reset(data.get("name", ""), data.get("password") or None, by)
            case "model":
                await switch_model(deps, data.get("role", ""), data.get("model", ""), by)
            case "let_go":
                done["released"] = await deps.desk.let_go(by)
            case "check":
                done["verdict"] = await deps.desk.check_records()
            case _:
                raise InvalidInputError("Choose what to do on this page.")
    except AfirgenError as err:
        return await _page(request, deps, error=err)
    return await _page(request, deps, **done)


async def _page(request: PageRequest, deps: WebDeps, *, error: AfirgenError | None = None, **done: Any) -> Template:
    context = {
        "officers": await deps.desk.officers.all(),
        "engines": deps.models.statuses(),
        "about": deps.desk.about,
        "station": deps.settings.station,
        "acts": deps.collections(),
        "indexed": await asyncio.to_thread(deps.desk.about.is_indexed),
        "held": await deps.desk.cases.held(),
        "released": done.get("released"),
        "roles": [role.value for role in ACCOUNT_ROLES],
        "verdict": done.get("verdict"),
        "new_key": done.get("new_key"),
    }
    return show(request, "admin.html", context, error=error)


def _role(text: str) -> Role:
    if text not in {role.value for role in ACCOUNT_ROLES}:
        raise InvalidInputError("Choose a role for the account.")
    return Role(text)


HANDLERS = (admin, change)
