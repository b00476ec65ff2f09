"""What the law wants done in a case and until when, what was done, and registering the form."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from afirgen.case.law import LegalView
from afirgen.case.session import Step
from afirgen.web.acts import RECORDS, RecordKind, clocks_of, put_on_record, register
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.describe import CaseId, Short, refusals
from afirgen.web.deps import By, Deps, WebDeps

_TAGS = ["Duties"]
_KINDS = {action.value: kind for kind, action in RECORDS.items()}
Language = Annotated[Short | None, Meta(description="In which language.", examples=["Hindi"])]
Who = Annotated[Short | None, Meta(description="By whom or to whom.", examples=["A. Officer"])]
Duty = Annotated[Annotated[str, Meta(max_length=2000)] | None, Meta(description="Which duty, in its own words.")]


class DueTime(Struct, frozen=True, kw_only=True):
    """Until when something has to be done."""

    provision: Annotated[str, Meta(examples=["BNSS 193(2)"])]
    name: Annotated[str, Meta(description="A stable name of the period.", examples=["two_months"])]
    due: Annotated[datetime, Meta(description="The moment, counted from the report.")]


class NewRecord(Struct, frozen=True, kw_only=True):
    """Something that was done."""

    kind: Annotated[RecordKind, Meta(description="What was done.")]
    language: Language = None
    who: Who = None
    duty: Duty = None


class RecordShown(Struct, frozen=True, kw_only=True):
    """Something that was done, on record with its author."""

    kind: RecordKind
    language: Language
    who: Who
    duty: Duty
    by: Annotated[str, Meta(examples=["A. Officer"])]
    role: Annotated[str, Meta(examples=["recording_officer"])]
    at: Annotated[str, Meta(description="UTC, ISO.", examples=["2025-03-13T04:30:05.123456+00:00"])]


class Duties(Struct, frozen=True, kw_only=True):
    """The duties that follow from the chosen sections, their times, and what is on record."""

    duties: list[str]
    due: list[DueTime]
    records: list[RecordShown]


class Registration(Struct, frozen=True, kw_only=True):
    """The station's key for registering."""

    auth_key: Annotated[str, Meta(description="FIR_AUTH_KEY.", max_length=256)]


class Registered(Struct, frozen=True, kw_only=True):
    """A registered FIR."""

    fir_number: Annotated[str, Meta(examples=["FIR-1a2b3c4d-20250307143000"])]
    register_number: Annotated[str, Meta(description="In the station's register, with the year.", examples=["12/2025"])]


@get("/api/v1/cases/{case_id:str}/duties", tags=_TAGS, responses=refusals(404))
async def duties(case_id: CaseId, deps: Deps) -> Duties:
    """Return the duties of a case; none before its sections are drafted."""
    return await _shown(case_id_of(case_id), deps)


@post("/api/v1/cases/{case_id:str}/records", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def add_record(case_id: CaseId, data: JSONBody[NewRecord], deps: Deps, by: By) -> Duties:
    """Put on record that a duty was done, the record read over, or a copy given."""
    case = case_id_of(case_id)
    details = {"language": data.language, "who": data.who, "duty": data.duty}
    await put_on_record(deps, case, data.kind, details, by)
    return await _shown(case, deps)


@post("/api/v1/cases/{case_id:str}/register", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def register_case(case_id: CaseId, data: JSONBody[Registration], deps: Deps, by: By) -> Registered:
    """Register the approved form with the station's key."""
    number, entry = await register(deps, case_id_of(case_id), data.auth_key, by)
    return Registered(fir_number=number, register_number=str(entry))


async def _shown(case: str, deps: WebDeps) -> Duties:
    view = await deps.review.view(case)
    law = view.contents.get(Step.VIOLATIONS)
    named = law.duties if isinstance(law, LegalView) else ()
    records = []
    entries = await deps.audit.of_case(case)
    for entry in entries:
        if entry.action in _KINDS:
            said = msgspec.json.decode(entry.payload)
            texts = {key: said.get(key) for key in ("language", "who", "duty")}
            kind = _KINDS[entry.action]
            records.append(RecordShown(kind=kind, **texts, by=entry.actor, role=entry.role, at=entry.at))
    clocks = clocks_of(view.record, named, view.contents.get(Step.FINAL), entries)
    return Duties(
        duties=list(named),
        due=[DueTime(provision=c.provision, name=c.name, due=c.due) for c in clocks],
        records=records,
    )


HANDLERS = (duties, add_record, register_case)
