"""A case's way through the five review steps: what the machine drafts, what the officer decides, what is kept."""

import asyncio
import unicodedata
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from afirgen import __version__
from afirgen.case.audit import MACHINE, Action, Actor, Event, text_hash
from afirgen.case.evidence import Transcript
from afirgen.case.fir import FirDocument, Prose
from afirgen.case.law import LegalView
from afirgen.case.rights import Right, allow
from afirgen.case.session import REGENERABLE, SessionStatus, Step
from afirgen.errors import (
    AfirgenError,
    ChangedMeanwhileError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    StepConflictError,
)
from afirgen.inference.engine import Priority
from afirgen.jobs.views import CaseView, Content, SummaryStep, decode, officers_prose, shown, state_of
from afirgen.pipeline.by_hand import corrected, empty_transcript, facts_by_rule, no_sections
from afirgen.pipeline.intake import Limits
from afirgen.pipeline.run import Original, Pipeline
from afirgen.pipeline.trace import Trace
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseRecord, CaseStore, NewVersion
from afirgen.store.firs import FirStore, FirText, new_fir_number
from afirgen.store.originals import Originals
from afirgen.telemetry.steps import case as noted_case

_log = structlog.get_logger(__name__)
_LONGEST_NOTE = 10_000
_WRITING = (Action.CASE_ACCEPTED, Action.STEP_EDITED)


class Progress(Struct, frozen=True):
    """How far the work on a case is: the stage's name and the share of it done, 0..1."""

    stage: str
    share: float


class Draft(Struct, frozen=True):
    """What the machine made of a step, and what the audit log says about how."""

    content: Content
    models: tuple[str, ...]
    basis: dict[str, Any]


class Seen(Struct, frozen=True):
    """Which version of which step an officer had before the eyes."""

    step: Step
    version: int


@dataclass(frozen=True)
class Stores:
    """Where cases, FIRs and originals are kept."""

    cases: CaseStore
    firs: FirStore
    originals: Originals
    audit: AuditLog


@dataclass(frozen=True)
class Rules:
    """What the installation allows.

    ``capacity`` is how many cases are drafted on at once, ``timeout_s`` how long one may wait for a decision;
    with ``separate_approver`` whoever wrote in a case may not approve its form.
    """

    capacity: int
    timeout_s: int
    separate_approver: bool = False
    limits: Limits = field(default_factory=Limits)


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
        self._model_hash = model_hash
        self._locks: dict[str, asyncio.Lock] = {}
        self._working = 0
        self._progress: dict[str, Progress] = {}
        self._ahead: dict[str, asyncio.Task[Draft]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # --- taking in ----------------------------------------------------------------------------------------

    async def accept(self, data: bytes, original: Original, *, by: Actor, wait: bool = False) -> CaseRecord:
        """Store an original, begin its case and the work on it, and return at once, or when that work is done.

        Raises what intake raises for a complaint that cannot be taken, before anything is stored.
        """
        allow(by, Right.REVIEW)
        if self._working >= self._rules.capacity:
            raise OverloadedError("All drafting places are taken. Try again in a minute.", retry_after_s=30)
        source = await self._pipeline.inspect(original)
        await asyncio.to_thread(self._stores.originals.put, data, source.sha256)
        event = Event(actor=by, action=Action.CASE_ACCEPTED, details={"source": msgspec.to_builtins(source)})
        record = await self._stores.cases.create(
            source, event, language=original.language, reported_on=datetime.now(UTC)
        )
        work = self._spawn(self._work(record.id))
        if wait:
            # The work goes on also when nobody waits for it any more.
            await asyncio.shield(work)
        return record

    async def resume(self) -> int:
        """Take up every case that was being worked on when the program stopped; return how many."""
        waiting = await self._stores.cases.unfinished()
        for case_id in waiting:
            self._spawn(self._work(case_id))
        return len(waiting)

    async def close(self) -> None:
        """Stop all work; what was begun is taken up by :meth:`resume` after the next start."""
        pending = [*self._tasks, *self._ahead.values()]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    # --- looking ------------------------------------------------------------------------------------------

    async def view(self, case_id: str) -> CaseView:
        """Return a case with its newest contents; an idle one that has waited too long is marked expired."""
        record = await self._stores.cases.get(case_id)
        idle = (datetime.now(UTC) - record.last_activity).total_seconds()
        if record.status is SessionStatus.AWAITING_VALIDATION and idle > self._rules.timeout_s:
            expired = Event(actor=MACHINE, action=Action.CASE_EXPIRED, details={"idle_s": int(idle)})
            await self._stores.cases.update(case_id, expired, status=SessionStatus.EXPIRED.value)
            record = await self._stores.cases.get(case_id)
        versions = await self._stores.cases.newest(case_id)
        contents = {step: decode(version) for step, version in versions.items()}
        return CaseView(record=record, versions=versions, contents=contents, state=state_of(record, contents))

    def progress(self, case_id: str) -> Progress | None:
        """Return how far the work on a case is, None when none is going on."""
        return self._progress.get(case_id)

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
        wait: bool = True,
    ) -> CaseView:
        """Approve the current step, with the officer's ``edit`` in its place if given, and draft the next one.

        ``seen`` is what the officer had before the eyes. Without ``wait`` the next step is drafted in the background
        and the case is returned as processing.

        Raises:
            NotAllowedError: The role may not decide, or the form needs another approver than its writer.
            StepConflictError: The case is not waiting for a decision.
            ChangedMeanwhileError: Somebody has written in the step since it was seen.
            InvalidInputError: The edit cannot be used for this step, or nothing is written down yet.
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
            written = view.contents[step]
            if isinstance(written, Transcript) and not written.text.strip():
                raise InvalidInputError("Nothing is written down yet. Write what the informant says first.")
            event = Event(actor=by, action=Action.STEP_APPROVED, details=shown(view, step))
            following = step.following
            if following is None:
                await self._stores.cases.update(case_id, event, status=SessionStatus.COMPLETED.value)
                return await self.view(case_id)
            await self._stores.cases.update(
                case_id, event, step=following.value, status=SessionStatus.PROCESSING.value, error=None
            )
            return await self._go_on(case_id, wait=wait)

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
            content: Content
            match step:
                case Step.TRANSCRIPT:
                    content = empty_transcript(view.state)
                case Step.SUMMARY:
                    content = SummaryStep(*await facts_by_rule(view.state))
                case Step.VIOLATIONS:
                    content = no_sections(view.state)
                case Step.NARRATIVE:
                    content = Prose()
                case Step.FINAL:
                    raise StepConflictError("The form is made from the earlier steps. Try it again.")
            version = NewVersion(step=step, content=msgspec.json.encode(content), author="machine")
            event = Event(actor=by, action=Action.STEP_BY_HAND, details={"step": step.value})
            await self._stores.cases.add_version(
                case_id, version, event, status=SessionStatus.AWAITING_VALIDATION.value, error=None
            )
            return await self.view(case_id)

    async def reject(self, case_id: str, *, by: Actor) -> CaseView:
        """Keep the step as it is; the case goes on waiting."""
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            view = await self._awaiting(case_id)
            event = Event(actor=by, action=Action.STEP_KEPT, details=shown(view, view.record.step))
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
            await self._stores.cases.update(case_id, event, step=step.value, status=SessionStatus.PROCESSING.value)
            return await self._go_on(case_id, note=note, fresh=True, wait=wait)

    async def retry(self, case_id: str, *, by: Actor, wait: bool = True) -> CaseView:
        """Draft the current step again after a failure."""
        allow(by, Right.REVIEW)
        async with self._lock(case_id):
            record = await self._stores.cases.get(case_id)
            if record.status is not SessionStatus.ERROR:
                raise StepConflictError("Nothing failed in this case.")
            event = Event(actor=by, action=Action.STEP_RETRIED, details={"step": record.step.value})
            await self._stores.cases.update(case_id, event, status=SessionStatus.PROCESSING.value, error=None)
            return await self._go_on(case_id, fresh=True, wait=wait)

    # --- the machine's part -------------------------------------------------------------------------------

    async def _go_on(self, case_id: str, *, wait: bool, note: str | None = None, fresh: bool = False) -> CaseView:
        """Draft the current step, here or in the background; the caller holds the case's lock."""
        if wait:
            await self._draft_step(case_id, note=note, fresh=fresh)
        else:
            self._spawn(self._work(case_id, note=note, fresh=fresh))
        return await self.view(case_id)

    async def _work(self, case_id: str, *, note: str | None = None, fresh: bool = False) -> None:
        async with self._lock(case_id):
            if (await self._stores.cases.get(case_id)).status is SessionStatus.PROCESSING:
                await self._draft_step(case_id, note=note, fresh=fresh)

    async def _draft_step(self, case_id: str, *, note: str | None = None, fresh: bool = False) -> None:
        """Draft the case's current step and keep it; a failure is kept with the case."""
        self._working += 1
        try:
            view = await self.view(case_id)
            ahead = self._ahead.pop(case_id, None)
            if ahead is not None and (fresh or _failed(ahead) or not _same(ahead, view)):
                ahead.cancel()
                ahead = None
            draft = await (ahead or self._draft(view, Priority.OFFICER))
            await self._keep(view, draft, note=note)
        except AfirgenError as err:
            _log.warning("step_failed", case=case_id, code=err.code, detail=err.detail)
            await self._fail(case_id, err.code, err.public)
            return
        except Exception:  # noqa: BLE001 - whatever fails, the case must not be left processing for ever
            _log.exception("step_failed", case=case_id)
            await self._fail(case_id, "unexpected", "The step failed. Try it again.")
            return
        finally:
            self._working -= 1
            self._progress.pop(case_id, None)
        await self._look_ahead(case_id)

    async def _fail(self, case_id: str, code: str, sentence: str) -> None:
        event = Event(actor=MACHINE, action=Action.STEP_FAILED, details={"code": code})
        await self._stores.cases.update(case_id, event, status=SessionStatus.ERROR.value, error=sentence)

    async def _draft(self, view: CaseView, priority: Priority) -> Draft:
        """Draft the case's current step, and say by which models, from which prompts and earlier versions."""
        trace = Trace()
        with noted_case(view.record.id):
            content = await self._content(view, priority, trace)
        models = self._pipeline.models_of(view.state)
        order = list(Step)
        earlier = order[: order.index(view.record.step)]
        basis = {
            "program": __version__,
            "models": [{"id": model, "sha256": self._model_hash(model)} for model in models],
            "inputs": [shown(view, step) for step in earlier if step in view.versions],
            **trace.details(),
        }
        return Draft(content, models, basis)

    async def _content(self, view: CaseView, priority: Priority, trace: Trace) -> Content:
        report = self._reporter(view.record.id)
        state = view.state
        match view.record.step:
            case Step.TRANSCRIPT:
                original = Original(
                    data=self._stores.originals.path(view.record.original),
                    filename=view.record.source.filename,
                    language=view.record.language,
                )
                return (await self._pipeline.read(original, report))[1]
            case Step.SUMMARY:
                return SummaryStep(*await self._pipeline.summarise(state, report, priority=priority, trace=trace))
            case Step.VIOLATIONS:
                return await self._pipeline.find_sections(state, report, priority=priority, trace=trace)
            case Step.NARRATIVE:
                return await self._pipeline.narrate(state, report)
            case Step.FINAL:
                number = state.fir_number or new_fir_number(datetime.now(UTC))
                return await self._pipeline.compose(msgspec.structs.replace(state, fir_number=number), report)

    async def _keep(self, view: CaseView, draft: Draft, *, note: str | None) -> None:
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
            note=note,
        )
        event = Event(actor=MACHINE, action=Action.STEP_DRAFTED, details=draft.basis)
        await self._stores.cases.add_version(view.record.id, version, event, fir=fir, **changes)

    def _fir(self, document: FirDocument) -> FirText:
        return FirText(
            number=document.fir_number or "",
            complaint=document.statement.text,
            content=self._render(document),
            violations=msgspec.json.encode(document.sections).decode(),
        )

    async def _look_ahead(self, case_id: str) -> None:
        """Draft the next step while the officer reads this one; used only if this one is approved unchanged."""
        view = await self.view(case_id)
        following = view.record.step.following
        if following is None or following is Step.FINAL:
            return
        record = msgspec.structs.replace(view.record, step=following)
        task = asyncio.create_task(
            self._draft(msgspec.structs.replace(view, record=record), Priority.PREFETCH),
            name=_basis(view),
        )
        task.add_done_callback(_forget_failure)
        previous = self._ahead.pop(case_id, None)
        if previous:
            previous.cancel()
        self._ahead[case_id] = task

    # --- the officer's part -------------------------------------------------------------------------------

    async def _check_approver(self, case_id: str, by: Actor) -> None:
        """Refuse whoever took the complaint in or wrote in a step, where the station wants a second pair of eyes."""
        if self._rules.separate_approver and by.name in await self._stores.audit.actors(case_id, _WRITING):
            raise NotAllowedError("You wrote in this case. Another officer has to approve the form.")

    async def _keep_edit(self, view: CaseView, edit: str | Content, by: Actor) -> None:
        step = view.record.step
        content = self._edited(view.contents[step], edit.strip()) if isinstance(edit, str) else edit
        if type(content) is not type(view.contents[step]):
            raise InvalidInputError("This cannot be kept for this step.")
        fir = self._fir(content) if isinstance(content, FirDocument) else None
        version = NewVersion(step=step, content=msgspec.json.encode(content), author="officer")
        event = Event(actor=by, action=Action.STEP_EDITED, details={"instead_of": shown(view, step)})
        await self._stores.cases.add_version(view.record.id, version, event, fir=fir)

    def _edited(self, current: Content, edit: str) -> Content:
        """Return the step's content with the officer's text in it."""
        if len(edit) > self._rules.limits.text_most:
            raise InvalidInputError("The text is too long. Shorten it.")
        text = unicodedata.normalize("NFC", edit)
        match current:
            case Transcript():
                return corrected(current, text)
            case SummaryStep():
                return SummaryStep(current.facts, officers_prose(text, current.summary))
            case LegalView():
                return self._pipeline.choose_sections(current, text)
            case Prose():
                return officers_prose(text, current)
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

    def _reporter(self, case_id: str) -> Callable[[str, float], None]:
        def report(stage: str, share: float) -> None:
            self._progress[case_id] = Progress(stage, share)

        return report

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


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


def _basis(view: CaseView) -> str:
    """Name what a draft made ahead rests on: the step and the contents before it."""
    return f"{view.record.step.value}:{hash(msgspec.json.encode(view.contents.get(view.record.step)))}"


def _same(ahead: "asyncio.Task[Draft]", view: CaseView) -> bool:
    order = list(Step)
    previous = order[order.index(view.record.step) - 1]
    return ahead.get_name() == f"{previous.value}:{hash(msgspec.json.encode(view.contents.get(previous)))}"


def _failed(ahead: "asyncio.Task[Draft]") -> bool:
    return ahead.done() and (ahead.cancelled() or ahead.exception() is not None)


def _forget_failure(task: "asyncio.Task[Draft]") -> None:
    """Read the failure of a draft made ahead; the step is drafted anew when the officer comes to it."""
    if not task.cancelled() and task.exception() is not None:
        _log.info("look_ahead_failed", reason=type(task.exception()).__name__)
