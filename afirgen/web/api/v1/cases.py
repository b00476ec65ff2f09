"""Cases: the list with search, a new complaint as text or as a file, one case with its current step."""

from typing import Annotated

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.params import JSONBody, MultipartBody, QueryParameter
from msgspec import Meta, Struct

from afirgen.case.session import SessionStatus
from afirgen.errors import EmptyInputError
from afirgen.jobs.finding import find_cases
from afirgen.pipeline.run import Original
from afirgen.web.api.process import BODY_LIMIT, case_id_of
from afirgen.web.api.v1.answers import CaseFull, CasePage, case_full, case_shown
from afirgen.web.api.v1.describe import CaseId, Limit, Offset, refusals
from afirgen.web.deps import By, Deps, WebDeps

_TAGS = ["Cases"]
_COMPLAINT = "I am Anil Rao. On 12.03.2025 at 7.30 pm a man took my motorcycle near the bank."
Language = Annotated[
    str | None, Meta(description="The complaint's language; null lets the source decide.", examples=["hi"])
]


class TypedComplaint(Struct, frozen=True, kw_only=True):
    """A complaint as text."""

    text: Annotated[str, Meta(description="What the informant says, 10 to 50,000 characters.", examples=[_COMPLAINT])]
    language: Language = None


class UploadedComplaint(Struct, kw_only=True):
    """A complaint as a file: a recording, a picture of a page, a PDF or a text file, 25 MiB at most."""

    file: UploadFile
    language: Language = None


@get("/api/v1/cases", tags=_TAGS, responses=refusals())
async def list_cases(
    deps: Deps,
    q: Annotated[str, QueryParameter(description="Words that stand anywhere in a case.", max_length=200)] = "",
    status: Annotated[SessionStatus | None, QueryParameter(description="Only cases of this status.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> CasePage:
    """List cases, newest first.

    With `q` those that have all its words in anything that was said, drafted or written.
    """
    cases = deps.desk.cases
    if q.strip():
        found = await find_cases(cases, q, limit=limit + 1, offset=offset, status=status)
    else:
        found = await cases.recent(limit + 1, offset=offset, status=status)
    return CasePage(
        cases=[case_shown(record) for record in found[:limit]],
        limit=limit,
        offset=offset,
        next_offset=offset + limit if len(found) > limit else None,
    )


@post("/api/v1/cases", tags=_TAGS, status_code=202, responses=refusals(403, 413, 415, 503))
async def new_case(data: JSONBody[TypedComplaint], deps: Deps, by: By) -> CaseFull:
    """Take a complaint as text.

    It is stored before the answer. The answer names the job that reads it; ask the job, or follow its events.
    """
    if not data.text.strip():
        raise EmptyInputError("The text is empty. Write what the informant says.")
    text = data.text.encode()
    return await _accepted(text, Original(data=text, language=data.language), deps, by)


@post(
    "/api/v1/cases/upload",
    tags=_TAGS,
    status_code=202,
    request_max_body_size=BODY_LIMIT,
    responses=refusals(403, 413, 415, 503),
)
async def upload_case(data: MultipartBody[UploadedComplaint], deps: Deps, by: By) -> CaseFull:
    """Take a complaint as a file; its kind is told by its content."""
    content = await data.file.read()
    original = Original(
        data=content,
        filename=data.file.filename or None,
        declared=data.file.content_type or None,
        language=data.language or None,
    )
    return await _accepted(content, original, deps, by)


@get("/api/v1/cases/{case_id:str}", tags=_TAGS, responses=refusals(404))
async def show_case(case_id: CaseId, deps: Deps) -> CaseFull:
    """Return a case with the content of its current step."""
    return await case_full(await deps.review.view(case_id_of(case_id)), deps)


async def _accepted(data: bytes, original: Original, deps: WebDeps, by: By) -> CaseFull:
    record = await deps.reception.accept(data, original, by=by)
    return await case_full(await deps.review.view(record.id), deps)


HANDLERS = (list_cases, new_case, upload_case, show_case)
