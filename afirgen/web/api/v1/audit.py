"""The audit log of a case, everything of a case as an archive, and the check of all records."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from msgspec import Meta, Struct

from afirgen.case.audit import Entry
from afirgen.case.rights import Right, allow
from afirgen.store.verify import Fault
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.describe import CaseId, refusals
from afirgen.web.deps import By, Deps

_TAGS = ["Audit"]


class EntryShown(Struct, frozen=True, kw_only=True):
    """An act. `hash` covers the entry and the hash of the one before, so that none can be changed unseen."""

    seq: Annotated[int, Meta(description="The place in the chain of the whole installation.")]
    at: Annotated[str, Meta(description="UTC, ISO.", examples=["2025-03-13T04:30:05.123456+00:00"])]
    actor: Annotated[str, Meta(examples=["A. Officer"])]
    role: Annotated[str, Meta(examples=["recording_officer"])]
    channel: Annotated[str, Meta(description="page, api, cli or program.", examples=["api"])]
    address: Annotated[str | None, Meta(description="The remote address.", examples=["10.0.0.7"])]
    action: Annotated[str, Meta(examples=["step.approved"])]
    details: Annotated[dict[str, Any], Meta(description="What was done, with the hashes of what was written.")]
    previous: str
    hash: str


class Entries(Struct, frozen=True, kw_only=True):
    """The entries about a case, oldest first."""

    entries: list[EntryShown]


class Checked(Struct, frozen=True, kw_only=True):
    """What a check of all records found."""

    whole: Annotated[bool, Meta(description="Whether everything is as it was written.")]
    entries: int
    records: int
    originals: int
    head: Annotated[str, Meta(description="The hash at the end of the chain.")]
    faults: tuple[Fault, ...]


@get("/api/v1/cases/{case_id:str}/audit", tags=_TAGS, responses=refusals(404))
async def case_audit(case_id: CaseId, deps: Deps) -> Entries:
    """Return who did what to a case, when and from where."""
    case = case_id_of(case_id)
    entries = await deps.audit.of_case(case)
    if not entries:
        await deps.desk.cases.get(case)
    return Entries(entries=[_shown(entry) for entry in entries])


@get(
    "/api/v1/cases/{case_id:str}/export",
    tags=_TAGS,
    media_type="application/zip",
    responses=refusals(404),
)
async def export_case(case_id: CaseId, deps: Deps, by: By) -> Response[bytes]:
    """Give everything that is kept of a case as a zip with a manifest of hashes; that is on record too."""
    case = case_id_of(case_id)
    data = await deps.desk.export(case, by)
    headers = {"content-disposition": f'attachment; filename="case-{case}.zip"'}
    return Response(data, media_type="application/zip", headers=headers)


@post("/api/v1/audit/check", tags=_TAGS, status_code=200, responses=refusals(403))
async def check_records(deps: Deps, by: By) -> Checked:
    """Compare the chain, every record and every original with their hashes; for administrators."""
    allow(by, Right.MANAGE)
    verdict = await deps.desk.check_records()
    return Checked(whole=not verdict.faults, **msgspec.structs.asdict(verdict))


def _shown(entry: Entry) -> EntryShown:
    values = msgspec.structs.asdict(entry)
    del values["case_id"]
    return EntryShown(details=msgspec.json.decode(values.pop("payload")), **values)


HANDLERS = (case_audit, export_case, check_records)
