"""The station's cases with their clocks, a new complaint, and search over all cases."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from msgspec import Struct

from afirgen.case.audit import Action, Actor
from afirgen.case.clocks import Clock
from afirgen.case.fir import RegisterEntry
from afirgen.case.languages import LANGUAGES
from afirgen.case.law import Law, LegalView
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import AfirgenError, EmptyInputError
from afirgen.jobs.finding import find_cases, terms_of
from afirgen.jobs.views import SummaryStep, decode
from afirgen.pipeline.run import Original
from afirgen.store.cases import CaseRecord
from afirgen.web.acts import clocks_of
from afirgen.web.api.process import BODY_LIMIT
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.shell import PageRequest, show

_GROUPS = ("in_work", "to_approve", "to_register", "registered", "ended")
_SHOWN = {
    SessionStatus.AWAITING_VALIDATION: 60,
    SessionStatus.PROCESSING: 30,
    SessionStatus.ERROR: 30,
    SessionStatus.COMPLETED: 40,
    SessionStatus.EXPIRED: 10,
}
_FOUND = 30
_DUE_SHOWN = 6


class Row(Struct, frozen=True, kw_only=True):
    """A case in a list: who reported it, the chosen sections, its place in the register, and the times that run."""

    record: CaseRecord
    informant: str = ""
    sections: tuple[str, ...] = ()
    registered: bool = False
    entry: RegisterEntry | None = None
    clocks: tuple[Clock, ...] = ()


@get("/")
async def home(request: PageRequest, deps: Deps) -> Template:
    """Show the station's newest cases by where they stand, and what is due next."""
    listed = [await deps.desk.cases.recent(most, status=status) for status, most in _SHOWN.items()]
    rows = await _rows(sorted(chain(*listed), key=lambda r: r.created_at, reverse=True), deps)
    groups: dict[str, list[Row]] = {key: [] for key in _GROUPS}
    for row in rows:
        groups[_group(row)].append(row)
    open_rows = [row for row in rows if row.record.status is not SessionStatus.EXPIRED]
    due = sorted(((clock, row) for row in open_rows for clock in row.clocks), key=lambda pair: pair[0].due)
    context = {"groups": groups, "due": due[:_DUE_SHOWN], "engines": deps.models.statuses(), "now": datetime.now(UTC)}
    return show(request, "home.html", context)


@get("/new")
async def new_page(request: PageRequest, deps: Deps) -> Template:
    """Offer a new complaint."""
    return _new(request, deps, None, {})


@post("/cases", status_code=200, request_max_body_size=BODY_LIMIT)
async def new_case(request: PageRequest, deps: Deps, by: By) -> Response[Any]:
    """Take a complaint from the page; a refusal is told beside what was refused, and what was typed stays.

    A form that is sent again, because the answer to it was lost, leads to the case that it began.
    """
    typed: dict[str, str] = {}
    try:
        form = await request.form()
        typed = {key: str(form.get(key) or "") for key in ("text", "language", "token")}
        typed["file"] = getattr(form.get("file"), "filename", None) or ""
        data, original = await _complaint(form)
        key = (by.name, typed["token"] or uuid4().hex, sha256(data).digest())
        case = await deps.once.result(key, partial(_begin, deps, data, original, by))
    except AfirgenError as err:
        return _new(request, deps, err, typed)
    return Redirect(f"/cases/{case}", status_code=303)


async def _begin(deps: WebDeps, data: bytes, original: Original, by: Actor) -> str:
    return (await deps.reception.accept(data, original, by=by)).id


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
    ids = [r.id for r in listed]
    summaries, laws, forms = [
        {case: decode(version) for case, version in (await deps.desk.cases.newest_of(ids, step)).items()}
        for step in (Step.SUMMARY, Step.VIOLATIONS, Step.FINAL)
    ]
    done = await deps.audit.acts_of(ids, Action.DUTY_DONE)
    entries = await deps.firs.finalized([r.fir_number for r in listed if r.fir_number])
    rows = []
    for record in listed:
        summary, law = summaries.get(record.id), laws.get(record.id)
        name = summary.facts.informant.name if isinstance(summary, SummaryStep) else None
        view = law if isinstance(law, LegalView) else LegalView(law=Law.OFFICER_DECIDES, law_reason="")
        rows.append(
            Row(
                record=record,
                informant=name.value if name else "",
                sections=tuple(str(a.section) for a in view.proposed),
                registered=record.fir_number in entries,
                entry=entries.get(record.fir_number or ""),
                clocks=clocks_of(record, view.duties, forms.get(record.id), done.get(record.id, ())),
            )
        )
    return rows


def _group(row: Row) -> str:
    record = row.record
    if row.registered:
        return "registered"
    if record.status is SessionStatus.COMPLETED:
        return "to_register"
    if record.status is SessionStatus.EXPIRED:
        return "ended"
    return "to_approve" if record.step is Step.FINAL else "in_work"


def _new(request: PageRequest, deps: WebDeps, error: AfirgenError | None, typed: dict[str, str]) -> Template:
    """Show the form; what is wrong is told beside the file if one was sent, else beside the text."""
    context = {
        "engines": deps.models.statuses(),
        "languages": LANGUAGES,
        "own_language": deps.settings.station.language or "",
        "typed": typed,
        "token": typed.get("token") or uuid4().hex,
        "wrong": "" if error is None else "file" if typed.get("file") else "text",
    }
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
