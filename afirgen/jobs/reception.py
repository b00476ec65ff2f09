"""Taking complaints in: what is stored and begun before anything is drafted."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from afirgen.case.audit import Action, Actor, Event
from afirgen.case.evidence import Source, SourceKind, Transcript
from afirgen.case.job import NewJob
from afirgen.case.rights import Right, allow
from afirgen.case.session import Step
from afirgen.errors import OverloadedError, UnsupportedMediaError
from afirgen.inference.breaker import ASR_OCR_SERVER
from afirgen.jobs.board import JobBoard
from afirgen.jobs.breaking import Breakers
from afirgen.pipeline.run import Original, Pipeline
from afirgen.store.cases import CaseRecord, CaseStore
from afirgen.store.originals import Originals


class Reception:
    """Accepts complaints; with ``capacity`` cases at work already one is refused with :class:`OverloadedError`."""

    def __init__(
        self,
        pipeline: Pipeline,
        cases: CaseStore,
        originals: Originals,
        *,
        capacity: int,
        board: JobBoard,
        breakers: Breakers,
    ) -> None:
        self._pipeline = pipeline
        self._cases = cases
        self._originals = originals
        self._capacity = capacity
        self._board = board
        self._breakers = breakers
        self._taking = 0

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
            await asyncio.to_thread(self._originals.put, data, source.sha256)
            event = Event(actor=by, action=Action.CASE_ACCEPTED, details={"source": msgspec.to_builtins(source)})
            job = NewJob(id=str(uuid4()), step=Step.TRANSCRIPT)
            record = await self._cases.create(
                source, event, language=original.language, reported_on=datetime.now(UTC), job=job
            )
            self._board.start(job.id)
        if wait:
            await self._board.ended(job.id)
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
        with self._place(), self._breakers.around(ASR_OCR_SERVER):
            return (await self._pipeline.read(original, lambda _stage, _share: None))[1]

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold one of the places for work that is not a job yet; raise :class:`OverloadedError` when none is free."""
        if self.busy >= self._capacity:
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
