"""The station's cases with their clocks, a new complaint, and search over all cases."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from msgspec import Struct

from afirgen.case.clocks import Clock, clocks_for
from afirgen.case.languages import LANGUAGES
from afirgen.case.law import LegalView
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import AfirgenError, EmptyInputError
from afirgen.jobs.finding import find_cases, terms_of
from afirgen.pipeline.run import Original
from afirgen.store.cases import CaseRecord
from afirgen.web.api.process import BODY_LIMIT
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.shell import PageRequest, show

_SHOWN = 60
_FOUND = 30


class Row(Struct, frozen=True):
    """A case on the dashboard with the times that run in it."""

    record: CaseRecord
    clocks: tuple[Clock, ...] = ()


@get("/")
async def home(request: PageRequest, deps: Deps) -> Template:
    """Show the station's newest cases by where they stand."""
    rows = await _rows(await deps.review.recent(_SHOWN), deps)
    numbers = [row.record.fir_number for row in rows if row.record.fir_number]
    registered = await deps.firs.finalized(numbers)
    groups: dict[str, list[Row]] = {key: [] for key in ("in_work", "to_approve", "to_register", "registered", "ended")}
    for row in rows:
        groups[_group(row.record, registered)].append(row)
    return show(request, "home.html", {"groups": groups, "engines": deps.models.statuses(), "now": datetime.now(UTC)})


@get("/new")
async def new_page(request: PageRequest, deps: Deps) -> Template:
    """Offer a new complaint."""
    return _new(request, deps, None, "")


@post("/cases", status_code=200, request_max_body_size=BODY_LIMIT)
async def new_case(request: PageRequest, deps: Deps, by: By) -> Response[Any]:
    """Take a complaint from the page; a refusal is shown beside the form, with what was typed."""
    typed = ""
    try:
        form = await request.form()
        typed = str(form.get("text") or "")
        data, original = await _complaint(form)
        record = await deps.review.accept(data, original, by=by)
    except AfirgenError as err:
        return _new(request, deps, err, typed)
    return Redirect(f"/cases/{record.id}", status_code=303)


@get("/search")
async def search(request: PageRequest, deps: Deps, q: FromQuery[str] = "") -> Template:
    """Find cases by words in anything that was said, drafted or written in them."""
    found = await find_cases(deps.desk.cases, q, limit=_FOUND)
    rows = await _rows(found, deps)
    return show(
        request, "search.html", {"rows": rows, "q": q[:200], "asked": bool(terms_of(q)), "now": datetime.now(UTC)}
    )


async def _rows(records: Iterable[CaseRecord], deps: WebDeps) -> list[Row]:
    listed = list(records)
    laws = await deps.desk.cases.newest_of([r.id for r in listed], Step.VIOLATIONS)
    rows = []
    for record in listed:
        version = laws.get(record.id)
        law = msgspec.json.decode(version.content, type=LegalView) if version else None
        rows.append(Row(record, clocks_for(law.duties, record.reported_on) if law else ()))
    return rows


def _group(record: CaseRecord, registered: Collection[str]) -> str:
    if record.fir_number and record.fir_number in registered:
        return "registered"
    if record.status is SessionStatus.COMPLETED:
        return "to_register"
    if record.status is SessionStatus.EXPIRED:
        return "ended"
    return "to_approve" if record.step is Step.FINAL else "in_work"


def _new(request: PageRequest, deps: WebDeps, error: AfirgenError | None, typed: str) -> Template:
    own = deps.settings.station.language
    context = {"engines": deps.models.statuses(), "languages": LANGUAGES, "own_language": own, "typed": typed}
    return show(request, "new.html", context, error=error)


async def _complaint(form: Any) -> tuple[bytes, Original]:
    """Return what the form holds: a file or recording if one was chosen, else the typed text."""
    language = str(form.get("language") or "") or None
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        data = await file.read()
        return data, Original(data=data, filename=file.filename, declared=file.content_type, language=language)
    text = str(form.get("text") or "")
    if not text.strip():
        raise EmptyInputError("Type the complaint, choose a file or make a recording.")
    return text.encode(), Original(data=text.encode(), language=language)


HANDLERS = (home, new_page, new_case, search)
