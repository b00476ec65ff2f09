"""A case as a page: the step that is shown, and what stands beside it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar.response import Template

from afirgen.case.audit import Action, Entry
from afirgen.case.fir import Features, FirDocument
from afirgen.case.law import LegalView, Standing, Verdict
from afirgen.case.rights import Right, may
from afirgen.case.session import REGENERABLE, SessionStatus, Step
from afirgen.errors import AfirgenError, UnsupportedWordsError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import CaseView, Content, SummaryStep
from afirgen.render.values import ASKABLE
from afirgen.web.acts import RECORDS, clocks_of, is_prompt
from afirgen.web.deps import WebDeps
from afirgen.web.pages.edits import Fields, seen_in, standing, step_named
from afirgen.web.pages.facts_form import boxes
from afirgen.web.pages.marks import place, runs, spans_in
from afirgen.web.pages.shell import PageRequest, show
from afirgen.web.pages.versions import before_last_change, since_machine

_ON_RECORD = (*(action.value for action in RECORDS.values()), Action.ATTESTED.value, Action.FIR_FINALIZED.value)
# The officer's items as they stand on the form.
OWN_ITEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("occurrence", ("time_period", "diary_entry", "information_type", "direction", "outside")),
    ("informant", ("permanent_address", "uid", "passport", "identity")),
    ("accused", ("accused_more", "inquest")),
    ("action", ("action", "directed", "refused_because", "transferred_to", "transferred_district", "magistrate")),
    ("closing", ("read_over", "officer", "dispatch")),
)
INFORMATION_TYPES = ("written", "oral", "electronic")


async def case_template(
    request: PageRequest,
    case: str,
    deps: WebDeps,
    *,
    asked: str = "",
    error: AfirgenError | None = None,
    typed: Fields | None = None,
) -> Template:
    """Show a case at its current step, or at the earlier one that is ``asked`` for.

    After a refusal ``typed`` stands in the form again; where the step has changed meanwhile it stands beside it.
    """
    view = await deps.review.view(case)
    current = view.record.step
    step = step_named(asked) or current
    order = list(Step)
    earlier = order.index(step) < order.index(current) and step in view.contents
    step = step if earlier else current
    content = view.contents.get(step)
    version = view.versions[step].version if step in view.versions else 0
    unchanged = typed is not None and seen_in(typed) == Seen(step, version)
    context = {
        "view": view,
        "record": view.record,
        "step": step,
        "earlier": earlier,
        "regenerable": step in REGENERABLE,
        "content": content,
        "version": version,
        "steps": [(s, order.index(s) <= order.index(current), s in view.contents) for s in Step],
        "last_good": next((s for s in reversed(order[: order.index(current)]) if s in view.contents), None),
        "processing": view.record.status is SessionStatus.PROCESSING,
        "failed": view.record.status is SessionStatus.ERROR,
        "completed": view.record.status is SessionStatus.COMPLETED,
        "expired": view.record.status is SessionStatus.EXPIRED,
        "typed": typed if typed is not None and unchanged else {},
        "lost": [] if typed is None or unchanged else _not_kept(typed, standing(content)),
        "wrong": getattr(error, "field", ""),
        "own_asked": isinstance(error, UnsupportedWordsError),
        "may_hold": may(request.user, Right.HOLD),
        "now": datetime.now(UTC),
        **await work_on(case, deps),
        **await _beside(view, content, step, deps),
    }
    return show(request, "case.html", context, error=error)


async def work_on(case: str, deps: WebDeps) -> dict[str, Any]:
    """Say what is being done, how much of it is done, and how much else comes before."""
    llm = next((engine for engine in deps.models.statuses() if engine.role == "llm"), None)
    job = await deps.desk.jobs.open_of(case)
    return {
        "progress": deps.board.progress(case),
        "waiting": llm.waiting if llm else 0,
        "ahead": await deps.desk.jobs.before(job) if job else 0,
    }


async def _beside(view: CaseView, content: Content | None, step: Step, deps: WebDeps) -> dict[str, Any]:
    """Return what stands beside a step: the source, changes, lists and records."""
    transcript = view.state.transcript
    entries = await deps.audit.of_case(view.record.id)
    versions = await deps.desk.cases.history(view.record.id)
    number = view.record.fir_number or ""
    registered = await deps.firs.finalized([number])
    return {
        "runs": runs(transcript, spans_in(view.state)) if transcript else (),
        "pages": sorted({s.box.page for s in transcript.segments if s.box}) if transcript else [],
        "boxes": boxes(content.facts) if isinstance(content, SummaryStep) else [],
        "changes": since_machine(versions, step),
        "undo_to": before_last_change(versions, step),
        **_law(view, content, entries),
        "on_record": [(e, msgspec.json.decode(e.payload)) for e in entries if e.action in _ON_RECORD],
        "registered": number in registered,
        "entry": registered.get(number),
        "kinds": deps.desk.forms.kinds,
        "form_languages": deps.desk.forms.languages,
        "own_items": OWN_ITEMS,
        "beats": deps.settings.station.beats,
        "information_types": INFORMATION_TYPES,
        "features": Features.__struct_fields__,
        "askable": ASKABLE,
        "place": place,
        "Standing": Standing,
        "Verdict": Verdict,
    }


def _law(view: CaseView, content: Content | None, entries: tuple[Entry, ...]) -> dict[str, Any]:
    """Return the duties with what is on record of them, the times that run, and what is still to be asked."""
    law = view.state.law
    duties = law.duties if law else ()
    done: dict[str, str] = {}
    for entry in entries:
        if entry.action == Action.DUTY_DONE:
            said = msgspec.json.decode(entry.payload)
            done[str(said.get("duty"))] = str(said.get("who") or entry.actor)
    form = content if isinstance(content, FirDocument) else None
    return {
        "duties": [(duty, is_prompt(duty), done.get(duty)) for duty in duties],
        "clocks": clocks_of(view.record, duties, form, entries),
        "missing": list(_missing(law)) if law else [],
    }


def _missing(law: LegalView) -> Iterator[tuple[str, str, list[str]]]:
    """Give each accepted section, then each possible one, with what of it the complaint does not state."""
    for assessment in law.proposed:
        questions = [i.question for i in assessment.ingredients if i.verdict is Verdict.NOT_STATED and not i.excludes]
        if questions:
            yield str(assessment.section), assessment.title, questions
    for assessment in law.possible:
        if assessment.ask:
            yield str(assessment.section), assessment.title, list(assessment.ask)


def _not_kept(typed: Fields, stands: dict[str, str]) -> list[tuple[str, str]]:
    """Return the fields in which something was typed that does not stand there now."""
    named = ("text", "fact.", "own.", "suspect.", "added", "sections")
    return [
        (name, value)
        for name, value in typed.items()
        if name.startswith(named) and value.strip() and value.split() != stands.get(name, "").split()
    ]
