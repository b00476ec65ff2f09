"""The answers about cases and jobs."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from afirgen.case.evidence import Source, Transcript
from afirgen.case.fir import FirDocument, Prose
from afirgen.case.job import Job
from afirgen.case.law import LegalView
from afirgen.case.session import SessionStatus, Step
from afirgen.jobs.views import CaseView, Content, SummaryStep
from afirgen.pipeline.run import STAGES
from afirgen.store.cases import CaseRecord, StepVersion
from afirgen.web.api.v1.describe import CASE_ID, JOB_ID
from afirgen.web.deps import WebDeps

Id = Annotated[str, Meta(description="The case's id.", examples=[CASE_ID])]
Moment = Annotated[datetime, Meta(description="A moment, UTC.")]


class JobShown(Struct, frozen=True, kw_only=True):
    """A piece of drafting and how far it is."""

    id: Annotated[str, Meta(description="The job's id.", examples=[JOB_ID])]
    case_id: Id
    step: Annotated[Step, Meta(description="The step that is drafted.")]
    state: Annotated[str, Meta(description="queued, running, done, failed or cancelled; the last three are the end.")]
    again: Annotated[bool, Meta(description="Whether a step that was there is drafted once more.")]
    note: Annotated[str | None, Meta(description="The officer's note for the new draft.")]
    attempt: Annotated[int, Meta(description="How often the work was begun; more than 1 after a crash.")]
    before: Annotated[int, Meta(description="The place in the queue: open jobs that were opened before this one.")]
    stage: Annotated[str | None, Meta(description="What is being done.", examples=["sections"])]
    stage_name: Annotated[str | None, Meta(description="The same in words.", examples=["Checking the sections"])]
    share: Annotated[float | None, Meta(description="How much of the stage is done, 0 to 1.", examples=[0.4])]
    error: Annotated[str | None, Meta(description="Why it failed, in a sentence.")]
    created_at: Moment
    started_at: Annotated[datetime | None, Meta(description="When the work began first, UTC.")]
    finished_at: Annotated[datetime | None, Meta(description="When it ended, UTC.")]


class CaseShown(Struct, frozen=True, kw_only=True):
    """A case without its contents."""

    id: Id
    status: Annotated[SessionStatus, Meta(description="processing while the program drafts.")]
    step: Annotated[Step, Meta(description="The step that the case is at.")]
    source: Annotated[Source, Meta(description="The original as received.")]
    language: Annotated[str | None, Meta(description="The language that the officer chose, if any.", examples=["hi"])]
    reported_on: Moment
    created_at: Moment
    last_activity: Moment
    fir_number: Annotated[str | None, Meta(examples=["FIR-1a2b3c4d-20250307143000"])]
    error: Annotated[str | None, Meta(description="Why the last draft failed, in a sentence.")]
    hold: Annotated[str | None, Meta(description="Why the case is on hold, if it is.")]


class StepShown(Struct, frozen=True, kw_only=True):
    """A version of a step, without its content."""

    step: Step
    version: Annotated[int, Meta(description="Counts from 1 in each step.", examples=[2])]
    author: Annotated[str, Meta(description="machine or officer.", examples=["machine"])]
    models: Annotated[tuple[str, ...], Meta(description="The models that had a part in it.")]
    note: Annotated[str | None, Meta(description="The officer's note for this draft.")]
    created_at: Moment


class StepContent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version of a step says: exactly one of these, by its step."""

    transcript: Transcript | None = None
    summary: SummaryStep | None = None
    sections: LegalView | None = None
    narrative: Prose | None = None
    form: FirDocument | None = None


class CaseFull(Struct, frozen=True, kw_only=True):
    """A case with the content of its current step and the work on it."""

    case: CaseShown
    steps: Annotated[list[StepShown], Meta(description="The newest version of each step that was reached.")]
    content: Annotated[StepContent | None, Meta(description="The current step's content; null while it is drafted.")]
    job: Annotated[JobShown | None, Meta(description="The work that is going on, if any.")]


class CasePage(Struct, frozen=True, kw_only=True):
    """A part of the list of cases, newest first."""

    cases: list[CaseShown]
    limit: int
    offset: int
    next_offset: Annotated[int | None, Meta(description="Where the next part begins; null after the last.")]


def case_shown(record: CaseRecord) -> CaseShown:
    """Return a case as it is shown."""
    return CaseShown(**{name: getattr(record, name) for name in CaseShown.__struct_fields__})


def step_shown(version: StepVersion) -> StepShown:
    """Return a version as it is shown."""
    return StepShown(**{name: getattr(version, name) for name in StepShown.__struct_fields__})


def content_shown(content: Content) -> StepContent:
    """Return a content under the name of its kind."""
    match content:
        case Transcript():
            return StepContent(transcript=content)
        case SummaryStep():
            return StepContent(summary=content)
        case LegalView():
            return StepContent(sections=content)
        case Prose():
            return StepContent(narrative=content)
        case FirDocument():
            return StepContent(form=content)


async def case_full(view: CaseView, deps: WebDeps) -> CaseFull:
    """Return a case with everything about its current step."""
    processing = view.record.status is SessionStatus.PROCESSING
    content = view.contents.get(view.record.step)
    job = await deps.desk.jobs.open_of(view.record.id) if processing else None
    return CaseFull(
        case=case_shown(view.record),
        steps=[step_shown(view.versions[step]) for step in Step if step in view.versions],
        content=content_shown(content) if content is not None and not processing else None,
        job=await job_shown(job, deps) if job else None,
    )


async def job_shown(job: Job, deps: WebDeps) -> JobShown:
    """Return a job with its place in the queue and its progress."""
    progress = None if job.state.over else deps.board.progress(job.case_id)
    return JobShown(
        id=job.id,
        case_id=job.case_id,
        step=job.step,
        state=job.state.value,
        again=job.again,
        note=job.note,
        attempt=job.attempt,
        before=0 if job.state.over else await deps.desk.jobs.before(job),
        stage=progress.stage if progress else None,
        stage_name=STAGES.get(progress.stage) if progress else None,
        share=progress.share if progress else None,
        error=job.error,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
