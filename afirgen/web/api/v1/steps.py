"""Deciding a step: approve, change, keep, draft again, go back to, try again, begin by hand."""

from collections.abc import Mapping
from typing import Annotated

from litestar import post, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct, structs

from afirgen.case.evidence import Transcript
from afirgen.case.facts import Facts
from afirgen.case.fir import FirDocument, Particulars
from afirgen.case.session import Step
from afirgen.case.state import CaseState
from afirgen.errors import InvalidInputError, StepConflictError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import CaseView, Content, SummaryStep, officers_prose
from afirgen.web.acts import attest
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.answers import CaseFull, case_full
from afirgen.web.api.v1.describe import CaseId, Short, Version, refusals
from afirgen.web.deps import By, Deps
from afirgen.web.pages.facts_form import boxes, changed_facts

_TAGS = ["Steps"]
StepName = Annotated[Step, PathParameter(description="The step that the case is at.")]
Text = Annotated[
    Annotated[str, Meta(max_length=50_000)] | None, Meta(description="The officer's text in place of the draft.")
]


class Change(Struct, frozen=True, kw_only=True):
    """What an officer writes in a step. What is not sent stays as it is."""

    version: Version = None
    text: Text = None
    facts: Annotated[
        dict[str, str] | None,
        Meta(
            description="Facts of the summary step by their place; an empty value clears one.",
            examples=[{"occurrence.place": "near the temple", "accused.0.name": "Ravi"}],
        ),
    ] = None
    particulars: Annotated[
        Particulars | None, Meta(description="What only the officer can fill in on the form, at the last step.")
    ] = None


class Approval(Struct, frozen=True, kw_only=True):
    """An approval."""

    version: Version = None
    text: Text = None
    attest: Annotated[
        Short | None,
        Meta(description="At the last step: the name of the officer who has read the whole form."),
    ] = None
    own_knowledge: Annotated[
        bool, Meta(description="The officer stands for sentences that say what the complaint does not.")
    ] = False


class Again(Struct, frozen=True, kw_only=True):
    """A wish for a new draft."""

    note: Annotated[
        Annotated[str, Meta(max_length=10_000)] | None, Meta(description="What the new draft should heed.")
    ] = None


@put("/api/v1/cases/{case_id:str}/steps/{step:str}", tags=_TAGS, responses=refusals(403, 404, 409))
async def change_step(case_id: CaseId, step: StepName, data: JSONBody[Change], deps: Deps, by: By) -> CaseFull:
    """Keep what the officer writes as a new version; the step goes on waiting."""
    case = case_id_of(case_id)
    view = await deps.review.view(case)
    edit = _edit(view, step, data)
    return await case_full(await deps.review.save(case, edit, by=by, seen=_seen(view, step, data.version)), deps)


@post(
    "/api/v1/cases/{case_id:str}/steps/{step:str}/approve",
    tags=_TAGS,
    status_code=202,
    responses=refusals(403, 404, 409),
)
async def approve_step(case_id: CaseId, step: StepName, data: JSONBody[Approval], deps: Deps, by: By) -> CaseFull:
    """Approve the step, with the officer's text in its place if it is sent; the next one is drafted by a job."""
    case = case_id_of(case_id)
    view = await deps.review.view(case)
    seen = _seen(view, step, data.version)
    if step is Step.FINAL:
        await attest(deps, case, data.attest or "", by)
    return await case_full(
        await deps.review.approve(case, by=by, edit=data.text, seen=seen, owns=data.own_knowledge, wait=False), deps
    )


@post("/api/v1/cases/{case_id:str}/steps/{step:str}/keep", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def keep_step(case_id: CaseId, step: StepName, deps: Deps, by: By) -> CaseFull:
    """Put on record that the step was not approved; it goes on waiting."""
    case = case_id_of(case_id)
    _seen(await deps.review.view(case), step, None)
    return await case_full(await deps.review.reject(case, by=by), deps)


@post(
    "/api/v1/cases/{case_id:str}/steps/{step:str}/regenerate",
    tags=_TAGS,
    status_code=202,
    responses=refusals(403, 404),
)
async def regenerate_step(case_id: CaseId, step: StepName, data: JSONBody[Again], deps: Deps, by: By) -> CaseFull:
    """Draft the summary, the sections or the narrative once more; the case goes back to that step."""
    view = await deps.review.regenerate(case_id_of(case_id), step, by=by, note=data.note, wait=False)
    return await case_full(view, deps)


@post("/api/v1/cases/{case_id:str}/steps/{step:str}/reopen", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def reopen_step(case_id: CaseId, step: StepName, deps: Deps, by: By) -> CaseFull:
    """Go back to an earlier step as it stands, also from one that failed; what follows it is then drafted anew."""
    return await case_full(await deps.review.reopen(case_id_of(case_id), step, by=by), deps)


@post("/api/v1/cases/{case_id:str}/retry", tags=_TAGS, status_code=202, responses=refusals(403, 404))
async def retry(case_id: CaseId, deps: Deps, by: By) -> CaseFull:
    """Draft the step that failed, or whose drafting was stopped, once more."""
    return await case_full(await deps.review.retry(case_id_of(case_id), by=by, wait=False), deps)


@post("/api/v1/cases/{case_id:str}/by-hand", tags=_TAGS, status_code=200, responses=refusals(403, 404))
async def by_hand(case_id: CaseId, deps: Deps, by: By) -> CaseFull:
    """Begin the step that failed without a model, for the officer to write."""
    return await case_full(await deps.review.by_hand(case_id_of(case_id), by=by), deps)


def _seen(view: CaseView, step: Step, version: int | None) -> Seen:
    """Return what the caller has seen; without a version it is the newest one."""
    if view.record.step is not step:
        raise StepConflictError(f"This case is at another step now: {view.record.step.value}.")
    newest = view.versions.get(step)
    return Seen(step, version or (newest.version if newest else 1))


def _edit(view: CaseView, step: Step, data: Change) -> str | Content:
    content = view.contents.get(step)
    match content:
        case SummaryStep() if data.text is not None or data.facts is not None:
            return _summary(content, view.state, data)
        case FirDocument() if data.particulars is not None:
            return structs.replace(content, particulars=data.particulars)
        case _ if data.text is not None and data.facts is None and data.particulars is None:
            return data.text
    raise InvalidInputError("Send what is to be changed: text, the facts of the summary, or the form's particulars.")


def _summary(content: SummaryStep, state: CaseState, data: Change) -> SummaryStep:
    facts = content.facts if data.facts is None else _named(content.facts, data.facts, state.transcript)
    if data.text is None:
        return SummaryStep(facts, content.summary)
    return SummaryStep(facts, officers_prose(data.text.strip(), content.summary, structs.replace(state, facts=facts)))


def _named(facts: Facts, wanted: Mapping[str, str], transcript: Transcript | None) -> Facts:
    """Return the facts with other values for those that are named."""
    form = {box.name: box.field.value if box.field else "" for group in boxes(facts) for box in group}
    changed = {f"fact.{name}": value for name, value in wanted.items()}
    if set(changed) - set(form):
        raise InvalidInputError("A fact's name is not known. Use names such as occurrence.place or accused.0.name.")
    return changed_facts(facts, form | changed, transcript or Transcript(text="", language="en"))


HANDLERS = (change_step, approve_step, keep_step, regenerate_step, reopen_step, retry, by_hand)
