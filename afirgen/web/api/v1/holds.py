"""Legal hold: a case on hold does not expire, and nothing of it is removed."""

from typing import Annotated

from litestar import delete, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.answers import CaseShown, case_shown
from afirgen.web.api.v1.describe import CaseId, refusals
from afirgen.web.deps import By, Deps

_TAGS = ["Retention"]


class NewHold(Struct, frozen=True, kw_only=True):
    """Why a case is to be held."""

    reason: Annotated[str, Meta(max_length=2000, examples=["The sessions court has called for the record."])]


@put("/api/v1/cases/{case_id:str}/hold", tags=_TAGS, responses=refusals(403, 404))
async def set_hold(case_id: CaseId, data: JSONBody[NewHold], deps: Deps, by: By) -> CaseShown:
    """Put a case on hold, or give another reason for its hold; for the station house officer."""
    case = case_id_of(case_id)
    await deps.desk.holds.set(case, data.reason, by)
    return case_shown(await deps.desk.cases.get(case))


@delete("/api/v1/cases/{case_id:str}/hold", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def lift_hold(case_id: CaseId, deps: Deps, by: By) -> CaseShown:
    """Lift the hold on a case; for the station house officer."""
    case = case_id_of(case_id)
    record = await deps.desk.cases.get(case)
    await deps.desk.holds.lift(record.id, by)
    return case_shown(await deps.desk.cases.get(case))


HANDLERS = (set_hold, lift_hold)
