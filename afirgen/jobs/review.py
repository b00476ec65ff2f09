"""What officers see of a case and decide in its five review steps."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from afirgen.case.audit import Action, Actor, Event, text_hash
from afirgen.case.evidence import Transcript
from afirgen.case.job import Closing, Job, JobState, NewJob
from afirgen.case.rights import Right, allow
from afirgen.case.session import REGENERABLE, SessionStatus, Step
from afirgen.errors import (
    ChangedMeanwhileError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    StepConflictError,
)
from afirgen.jobs.board import JobBoard
from afirgen.jobs.drafting import Drafter, without_model
from afirgen.jobs.edits import Edits
from afirgen.jobs.rules import Rules
from afirgen.jobs.stores import Stores
from afirgen.jobs.views import CaseView, Content, read_case, shown
from afirgen.store.cases import CaseRecord, NewVersion

_LONGEST_NOTE = 10_000
_WRITING = (Action.CASE_ACCEPTED, Action.STEP_EDITED)
_STOPPED = "The work was stopped by an officer. Try the step again, or write it by hand."


class Seen(Struct, frozen=True):
    """Which version of which step an officer had before the eyes."""

    step: Step
    version: int


class Review:
    """Shows cases and carries out what officers decide on them; one decision at a time on a case."""

    def __init__(self, stores: Stores, rules: Rules, edits: Edits, board: JobBoard, drafter: Drafter) -> None:
        self._stores = stores
        self._rules = rules
        self._edits = edits
        self._board = board
        self._drafter = drafter
        self._locks: dict[str, asyncio.Lock] = {}

    # --- looking ------------------------------------------------------------------------------------------

    async def view(self, case_id: str) -> CaseView:
        """Return a case with its newest contents; one that has waited too long is marked expired unless on hold."""
        view = await read_case(self._stores.cases, case_id)
        if self._waited_too_long(view.record):
            await self._expire(case_id)
            view = await read_case(self._stores.cases, case_id)
        return view

    async def record(self, case_id: str) -> CaseRecord:
        """Return a case without its contents, marked as :meth:`view` does."""
        record = await self._stores.cases.get(case_id)
        if self._waited_too_long(record):
            await self._expire(case_id)
            record = await self._stores.cases.get(case_id)
        return record

    def _waited_too_long(self, record: CaseRecord) -> bool:
        waits = record.status is SessionStatus.AWAITING_VALIDATION and record.hold is None
        return waits and record.last_activity < self._idle_since

    @property
    def _idle_since(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self._rules.timeout_s)

    async def _expire(self, case_id: str) -> None:
        """Mark a case as expired unless it was decided on, or put on hold, in this moment."""
        await self._stores.kept.expire(case_id, self._idle_since)
        self._drafter.forget(case_id)

    # --- deciding -----------------------------------------------------------------------------------------

    async def approve(
        self,
        case_id: str,
        *,
        by: Actor,
        edit: str | Content | None = None,
        seen: Seen | None = None,
        owns: bool = False,
        wait: bool = True,
    ) -> CaseView:
        """Approve the current step, with the officer's ``edit`` in its place if given, and draft the next one.

        ``seen`` is what the officer had before the eyes. ``owns`` says that the officer stands for sentences that say
        what the complaint does not. Without ``wait`` the next step is drafted in the background and the case is
        returned as processing.

        Raises:
            NotAllowedError: The role may not decide, or the form needs another approver than its writer.
            StepConflictError: The case is not waiting for a decision.
            ChangedMeanwhileError: Somebody has written in the step since it was seen.
            InvalidInputError: The edit cannot be used for this step, or nothing is written down yet.
            UnsupportedWordsError: A sentence says what the complaint does not, and the officer does not own it.
        """
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            view = await self._awaiting(case_id)
            _check_seen(view, seen)
            step = view.record.step
            if step.following is None:
                await self._check_approver(case_id, by)
            if edit is not None and not (isinstance(edit, str) and not edit.strip()):
                view = await self._edits.keep(view, edit, by)
            view = await self._edits.stand_for(view, by, owns=owns)
            written = view.contents[step]
            if isinstance(written, Transcript) and not written.text.strip():
                raise InvalidInputError("Nothing is written down yet. Write what the informant says first.")
            event = Event(actor=by, action=Action.STEP_APPROVED, details=shown(view, step))
            following = step.following
            if following is None:
                await self._stores.cases.update(case_id, event, status=SessionStatus.COMPLETED.value)
                return await self.view(case_id)
            return await self._begin(case_id, NewJob(id=str(uuid4()), step=following), event, wait=wait)

    async def save(self, case_id: str, edit: str | Content, *, by: Actor, seen: Seen) -> CaseView:
        """Keep the officer's text or content as a new version of the current step; the case goes on waiting.

        Raises as :meth:`approve` does.
        """
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            view = await self._awaiting(case_id)
            _check_seen(view, seen)
            return await self._edits.keep(view, edit, by)

    async def by_hand(self, case_id: str, *, by: Actor) -> CaseView:
        """Begin the step that failed without a model, for the officer to write.

        Raises:
            StepConflictError: Nothing failed in this case.
        """
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            view = await self.view(case_id)
            if view.record.status is not SessionStatus.ERROR:
                raise StepConflictError("Nothing failed in this case.")
            step = view.record.step
            content = await without_model(view)
            version = NewVersion(step=step, content=msgspec.json.encode(content), author="machine")
            event = Event(actor=by, action=Action.STEP_BY_HAND, details={"step": step.value})
            await self._stores.cases.add_version(
                case_id, version, event, status=SessionStatus.AWAITING_VALIDATION.value, error=None
            )
            return await self.view(case_id)

    async def reject(self, case_id: str, *, by: Actor, note: str | None = None) -> CaseView:
        """Keep the step as it is, with what the officer says of it on record; the case goes on waiting."""
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            view = await self._awaiting(case_id)
            details = shown(view, view.record.step) | ({"note": note} if note else {})
            event = Event(actor=by, action=Action.STEP_KEPT, details=details)
            await self._stores.cases.update(case_id, event)
            return view

    async def note(self, case_id: str, action: Action, details: dict[str, Any], *, by: Actor, seen: Seen) -> CaseView:
        """Put on record what the officer did with the current step without changing it.

        Raises as :meth:`approve` does.
        """
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            view = await self._awaiting(case_id)
            _check_seen(view, seen)
            event = Event(actor=by, action=action, details=shown(view, view.record.step) | details)
            await self._stores.cases.update(case_id, event)
            return view

    async def regenerate(
        self, case_id: str, step: Step, *, by: Actor, note: str | None = None, wait: bool = True
    ) -> CaseView:
        """Draft a step that was reached once more as a new version; later steps are drafted again after it."""
        allow(by, Right.REVIEW)
        if step not in REGENERABLE:
            raise StepConflictError("Only the summary, the sections and the narrative can be drafted again.")
        if note and len(note) > _LONGEST_NOTE:
            raise InvalidInputError("The note is too long. Use at most 10,000 characters.")
        async with self._lock(case_id):
            view = await self._awaiting(case_id)
            if step not in view.contents:
                raise StepConflictError("This step has not been reached yet.")
            details = shown(view, step) | {"note_sha256": text_hash(note) if note else None}
            event = Event(actor=by, action=Action.STEP_REGENERATED, details=details)
            job = NewJob(id=str(uuid4()), step=step, again=True, note=note)
            return await self._begin(case_id, job, event, wait=wait)

    async def reopen(self, case_id: str, step: Step, *, by: Actor) -> CaseView:
        """Go back to an earlier step as it stands, also from one that failed; what follows it is then drafted anew.

        Raises:
            StepConflictError: The case is not waiting for a decision, or the step is not an earlier one.
        """
        allow(by, Right.REVIEW)
        order = list(Step)
        async with self._lock(case_id):
            view = await self.view(case_id)
            if view.record.status is not SessionStatus.ERROR:
                view = await self._awaiting(case_id)
            if step not in view.contents or order.index(step) >= order.index(view.record.step):
                raise StepConflictError("Only an earlier step can be gone back to.")
            event = Event(actor=by, action=Action.STEP_REOPENED, details=shown(view, step))
            waiting = SessionStatus.AWAITING_VALIDATION.value
            await self._stores.cases.update(case_id, event, step=step.value, status=waiting, error=None)
            after = await self.view(case_id)
            self._drafter.begin_next(after)
            return after

    async def retry(self, case_id: str, *, by: Actor, wait: bool = True) -> CaseView:
        """Draft the current step again after a failure."""
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            record = await self._stores.cases.get(case_id)
            if record.status is not SessionStatus.ERROR:
                raise StepConflictError("Nothing failed in this case.")
            event = Event(actor=by, action=Action.STEP_RETRIED, details={"step": record.step.value})
            failed = await self._stores.jobs.page(case_id=case_id, limit=1)
            note = failed[0].note if failed else None
            return await self._begin(case_id, NewJob(id=str(uuid4()), step=record.step, note=note), event, wait=wait)

    async def cancel(self, job_id: str, *, by: Actor) -> Job:
        """Stop a job. A step that had a draft goes on waiting with it; else the officer tries again or writes it.

        Raises:
            NotFoundError: There is no such job.
            LostLeaseError: It is over already.
        """
        allow(by, Right.REVIEW)
        job = await self._stores.jobs.get(job_id)
        drafted = job.again and job.step in await self._stores.cases.newest(job.case_id)
        status = SessionStatus.AWAITING_VALIDATION if drafted else SessionStatus.ERROR
        await self._stores.cases.update(
            job.case_id,
            Event(actor=by, action=Action.JOB_CANCELLED, details={"job": job_id, "step": job.step.value}),
            job=Closing(job_id=job_id, state=JobState.CANCELLED),
            status=status.value,
            error=None if drafted else _STOPPED,
        )
        self._board.stop(job_id)
        return await self._stores.jobs.get(job_id)

    # --- book-keeping -------------------------------------------------------------------------------------

    async def _begin(self, case_id: str, job: NewJob, event: Event, *, wait: bool) -> CaseView:
        """Begin a job on a case's step and return the case, at once or when the job is over."""
        await self._stores.cases.update(
            case_id, event, job=job, step=job.step.value, status=SessionStatus.PROCESSING.value, error=None
        )
        self._board.start(job.id)
        if wait:
            await self._board.ended(job.id)
        return await self.view(case_id)

    async def _check_approver(self, case_id: str, by: Actor) -> None:
        """Refuse whoever took the complaint in or wrote in a step, where the station wants a second pair of eyes."""
        if self._rules.separate_approver and by.name in await self._stores.audit.actors(case_id, _WRITING):
            raise NotAllowedError("You wrote in this case. Another officer has to approve the form.")

    async def _awaiting(self, case_id: str) -> CaseView:
        view = await self.view(case_id)
        if view.record.status is SessionStatus.EXPIRED:
            raise NotFoundError("This session has expired. Start again with the complaint; the record is kept.")
        if view.record.status is not SessionStatus.AWAITING_VALIDATION:
            raise StepConflictError("This session is not waiting for a decision now.")
        return view

    def _lock(self, case_id: str) -> asyncio.Lock:
        return self._locks.setdefault(case_id, asyncio.Lock())


def _check_seen(view: CaseView, seen: Seen | None) -> None:
    """Refuse a decision on something that is not there any more."""
    if seen is None:
        return
    current = view.versions.get(view.record.step)
    if seen.step is not view.record.step or (current is not None and current.version != seen.version):
        raise ChangedMeanwhileError(
            "Somebody else, or you in another window, has changed this case since it was shown here. "
            "Look at it as it is now, then write again what is still needed."
        )
