"""The steps in their order, over the engines: the one way from a complaint to a draft."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from afirgen import __version__
from afirgen.case.evidence import Source, Transcript
from afirgen.case.facts import Facts
from afirgen.case.fir import FirDocument, Prose, Provenance, Station
from afirgen.case.languages import LANGUAGES
from afirgen.case.law import LegalView
from afirgen.case.state import CaseState
from afirgen.errors import InvalidInputError, StepConflictError
from afirgen.inference.engine import EngineState, EngineStatus, Priority
from afirgen.pipeline.assess import LawSources, find_sections
from afirgen.pipeline.choose import choose_sections
from afirgen.pipeline.compose import compose
from afirgen.pipeline.excerpt import excerpt
from afirgen.pipeline.facts import extract_facts, spans_of
from afirgen.pipeline.intake import Limits, open_source
from afirgen.pipeline.memory import Memory
from afirgen.pipeline.model_port import LanguageModel
from afirgen.pipeline.narrate import narrate
from afirgen.pipeline.orders import hide_orders
from afirgen.pipeline.read_along import read_ahead, reading_along
from afirgen.pipeline.summarise import summarise
from afirgen.pipeline.trace import Trace, TracedModel
from afirgen.pipeline.transcribe import Listener, PageReader, transcribe
from afirgen.telemetry.steps import step

E_co = TypeVar("E_co", covariant=True)
V = TypeVar("V")
OnProgress = Callable[[str, float], None]

STAGES = {
    "models": "Loading the models",
    "transcript": "Reading the complaint",
    "facts": "Collecting the facts",
    "sections": "Checking the sections",
    "narrative": "Writing the narrative",
    "form": "Filling the form",
}
"""The stages that progress is told for, in order, with their names for people."""

# A stage is told to be complete once, at its end.
_NEARLY = 0.99


class Slot(Protocol[E_co]):
    """A role's current engine, lent for one piece of work."""

    def use(self) -> AbstractAsyncContextManager[E_co]:
        """Lend the engine; it is not replaced before the block ends."""

    async def ready(self) -> None:
        """Wait until the engine takes work; raise ``ModelUnavailableError`` if it cannot."""

    def status(self) -> EngineStatus:
        """Return a snapshot."""


class Engines(Struct, frozen=True, kw_only=True):
    """The engines that the steps use."""

    llm: Slot[LanguageModel]
    speech: Slot[Listener]
    ocr: Slot[PageReader]


class Original(Struct, frozen=True, kw_only=True):
    """What was received. ``language`` is the officer's choice; None lets the source decide."""

    data: bytes | Path
    filename: str | None = None
    declared: str | None = None
    language: str | None = None


class Pipeline:
    """Each step takes the case as it stands and returns the step's value; nothing is stored here."""

    def __init__(
        self,
        engines: Engines,
        law: LawSources,
        *,
        station: Station,
        limits: Limits | None = None,
        step_timeout_s: float | None = None,
    ) -> None:
        self._engines = engines
        self._law = law
        self._station = station
        self._limits = limits or Limits()
        self._timeout = step_timeout_s
        self._memory = Memory()

    async def inspect(self, original: Original) -> Source:
        """Look at an original and say what it is; raise as :func:`open_source` does if it cannot be taken."""
        intake = await asyncio.to_thread(
            open_source,
            original.data,
            filename=original.filename,
            declared=original.declared,
            limits=self._limits,
        )
        if original.language is not None and original.language not in LANGUAGES:
            raise InvalidInputError(f"The language is not known. Use one of {', '.join(LANGUAGES)}.")
        return intake.source

    def choose_sections(self, view: LegalView, wanted: str) -> LegalView:
        """Propose exactly the sections that the officer lists, one a line or separated by commas.

        Raises:
            InvalidInputError: A section is not in the loaded law.
        """
        return choose_sections(view, wanted, self._law)

    async def read(self, original: Original, on_progress: OnProgress) -> tuple[Source, Transcript]:
        """Accept the original and turn it into text.

        Raises the errors of :func:`open_source` for what cannot become a complaint, and of the engines.
        """
        with _stage("transcript", on_progress) as share:
            intake = await asyncio.to_thread(
                open_source,
                original.data,
                filename=original.filename,
                declared=original.declared,
                limits=self._limits,
            )
            async with (
                self._lend(self._engines.speech, needed=intake.audio is not None) as listener,
                self._lend(self._engines.ocr, needed=bool(intake.pages)) as reader,
                reading_along(self._read_ahead) as heard,
            ):
                transcript = await transcribe(
                    intake,
                    listener=listener,
                    reader=reader,
                    language=original.language,
                    on_progress=share,
                    on_text=heard,
                )
        return intake.source, transcript

    async def _read_ahead(self, heard: Transcript) -> None:
        if self._engines.llm.status().state is EngineState.READY:
            async with self._lend_model(None) as model:
                await read_ahead(heard, model)

    async def summarise(
        self,
        case: CaseState,
        on_progress: OnProgress,
        *,
        priority: Priority = Priority.OFFICER,
        trace: Trace | None = None,
    ) -> tuple[Facts, Prose]:
        """Collect the facts and choose the sentences that sum the complaint up."""
        transcript = _needed(case.transcript)
        with _stage("facts", on_progress):
            async with self._lend_model(trace) as model:
                facts = await extract_facts(
                    transcript,
                    reported_on=case.reported_on.date(),
                    model=model,
                    priority=priority,
                    deadline_s=self._timeout,
                )
        return facts, summarise(narrate(transcript, facts), spans_of(facts))

    async def find_sections(
        self,
        case: CaseState,
        on_progress: OnProgress,
        *,
        priority: Priority = Priority.OFFICER,
        trace: Trace | None = None,
    ) -> LegalView:
        """Find the law, the sections that the facts make out, and the route."""
        with _stage("sections", on_progress):
            async with self._lend_model(trace) as model:
                transcript = hide_orders(_needed(case.transcript))
                shown = excerpt(transcript, model)
                return await find_sections(
                    shown if shown.text else transcript,
                    _needed(case.facts),
                    sources=self._law,
                    model=model if shown.text else None,
                    priority=priority,
                    deadline_s=self._timeout,
                )

    async def narrate(self, case: CaseState, on_progress: OnProgress) -> Prose:
        """Write the narrative in reported speech."""
        with _stage("narrative", on_progress):
            return narrate(_needed(case.transcript), _needed(case.facts))

    async def compose(self, case: CaseState, on_progress: OnProgress) -> FirDocument:
        """Fill the form."""
        with _stage("form", on_progress):
            return compose(
                case,
                station=self._station,
                provenance=Provenance(
                    program=f"AFIRGen {__version__}", models=self.models_of(case), drafted_at=datetime.now(UTC)
                ),
            )

    async def draft(self, original: Original, *, reported_on: datetime, on_progress: OnProgress) -> FirDocument:
        """Run every step on one complaint."""
        source, transcript = await self.read(original, on_progress)
        case = CaseState(source=source, reported_on=reported_on, language=original.language, transcript=transcript)
        async with self._asked_ahead(case):
            facts, summary = await self.summarise(case, on_progress)
        case = msgspec.structs.replace(case, facts=facts, summary=summary)
        case = msgspec.structs.replace(case, law=await self.find_sections(case, on_progress))
        case = msgspec.structs.replace(case, narrative=await self.narrate(case, on_progress))
        return await self.compose(case, on_progress)

    @asynccontextmanager
    async def _asked_ahead(self, case: CaseState) -> AsyncIterator[None]:
        """Put the questions of the sections to the model beside the block's work, which leaves it room.

        The dates and times that rules find are mostly those of the facts, and then nothing is asked again.
        """
        facts = await extract_facts(_needed(case.transcript), reported_on=case.reported_on.date(), model=None)
        guess = msgspec.structs.replace(case, facts=facts)
        asking = asyncio.create_task(self.find_sections(guess, lambda _stage, _share: None))
        try:
            yield
            await asking
        finally:
            asking.cancel()

    def models_of(self, case: CaseState) -> tuple[str, ...]:
        """Name the models that had a part in the case."""
        slots: list[Slot[object]] = [self._engines.llm]
        if case.source.kind.value == "audio":
            slots.append(self._engines.speech)
        if case.source.kind.value in {"image", "pdf"}:
            slots.append(self._engines.ocr)
        return tuple(slot.status().model for slot in slots)

    @asynccontextmanager
    async def _lend_model(self, trace: Trace | None) -> AsyncIterator[LanguageModel]:
        """Lend the language model, its requests noted in ``trace``."""
        async with self._lend(self._engines.llm) as engine:
            model = self._memory.of(engine, self._engines.llm.status().model)
            yield TracedModel(model, trace) if trace else model

    @asynccontextmanager
    async def _lend(self, slot: Slot[E_co], *, needed: bool = True) -> AsyncIterator[E_co]:
        """Lend an engine, waiting for it to be loaded only where the step needs it."""
        if needed:
            await slot.ready()
        async with slot.use() as engine:
            yield engine


@contextmanager
def _stage(name: str, on_progress: OnProgress) -> Iterator[Callable[[float], None]]:
    """Tell progress at the start and, unless it failed, at the end of a stage; lend a function for between."""
    on_progress(name, 0.0)
    with step(name):
        yield lambda share: on_progress(name, min(share, _NEARLY))
    on_progress(name, 1.0)


def _needed(value: V | None) -> V:
    if value is None:
        raise StepConflictError("An earlier step of this case is not done yet. Finish it first.")
    return value
