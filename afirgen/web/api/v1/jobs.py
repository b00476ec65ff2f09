"""Jobs: what is drafted, how far it is, its events as a stream, and stopping it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from msgspec import Meta, Struct

from afirgen.case.job import JobEvent
from afirgen.case.session import SessionStatus
from afirgen.errors import InvalidInputError
from afirgen.jobs.ending import end_tasks
from afirgen.pipeline.run import STAGES
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.answers import JobShown, job_shown
from afirgen.web.api.v1.describe import CaseId, JobId, Limit, Offset, refusals
from afirgen.web.deps import By, Deps

_TAGS = ["Jobs"]
_HEARTBEAT_S = 15.0
# A client comes back by itself with the number of the last event that it has.
_LONGEST_S = 600.0
_COME_BACK_MS = 2000
_LONGEST_NUMBER = 9


class JobPage(Struct, frozen=True, kw_only=True):
    """A part of the list of jobs, newest first."""

    jobs: list[JobShown]
    limit: int
    offset: int


class CaseProgress(Struct, frozen=True, kw_only=True):
    """How far the work on a case is; stage and share are null when nothing is drafted."""

    status: SessionStatus
    stage: Annotated[str | None, Meta(examples=["sections"])]
    share: Annotated[float | None, Meta(description="How much of the stage is done, 0 to 1.")]


class EventShown(Struct, frozen=True, kw_only=True):
    """An event of a job, as `data` of the stream; its `id` there is `seq`, its `event` is the state or `progress`."""

    seq: Annotated[int, Meta(description="Counts from 1 in each job.")]
    at: Annotated[str, Meta(description="UTC, ISO.")]
    state: Annotated[str, Meta(description="queued, running, done, failed or cancelled.", examples=["running"])]
    stage: Annotated[str | None, Meta(examples=["sections"])]
    stage_name: Annotated[str | None, Meta(examples=["Checking the sections"])]
    share: Annotated[float | None, Meta(description="How much of the stage is done, 0 to 1.")]


@get("/api/v1/jobs", tags=_TAGS, responses=refusals())
async def list_jobs(
    deps: Deps,
    case_id: Annotated[str | None, QueryParameter(description="Only jobs of this case.")] = None,
    which: Annotated[Literal["open", "all"], QueryParameter(description="open: only jobs that are not over.")] = "all",
    limit: Limit = 20,
    offset: Offset = 0,
) -> JobPage:
    """List jobs, newest first."""
    case = case_id_of(case_id) if case_id else None
    found = await deps.desk.jobs.page(case_id=case, only_open=which == "open", limit=limit, offset=offset)
    return JobPage(jobs=[await job_shown(job, deps) for job in found], limit=limit, offset=offset)


@get("/api/v1/cases/{case_id:str}/progress", tags=_TAGS, responses=refusals(404))
async def case_progress(case_id: CaseId, deps: Deps) -> CaseProgress:
    """Tell how far the work on a case is, in short."""
    case = case_id_of(case_id)
    now = deps.board.progress(case)
    status = (await deps.review.view(case)).record.status
    return CaseProgress(status=status, stage=now.stage if now else None, share=now.share if now else None)


@get("/api/v1/jobs/{job_id:str}", tags=_TAGS, responses=refusals(404))
async def show_job(job_id: JobId, deps: Deps) -> JobShown:
    """Tell how far a job is."""
    return await job_shown(await deps.desk.jobs.get(job_id), deps)


@delete("/api/v1/jobs/{job_id:str}", tags=_TAGS, status_code=200, responses=refusals(403, 404, 409))
async def cancel_job(job_id: JobId, deps: Deps, by: By) -> JobShown:
    """Stop a job.

    A step that is drafted once more goes back to the draft that it had; another step can be tried again or written by
    hand.
    """
    return await job_shown(await deps.review.cancel(job_id, by=by), deps)


@get(
    "/api/v1/jobs/{job_id:str}/events",
    tags=_TAGS,
    media_type="text/event-stream",
    responses={**refusals(404), 204: ResponseSpec(None, description="The job is over and all its events are known.")},
)
async def follow_job(
    job_id: JobId,
    deps: Deps,
    last_event_id: Annotated[
        str, HeaderParameter(name="Last-Event-ID", description="The number of the last event that the client has.")
    ] = "",
) -> Response[None] | ServerSentEvent:
    """Stream a job's events until it is over; all of them, or those after Last-Event-ID.

    A comment comes every 15 seconds when nothing else does. After 10 minutes the stream ends and the client attaches
    again. A client that has all events of a job that is over gets 204, which tells a browser not to come back.
    """
    after = _number(last_event_id)
    over = (await deps.desk.jobs.get(job_id)).state.over
    if over and not await deps.desk.jobs.events(job_id, after=after):
        return Response(None, status_code=204)
    return ServerSentEvent(_stream(deps.board.follow(job_id, after)))


def _number(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise InvalidInputError("Last-Event-ID is not right. It is the number of an event of this job.")
    return int(text)


async def _stream(events: AsyncIterator[JobEvent]) -> AsyncIterator[ServerSentEventMessage]:
    """Give the events as messages, with a sign of life where none comes for a while."""
    end = time.monotonic() + _LONGEST_S
    coming = asyncio.ensure_future(anext(events, None))
    yield ServerSentEventMessage(data=None, retry=_COME_BACK_MS, comment="following")
    try:
        while time.monotonic() < end:
            done, _ = await asyncio.wait({coming}, timeout=_HEARTBEAT_S)
            if not done:
                yield ServerSentEventMessage(data=None, comment="still here")
                continue
            event = coming.result()
            if event is None:
                return
            yield _message(event)
            coming = asyncio.ensure_future(anext(events, None))
    finally:
        await end_tasks(coming)


def _message(event: JobEvent) -> ServerSentEventMessage:
    shown = EventShown(
        seq=event.seq,
        at=event.at.isoformat(),
        state=event.state.value,
        stage=event.stage,
        stage_name=STAGES.get(event.stage or ""),
        share=event.share,
    )
    name = "progress" if event.stage else event.state.value
    return ServerSentEventMessage(data=msgspec.json.encode(shown).decode(), event=name, id=event.seq)


HANDLERS = (list_jobs, case_progress, show_job, cancel_job, follow_job)
