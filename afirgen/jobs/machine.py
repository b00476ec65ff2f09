"""The machine's part in a case: the step of a job is drafted, and the draft or its failure is kept."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from afirgen.case.audit import MACHINE, Action, Event
from afirgen.case.fir import FirDocument
from afirgen.case.job import Closing, Job, JobState
from afirgen.case.session import SessionStatus
from afirgen.errors import AfirgenError, LostLeaseError
from afirgen.jobs.drafting import Draft, Drafter
from afirgen.jobs.fir_text import fir_text
from afirgen.jobs.views import CaseView, read_case
from afirgen.pipeline.run import OnProgress
from afirgen.store.cases import CaseStore, NewVersion

_log = structlog.get_logger(__name__)
# A job that the program stopped in so often is likely what stops it.
_MOST_ATTEMPTS = 5
STOPPED_OFTEN = (
    "The program stopped several times while it worked on this. "
    "Try it again; if it stops again, write it by hand and tell the administrator."
)
"""What a case says whose job was given up."""


class Machine:
    """Does the jobs that it is given; ``render`` makes the text of a form."""

    def __init__(self, cases: CaseStore, drafter: Drafter, render: Callable[[FirDocument], str]) -> None:
        self._cases = cases
        self._drafter = drafter
        self._render = render

    async def work(self, job: Job, owner: str, report: OnProgress) -> None:
        """Draft the step of a job, which ``owner`` holds, and keep it; a failure is kept with the case."""
        view = await read_case(self._cases, job.case_id)
        if job.attempt > _MOST_ATTEMPTS:
            await self._fail(job, owner, "stopped_often", STOPPED_OFTEN)
            return
        try:
            draft = await self._drafter.draft(view, report, fresh=job.again)
            await self._keep(view, draft, job, owner)
        except LostLeaseError:
            _log.info("job_given_up", job=job.id)
            return
        except AfirgenError as err:
            _log.warning("step_failed", case=job.case_id, code=err.code, detail=err.detail)
            await self._fail(job, owner, err.code, err.public)
            return
        except Exception:  # noqa: BLE001 - whatever fails, the case must not be left processing for ever
            _log.exception("step_failed", case=job.case_id)
            await self._fail(job, owner, "unexpected", "The step failed. Try it again.")
            return
        after = await read_case(self._cases, job.case_id)
        if after.record.step is job.step and after.record.status is SessionStatus.AWAITING_VALIDATION:
            self._drafter.begin_next(after)

    async def _fail(self, job: Job, owner: str, code: str, sentence: str) -> None:
        event = Event(actor=MACHINE, action=Action.STEP_FAILED, details={"code": code})
        with suppress(LostLeaseError):
            await self._cases.update(
                job.case_id,
                event,
                job=Closing(job_id=job.id, state=JobState.FAILED, owner=owner, error=sentence),
                status=SessionStatus.ERROR.value,
                error=sentence,
            )

    async def _keep(self, view: CaseView, draft: Draft, job: Job, owner: str) -> None:
        """Append the machine's version; the last step also writes the numbered FIR."""
        changes: dict[str, Any] = {"status": SessionStatus.AWAITING_VALIDATION.value, "error": None}
        fir = None
        if isinstance(draft.content, FirDocument):
            fir = fir_text(draft.content, self._render)
            changes["fir_number"] = fir.number
        version = NewVersion(
            step=view.record.step,
            content=msgspec.json.encode(draft.content),
            author="machine",
            models=draft.models,
            note=job.note,
        )
        event = Event(actor=MACHINE, action=Action.STEP_DRAFTED, details=draft.basis)
        done = Closing(job_id=job.id, state=JobState.DONE, owner=owner)
        await self._cases.add_version(view.record.id, version, event, fir=fir, job=done, **changes)
