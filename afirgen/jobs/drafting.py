"""What the machine drafts for a step, also ahead of time while the officer reads the step before."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from afirgen import __version__
from afirgen.case.fir import Prose
from afirgen.case.session import Step
from afirgen.errors import StepConflictError
from afirgen.inference.engine import Priority
from afirgen.jobs.breaking import Breakers, part_for
from afirgen.jobs.ending import end_tasks
from afirgen.jobs.views import CaseView, Content, SummaryStep, shown
from afirgen.pipeline.by_hand import empty_transcript, facts_by_rule, no_sections
from afirgen.pipeline.run import OnProgress, Original, Pipeline
from afirgen.pipeline.trace import Trace
from afirgen.store.firs import new_fir_number
from afirgen.store.originals import Originals
from afirgen.telemetry.steps import case as noted_case

_log = structlog.get_logger(__name__)


class Draft(Struct, frozen=True):
    """What the machine made of a step, and what the audit log says about how."""

    content: Content
    models: tuple[str, ...]
    basis: dict[str, Any]


class _Ahead(Struct):
    """A draft made ahead: the step and content that it rests on, and the latest of its progress."""

    basis: tuple[Step, bytes]
    task: "asyncio.Task[Draft]"
    tell: OnProgress


class Drafter:
    """Drafts steps; of each case at most one step is drafted ahead."""

    def __init__(
        self,
        pipeline: Pipeline,
        originals: Originals,
        model_hash: Callable[[str], str | None],
        breakers: Breakers,
    ) -> None:
        self._pipeline = pipeline
        self._breakers = breakers
        self._originals = originals
        self._model_hash = model_hash
        self._ahead: dict[str, _Ahead] = {}

    async def draft(self, view: CaseView, report: OnProgress, *, fresh: bool = False) -> Draft:
        """Return the draft of the case's current step: the one made ahead where it still fits, unless ``fresh``."""
        ahead = self._ahead.pop(view.record.id, None)
        if ahead is not None and (fresh or _failed(ahead.task) or ahead.basis != _basis(view, _before(view))):
            ahead.task.cancel()
            ahead = None
        if ahead is None:
            return await self._draft(view, report, Priority.OFFICER)
        ahead.tell = report
        return await ahead.task

    def begin_next(self, view: CaseView) -> None:
        """Draft the next step while the officer reads this one."""
        following = view.record.step.following
        if following is None or following is Step.FINAL:
            return
        next_view = msgspec.structs.replace(view, record=msgspec.structs.replace(view.record, step=following))
        self.forget(view.record.id)

        def report(stage: str, share: float) -> None:
            ahead.tell(stage, share)

        task = asyncio.create_task(self._draft(next_view, report, Priority.PREFETCH))
        task.add_done_callback(_forget_failure)
        ahead = _Ahead(_basis(view, view.record.step), task, lambda _stage, _share: None)
        self._ahead[view.record.id] = ahead

    def forget(self, case_id: str) -> None:
        """Throw away what was drafted ahead for a case."""
        ahead = self._ahead.pop(case_id, None)
        if ahead is not None:
            ahead.task.cancel()

    async def close(self) -> None:
        """Stop all drafting ahead."""
        tasks = [ahead.task for ahead in self._ahead.values()]
        self._ahead.clear()
        await end_tasks(*tasks)

    async def _draft(self, view: CaseView, report: OnProgress, priority: Priority) -> Draft:
        """Draft the case's current step, and say by which models, from which prompts and earlier versions."""
        trace = Trace()
        with self._breakers.around(part_for(view.record.step, view.state)), noted_case(view.record.id):
            content = await self._content(view, report, priority, trace)
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

    async def _content(self, view: CaseView, report: OnProgress, priority: Priority, trace: Trace) -> Content:
        state = view.state
        match view.record.step:
            case Step.TRANSCRIPT:
                original = Original(
                    data=await asyncio.to_thread(self._originals.path, view.record.original),
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


async def without_model(view: CaseView) -> Content:
    """Return what the current step begins with when an officer writes it.

    Raises:
        StepConflictError: It is the form, which is made from the earlier steps.
    """
    match view.record.step:
        case Step.TRANSCRIPT:
            return empty_transcript(view.state)
        case Step.SUMMARY:
            return SummaryStep(*await facts_by_rule(view.state))
        case Step.VIOLATIONS:
            return no_sections(view.state)
        case Step.NARRATIVE:
            return Prose()
        case Step.FINAL:
            raise StepConflictError("The form is made from the earlier steps. Try it again.")


def _before(view: CaseView) -> Step:
    order = list(Step)
    return order[max(0, order.index(view.record.step) - 1)]


def _basis(view: CaseView, step: Step) -> tuple[Step, bytes]:
    """Name what a draft made ahead rests on: the step before it with its content."""
    return step, msgspec.json.encode(view.contents.get(step))


def _failed(task: "asyncio.Task[Draft]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _forget_failure(task: "asyncio.Task[Draft]") -> None:
    """Read the failure of a draft made ahead; the step is drafted anew when the officer comes to it."""
    if not task.cancelled() and task.exception() is not None:
        _log.info("look_ahead_failed", reason=type(task.exception()).__name__)
