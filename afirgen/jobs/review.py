"""A case's way through the five review steps: what the machine drafts, what the officer decides, what is kept."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from msgspec import Struct

from afirgen.case.audit import MACHINE, Action, Actor, Event, text_hash
from afirgen.case.evidence import Source, SourceKind, Transcript
from afirgen.case.fir import FirDocument, Prose
from afirgen.case.job import Closing, Job, JobEvent, JobState, NewJob
from afirgen.case.law import LegalView
from afirgen.case.rights import Right, allow
from afirgen.case.session import REGENERABLE, SessionStatus, Step
from afirgen.errors import (
    AfirgenError,
    ChangedMeanwhileError,
    InvalidInputError,
    LostLeaseError,
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    StepConflictError,
    UnsupportedMediaError,
    UnsupportedWordsError,
)
from afirgen.inference.breaker import ASR_OCR_SERVER
from afirgen.jobs.board import JobBoard, Progress
from afirgen.jobs.breaking import Breakers
from afirgen.jobs.drafting import Draft, Drafter, without_model
from afirgen.jobs.views import (
    CaseView,
    Content,
    SummaryStep,
    changed_sections,
    decode,
    officers_prose,
    owned,
    shown,
    state_of,
    unsupported,
)
from afirgen.pipeline.by_hand import corrected
from afirgen.pipeline.intake import Limits
from afirgen.pipeline.run import Original, Pipeline
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseRecord, CaseStore, NewVersion
from afirgen.store.firs import FirStore, FirText
from afirgen.store.jobs import JobStore
from afirgen.store.originals import Originals
from afirgen.store.retention import RetentionStore

_log = structlog.get_logger(__name__)
_LONGEST_NOTE = 10_000
_WRITING = (Action.CASE_ACCEPTED, Action.STEP_EDITED)
# A job that the program stopped in so often is likely what stops it.
_MOST_ATTEMPTS = 5
_STOPPED = "The work was stopped by an officer. Try the step again, or write it by hand."
STOPPED_OFTEN = (
    "The program stopped several times while it worked on this. "
    "Try it again; if it stops again, write it by hand and tell the administrator."
)


class Seen(Struct, frozen=True):
    """Which version of which step an officer had before the eyes."""

    step: Step
    version: int


@dataclass(frozen=True)
class Stores:
    """Where cases, jobs, FIRs and originals are kept."""

    cases: CaseStore
    jobs: JobStore
    firs: FirStore
    originals: Originals
    audit: AuditLog
    kept: RetentionStore


@dataclass(frozen=True)
class Rules:
    """What the installation allows.

    ``capacity`` is how many cases are drafted on at once, ``timeout_s`` how long one may wait for a decision;
    with ``separate_approver`` whoever wrote in a case may not approve its form. After ``lease_s`` without a sign of
    life a job is taken up by another worker, or after a restart.
    """

    capacity: int
    timeout_s: int
    separate_approver: bool = False
    limits: Limits = field(default_factory=Limits)
    lease_s: float = 15.0


class Review:
    """Accepts complaints and moves their cases along; one piece of work at a time on a case.

    Drafting on more cases than the rules allow at once is refused with :class:`OverloadedError`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        stores: Stores,
        *,
        rules: Rules,
        render: Callable[[FirDocument], str],
        model_hash: Callable[[str], str | None],
    ) -> None:
        self._pipeline = pipeline
        self._stores = stores
        self._rules = rules
        self._render = render
        self.breakers = Breakers()
        self._drafter = Drafter(pipeline, stores.originals, model_hash, self.breakers)
        self._board = JobBoard(stores.jobs, self._work, lease_s=rules.lease_s)
        self._locks: dict[str, asyncio.Lock] = {}
        self._taking = 0

    # --- taking in ----------------------------------------------------------------------------------------

    async def accept(
        self,
        data: bytes,
        original: Original,
        *,
        by: Actor,
        kinds: Collection[SourceKind] = tuple(SourceKind),
        wait: bool = False,
    ) -> CaseRecord:
        """Store an original, begin its case and the work on it, and return at once, or when that work is done.

        Raises what intake raises for a complaint that cannot be taken, before anything is stored; so is one whose
        content is none of ``kinds``.
        """
        allow(by, Right.REVIEW)
        with self._place():
            source = await self.inspect(original, kinds)
            await asyncio.to_thread(self._stores.originals.put, data, source.sha256)
            event = Event(actor=by, action=Action.CASE_ACCEPTED, details={"source": msgspec.to_builtins(source)})
            job = NewJob(id=str(uuid4()), step=Step.TRANSCRIPT)
            record = await self._stores.cases.create(
                source, event, language=original.language, reported_on=datetime.now(UTC), job=job
            )
            self._board.start(job.id)
        if wait:
            await self._end_of(job.id)
        return record

    async def inspect(self, original: Original, kinds: Collection[SourceKind]) -> Source:
        """Say what an original is; raise what intake raises for one that cannot be taken.

        Raises:
            UnsupportedMediaError: Its content is none of ``kinds``.
        """
        source = await self._pipeline.inspect(original)
        if source.kind not in kinds:
            raise UnsupportedMediaError("The file holds something else than is asked for here. Choose the right file.")
        return source

    async def read_only(self, original: Original, *, by: Actor) -> Transcript:
        """Return the text of a recording or page without a case; nothing is stored.

        Raises what :meth:`accept` raises, and what the engines raise.
        """
        allow(by, Right.REVIEW)
        with self._place(), self.breakers.around(ASR_OCR_SERVER):
            return (await self._pipeline.read(original, lambda _stage, _share: None))[1]

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold one of the places for work that is not a job yet; raise :class:`OverloadedError` when none is free."""
        if self.busy >= self._rules.capacity:
            raise OverloadedError("All drafting places are taken. Try again in a minute.", retry_after_s=30)
        self._taking += 1
        try:
            yield
        finally:
            self._taking -= 1

    @property
    def busy(self) -> int:
        """How many places are taken."""
        return self._board.busy + self._taking

    async def resume(self) -> int:
        """Take up every job that nobody works on, now and whenever a worker is gone; return how many there are now."""
        return await self._board.resume()

    async def close(self) -> None:
        """Stop all work; what was begun is taken up by :meth:`resume` after the next start."""
        await self._board.close()
        await self._drafter.close()

    @property
    def alive(self) -> bool:
        """Whether the loop that looks after the jobs runs."""
        return self._board.alive

    @property
    def worker(self) -> str:
        """The name under which this process has its jobs."""
        return self._board.worker

    # --- looking ------------------------------------------------------------------------------------------

    async def view(self, case_id: str) -> CaseView:
        """Return a case with its newest contents; one that has waited too long is marked expired unless on hold."""
        record, versions = await self._stores.cases.whole(case_id)
        if self._waited_too_long(record):
            await self._expire(case_id)
            record, versions = await self._stores.cases.whole(case_id)
        contents = {step: decode(version) for step, version in versions.items()}
        return CaseView(record=record, versions=versions, contents=contents, state=state_of(record, contents))

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

    def progress(self, case_id: str) -> Progress | None:
        """Return how far the work on a case is, None when none is going on or it has not told yet."""
        return self._board.progress(case_id)

    def follow(self, job_id: str, after: int = 0) -> AsyncIterator[JobEvent]:
        """Give the events of a job with a number above ``after`` as they come, until it is over."""
        return self._board.follow(job_id, after)

    async def recent(self, limit: int) -> tuple[CaseRecord, ...]:
        """Return the newest cases first."""
        return await self._stores.cases.recent(limit)

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
                await self._keep_edit(view, edit, by)
                view = await self.view(case_id)
            view = await self._stood_for(view, by, owns=owns)
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
            await self._keep_edit(view, edit, by)
            return await self.view(case_id)

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

    # --- the machine's part -------------------------------------------------------------------------------

    async def _begin(self, case_id: str, job: NewJob, event: Event, *, wait: bool) -> CaseView:
        """Begin a job on a case's step and return the case, at once or when the job is over."""
        await self._stores.cases.update(
            case_id, event, job=job, step=job.step.value, status=SessionStatus.PROCESSING.value, error=None
        )
        self._board.start(job.id)
        if wait:
            await self._end_of(job.id)
        return await self.view(case_id)

    async def _end_of(self, job_id: str) -> None:
        """Wait until a job is over, whoever does it; it goes on also when nobody waits for it any more."""
        async for _event in self._board.follow(job_id):
            pass

    async def _work(self, job: Job, owner: str) -> None:
        """Draft the step of a job and keep it; a failure is kept with the case."""
        view = await self.view(job.case_id)
        if job.attempt > _MOST_ATTEMPTS:
            await self._fail(job, owner, "stopped_often", STOPPED_OFTEN)
            return
        try:
            draft = await self._drafter.draft(view, partial(self._board.report, job.case_id), fresh=job.again)
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
        after = await self.view(job.case_id)
        if after.record.step is job.step and after.record.status is SessionStatus.AWAITING_VALIDATION:
            self._drafter.begin_next(after)

    async def _fail(self, job: Job, owner: str, code: str, sentence: str) -> None:
        event = Event(actor=MACHINE, action=Action.STEP_FAILED, details={"code": code})
        with suppress(LostLeaseError):
            await self._stores.cases.update(
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
            fir = self._fir(draft.content)
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
        await self._stores.cases.add_version(view.record.id, version, event, fir=fir, job=done, **changes)

    def _fir(self, document: FirDocument) -> FirText:
        return FirText(
            number=document.fir_number or "",
            complaint=document.statement.text,
            content=self._render(document),
            violations=msgspec.json.encode(document.sections).decode(),
        )

    # --- the officer's part -------------------------------------------------------------------------------

    async def _check_approver(self, case_id: str, by: Actor) -> None:
        """Refuse whoever took the complaint in or wrote in a step, where the station wants a second pair of eyes."""
        if self._rules.separate_approver and by.name in await self._stores.audit.actors(case_id, _WRITING):
            raise NotAllowedError("You wrote in this case. Another officer has to approve the form.")

    async def _keep_edit(self, view: CaseView, edit: str | Content, by: Actor) -> None:
        step = view.record.step
        content = self._edited(view, edit.strip()) if isinstance(edit, str) else edit
        if type(content) is not type(view.contents[step]):
            raise InvalidInputError("This cannot be kept for this step.")
        fir = self._fir(content) if isinstance(content, FirDocument) else None
        version = NewVersion(step=step, content=msgspec.json.encode(content), author="officer")
        details = {"instead_of": shown(view, step), **changed_sections(view.contents[step], content)}
        event = Event(actor=by, action=Action.STEP_EDITED, details=details)
        await self._stores.cases.add_version(view.record.id, version, event, fir=fir)

    async def _stood_for(self, view: CaseView, by: Actor, *, owns: bool) -> CaseView:
        """Let nothing pass that the complaint does not say unless the officer stands for it, on record."""
        content = view.contents[view.record.step]
        if not (open_ones := unsupported(content)):
            return view
        if not owns:
            listed = " ".join(f"“{s.text}” {s.problem}" for s in open_ones)
            raise UnsupportedWordsError(f"Correct this, or say that you know it yourself. {listed}")
        await self._keep_edit(view, owned(content), by)
        return await self.view(view.record.id)

    def _edited(self, view: CaseView, edit: str) -> Content:
        """Return the step's content with the officer's text in it."""
        current = view.contents[view.record.step]
        if len(edit) > self._rules.limits.text_most:
            raise InvalidInputError("The text is too long. Shorten it.")
        text = unicodedata.normalize("NFC", edit)
        match current:
            case Transcript():
                return corrected(current, text)
            case SummaryStep():
                return SummaryStep(current.facts, officers_prose(text, current.summary, view.state))
            case LegalView():
                return self._pipeline.choose_sections(current, text)
            case Prose():
                return officers_prose(text, current, view.state)
            case FirDocument():
                raise InvalidInputError("The form is made from the earlier steps. Send those back to change it.")

    # --- book-keeping -------------------------------------------------------------------------------------

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
