"""A case: its steps with the source beside the result, and what the officer decides and records."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from afirgen.case.audit import Action, Actor
from afirgen.case.clocks import clocks_for
from afirgen.case.evidence import Transcript
from afirgen.case.fir import FirDocument, Particulars
from afirgen.case.law import LegalView, Standing, Verdict
from afirgen.case.rights import Right, may
from afirgen.case.session import REGENERABLE, SessionStatus, Step
from afirgen.errors import AfirgenError, InvalidInputError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import CaseView, Content, SummaryStep, officers_prose
from afirgen.web.acts import RECORDS, RecordKind, attest, put_on_record, register
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.facts_form import boxes, changed_facts
from afirgen.web.pages.marks import place, runs, spans_in
from afirgen.web.pages.shell import PageRequest, show
from afirgen.web.pages.versions import since_machine

_LONGEST = 2000
_ON_RECORD = (*(action.value for action in RECORDS.values()), Action.ATTESTED.value, Action.FIR_FINALIZED.value)
Fields = Mapping[str, str]


@get("/cases/{case_id:str}")
async def case_page(request: PageRequest, case_id: FromPath[str], deps: Deps, step: FromQuery[str] = "") -> Template:
    """Show the current step of a case, an earlier one, or how far the work on it is."""
    return await _page(request, case_id_of(case_id), deps, asked=step)


@get("/cases/{case_id:str}/progress")
async def progress(request: PageRequest, case_id: FromPath[str], deps: Deps) -> Template | Response[str]:
    """Tell how far the work is; once it is over, the page is asked to load itself anew."""
    case = case_id_of(case_id)
    record = await deps.desk.cases.get(case)
    if record.status is not SessionStatus.PROCESSING:
        return Response("", media_type="text/html", headers={"HX-Refresh": "true"})
    return show(request, "progress.html", {"record": record, **_work(case, deps)})


@get("/cases/{case_id:str}/sections")
async def find_sections(
    request: PageRequest, case_id: FromPath[str], deps: Deps, find: FromQuery[str] = ""
) -> Template:
    """Find sections of the loaded law to add."""
    case_id_of(case_id)
    found = await asyncio.to_thread(deps.desk.finder.find, find[:200]) if find.strip() else ()
    return show(request, "found_sections.html", {"found": found})


@post("/cases/{case_id:str}/autosave", status_code=200)
async def autosave(request: PageRequest, case_id: FromPath[str], deps: Deps, by: By) -> Template:
    """Keep what stands in the form as a version, without approving anything."""
    case, form = case_id_of(case_id), await _fields(request)
    version, error = None, None
    try:
        view = await deps.review.view(case)
        seen = _seen(form)
        edit = _edit(view, form)
        if seen is None:
            raise InvalidInputError("Reload this page and try again.")
        if edit is not None:
            view = await deps.review.save(case, edit, by=by, seen=seen)
        version = view.versions[view.record.step].version if edit is not None else None
    except AfirgenError as err:
        error = err
    context = {"version": version, "now": datetime.now(UTC)}
    return show(request, "saved.html", context, error=error)


@post("/cases/{case_id:str}", status_code=200)
async def decide(request: PageRequest, case_id: FromPath[str], deps: Deps, by: By) -> Response[Any]:
    """Carry out the officer's decision on the current step."""
    case, form = case_id_of(case_id), await _fields(request)
    try:
        await _carry_out(case, form, deps, by)
    except AfirgenError as err:
        return await _page(request, case, deps, error=err, typed=form)
    return Redirect(f"/cases/{case}", status_code=303)


async def _carry_out(case: str, form: Fields, deps: WebDeps, by: Actor) -> None:
    action = form.get("action", "")
    if action in {"approve", "save"}:
        view = await deps.review.view(case)
        edit, seen = _edit(view, form), _seen(form)
        if action == "save":
            if edit is not None:
                await deps.review.save(case, edit, by=by, seen=seen or _current(view))
            return
        if view.record.step is Step.FINAL:
            await attest(deps, case, form.get("attest", ""), by)
        await deps.review.approve(case, by=by, edit=edit, seen=seen, wait=False)
    elif action == "again":
        step = (await deps.review.view(case)).record.step
        await deps.review.regenerate(case, _step(form.get("from", "")) or step, by=by, wait=False)
    elif action == "retry":
        await deps.review.retry(case, by=by, wait=False)
    elif action == "by_hand":
        await deps.review.by_hand(case, by=by)
    else:
        await _put_on_record(case, action, form, deps, by)


async def _put_on_record(case: str, action: str, form: Fields, deps: WebDeps, by: Actor) -> None:
    """Carry out what decides no step."""
    if action in set(RecordKind):
        details = {key: form.get(key) for key in ("language", "who", "duty")}
        await put_on_record(deps, case, RecordKind(action), details, by)
    elif action == "hold":
        await deps.desk.holds.set(case, form.get("reason", ""), by)
    elif action == "lift_hold":
        await deps.desk.holds.lift(case, by)
    elif action == "register":
        await register(deps, case, form.get("auth_key", ""), by)
    else:
        raise InvalidInputError("Choose what to do with this step.")


async def _fields(request: PageRequest) -> dict[str, str]:
    form = await request.form()
    fields = {key: str(form.get(key) or "") for key in form}
    fields["sections"] = "\n".join(str(value) for value in form.getall("section", []))
    return {key: value.replace("\r\n", "\n") for key, value in fields.items()}


def _step(text: str) -> Step | None:
    return Step(text) if text in {step.value for step in Step} else None


def _seen(form: Fields) -> Seen | None:
    step, version = _step(form.get("step", "")), form.get("version", "")
    return Seen(step, int(version)) if step and version.isdigit() else None


def _current(view: CaseView) -> Seen:
    return Seen(view.record.step, view.versions[view.record.step].version)


def _edit(view: CaseView, form: Fields) -> str | Content | None:
    """Return what the officer changed in the current step, None where nothing."""
    content = view.contents.get(view.record.step)
    text = form.get("text", "").strip()
    match content:
        case LegalView():
            return _chosen_sections(content, form)
        case SummaryStep():
            return _summary(content, view.state.transcript, form)
        case FirDocument():
            return _with_particulars(content, form)
        case None:
            return None
        case _:
            return text if "text" in form and text != content.text.strip() else None


def _chosen_sections(content: LegalView, form: Fields) -> str | None:
    if not form.get("chosen"):
        return None
    added = form.get("added", "").strip()
    wanted = "\n".join(entry for entry in (form.get("sections", ""), added) if entry)
    return wanted if wanted != "\n".join(str(a.section) for a in content.proposed) else None


def _summary(content: SummaryStep, transcript: Transcript | None, form: Fields) -> SummaryStep | None:
    facts = changed_facts(content.facts, form, transcript or Transcript(text="", language="en"))
    text = form.get("text", "").strip()
    changed = "text" in form and text != content.summary.text.strip()
    summary = officers_prose(text, content.summary) if changed else content.summary
    after = SummaryStep(facts, summary)
    return after if after != content else None


def _with_particulars(content: FirDocument, form: Fields) -> FirDocument | None:
    names = Particulars.__struct_fields__
    if not any(f"own.{name}" in form for name in names):
        return None
    typed = {name: " ".join(form.get(f"own.{name}", "").split())[:_LONGEST] or None for name in names}
    own = Particulars(**typed)
    return msgspec.structs.replace(content, particulars=own) if own != content.particulars else None


def _work(case: str, deps: WebDeps) -> dict[str, Any]:
    """Say what is being done, how much of it is done, and how many requests wait at the language model."""
    llm = next((engine for engine in deps.models.statuses() if engine.role == "llm"), None)
    return {"progress": deps.review.progress(case), "waiting": llm.waiting if llm else 0}


async def _page(
    request: PageRequest,
    case: str,
    deps: WebDeps,
    *,
    asked: str = "",
    error: AfirgenError | None = None,
    typed: Fields | None = None,
) -> Template:
    view = await deps.review.view(case)
    current = view.record.step
    step = _step(asked) or current
    order = list(Step)
    earlier = order.index(step) < order.index(current) and step in view.contents
    step = step if earlier else current
    content = view.contents.get(step)
    context = {
        "view": view,
        "record": view.record,
        "step": step,
        "earlier": earlier,
        "regenerable": step in REGENERABLE,
        "content": content,
        "version": view.versions[step].version if step in view.versions else 0,
        "steps": [(s, order.index(s) <= order.index(current), s in view.contents) for s in Step],
        "processing": view.record.status is SessionStatus.PROCESSING,
        "failed": view.record.status is SessionStatus.ERROR,
        "completed": view.record.status is SessionStatus.COMPLETED,
        "expired": view.record.status is SessionStatus.EXPIRED,
        "typed": (typed or {}).get("text", ""),
        "may_hold": may(request.user, Right.HOLD),
        "now": datetime.now(UTC),
        **_work(case, deps),
        **await _beside(view, content, step, deps),
    }
    return show(request, "case.html", context, error=error)


async def _beside(view: CaseView, content: Content | None, step: Step, deps: WebDeps) -> dict[str, Any]:
    """Return what stands beside a step: the source, changes, lists and records."""
    transcript = view.state.transcript
    entries = await deps.audit.of_case(view.record.id)
    number = view.record.fir_number or ""
    facts = content.facts if isinstance(content, SummaryStep) else None
    registered = await deps.firs.finalized([number])
    return {
        "runs": runs(transcript, spans_in(view.state)) if transcript else (),
        "pages": sorted({s.box.page for s in transcript.segments if s.box}) if transcript else [],
        "boxes": boxes(facts) if facts else [],
        "changes": since_machine(await deps.desk.cases.history(view.record.id), step),
        "clocks": clocks_for(view.state.law.duties, view.record.reported_on) if view.state.law else (),
        "missing": _missing(view),
        "on_record": [(e, msgspec.json.decode(e.payload)) for e in entries if e.action in _ON_RECORD],
        "registered": number in registered,
        "entry": registered.get(number),
        "kinds": deps.desk.forms.kinds,
        "form_languages": deps.desk.forms.languages,
        "particulars": Particulars.__struct_fields__,
        "beats": deps.settings.station.beats,
        "place": place,
        "Standing": Standing,
        "Verdict": Verdict,
    }


def _missing(view: CaseView) -> list[tuple[str, str]]:
    """List what is not stated of the accepted sections, each with the section it is for."""
    law = view.state.law
    return [
        (str(a.section), i.question)
        for a in (law.proposed if law else ())
        for i in a.ingredients
        if i.verdict is Verdict.NOT_STATED and not i.excludes
    ]


HANDLERS = (case_page, progress, find_sections, autosave, decide)
