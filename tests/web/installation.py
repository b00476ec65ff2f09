"""A small installation for tests of the web application: everything real but the models' answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import AsyncTestClient

from afirgen.case.audit import Actor, Channel, Role
from afirgen.case.evidence import AudioRange, PageBox, Segment, Source, SourceKind, Transcript
from afirgen.case.facts import Facts
from afirgen.case.fir import FirDocument, Prose, Provenance, Station
from afirgen.case.law import LegalView
from afirgen.case.sentences import sentences
from afirgen.case.state import CaseState
from afirgen.errors import ModelUnavailableError, NotFoundError
from afirgen.inference.engine import EngineState, EngineStatus, Priority
from afirgen.jobs.archive import archive_case
from afirgen.jobs.casework import Casework
from afirgen.jobs.retention import Holds, Policy, Retention
from afirgen.jobs.rules import Rules
from afirgen.jobs.stores import Stores
from afirgen.legal_kb.finder import SectionFinder
from afirgen.legal_kb.offences import load_offences
from afirgen.legal_kb.statutes import load_knowledge_base
from afirgen.pipeline.assess import LawSources
from afirgen.pipeline.choose import choose_sections
from afirgen.pipeline.compose import compose
from afirgen.pipeline.facts import extract_facts, spans_of
from afirgen.pipeline.intake import open_source
from afirgen.pipeline.narrate import narrate
from afirgen.pipeline.run import OnProgress, Original, Pipeline
from afirgen.pipeline.summarise import summarise
from afirgen.pipeline.trace import Trace
from afirgen.render.text import render_text
from afirgen.render.wording import shipped_forms
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.firs import FirStore
from afirgen.store.jobs import JobStore
from afirgen.store.migrate import upgrade
from afirgen.store.officers import OfficerStore
from afirgen.store.old_sessions import OldSessions
from afirgen.store.originals import Originals
from afirgen.store.retention import RetentionStore
from afirgen.store.sign_in import SignIn
from afirgen.store.verify import verify
from afirgen.web.accounts import Accounts
from afirgen.web.app import create_app
from afirgen.web.deps import About, Desk, WebDeps, WebSettings
from tests.case_factory import NOW, document

OFFICER = Actor(name="A. Officer", role=Role.RECORDING_OFFICER, channel=Channel.PAGE)
KEY = "a-test-key-of-some-length"
AUTH_KEY = "finalize-with-this"
HEADERS = {"X-API-Key": KEY}
COMPLAINT = (
    "I am Anil Rao s/o Hari Rao. On 12.03.2025 at 7.30 pm a man took my motorcycle worth Rs 45,000 near the bank. "
    "Mob 9847012345."
)


class RulesOnly(Pipeline):
    """The pipeline without models: facts by rule, and the sections that the test sets.

    ``fail_next`` makes the next section step fail as a missing model does.
    """

    def __init__(self) -> None:
        self.kb = kb = load_knowledge_base()
        self._limits = None
        self._law = LawSources(kb=kb, book=load_offences(kb), searcher=_NoSearch())
        self.law = document().law
        self.fail_next = False
        self.summaries = 0

    async def read(self, original: Original, on_progress: OnProgress) -> tuple[Source, Transcript]:
        on_progress("transcript", 0.5)
        intake = open_source(original.data, filename=original.filename)
        language = original.language or "en"
        if intake.text is None:
            return intake.source, heard(intake.source.kind, language)
        return intake.source, Transcript(text=intake.text, language=language)

    async def summarise(
        self,
        case: CaseState,
        on_progress: OnProgress,
        *,
        priority: Priority = Priority.OFFICER,
        trace: Trace | None = None,
    ) -> tuple[Facts, Prose]:
        del on_progress, priority, trace
        self.summaries += 1
        assert case.transcript is not None
        facts = await extract_facts(case.transcript, reported_on=case.reported_on.date(), model=None)
        return facts, summarise(narrate(case.transcript, facts), spans_of(facts))

    async def find_sections(
        self,
        case: CaseState,
        on_progress: OnProgress,
        *,
        priority: Priority = Priority.OFFICER,
        trace: Trace | None = None,
    ) -> LegalView:
        del case, on_progress, priority, trace
        if self.fail_next:
            raise ModelUnavailableError("The language model is not installed. Run `afirgen models pull`.")
        return self.law

    async def compose(self, case: CaseState, on_progress: OnProgress) -> FirDocument:
        del on_progress
        provenance = Provenance(program="AFIRGen", models=("none",), drafted_at=NOW)
        return compose(case, station=Station(), provenance=provenance)

    def choose_sections(self, view: LegalView, wanted: str) -> LegalView:
        return choose_sections(view, wanted, self._law)

    def models_of(self, case: CaseState) -> tuple[str, ...]:
        del case
        return ("none",)


def heard(kind: SourceKind, language: str) -> Transcript:
    """Return the complaint as if it had been heard or read, sentence by sentence, the last one with doubt."""
    segments = []
    for number, span in enumerate(sentences(COMPLAINT)):
        audio = AudioRange(number * 1000, number * 1000 + 900) if kind is SourceKind.AUDIO else None
        box = PageBox(1, 100, 100 + 60 * number, 700, 150 + 60 * number) if kind is SourceKind.IMAGE else None
        doubtful = "Mob" in COMPLAINT[span.start : span.end]
        segments.append(Segment(span=span, confidence=0.9, doubtful=doubtful, audio=audio, box=box))
    return Transcript(text=COMPLAINT, language=language, segments=tuple(segments))


class _NoSearch:
    async def search(self, text: str, *, limit: int = 40) -> tuple[()]:
        del text, limit
        return ()


class OneModel:
    """Says that one engine is ready, and what ``others`` say."""

    state = EngineState.READY
    others: tuple[EngineStatus, ...] = ()

    def statuses(self) -> tuple[EngineStatus, ...]:
        return (EngineStatus(role="llm", model="none", state=self.state), *self.others)

    async def switch(self, role: str, model_id: str) -> EngineStatus:
        raise NotFoundError(f"There is no model {model_id} for {role}. See `afirgen models list`.")


class Installation:
    """A data folder with its database, and the application over it."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None = None,
        requests: int = 1000,
        capacity: int = 5,
        timeout_s: int = 3600,
    ) -> None:
        self.folder = folder
        self.requests = requests
        self.capacity = capacity
        self.timeout_s = timeout_s
        self.lease_s = 15.0
        self.separate_approver = False
        self.secure_cookies = False
        self.limits: dict[str, Any] = {}
        self.url = url or f"sqlite+aiosqlite:///{folder / 'test.db'}"
        self.pipeline = RulesOnly()
        self.models = OneModel()
        upgrade(self.url)
        self.open()

    def open(self) -> None:
        """Start over with the same data, as after a restart."""
        self.database = Database(self.url)
        self.cases = CaseStore(self.database)
        self.jobs = JobStore(self.database)
        self.firs = FirStore(self.database)
        self.officers = OfficerStore(self.database)
        self.originals = Originals(self.folder / "originals")
        self.casework = Casework(
            self.pipeline,
            Stores(
                self.cases, self.jobs, self.firs, self.originals, AuditLog(self.database), RetentionStore(self.database)
            ),
            rules=Rules(
                capacity=self.capacity,
                timeout_s=self.timeout_s,
                separate_approver=self.separate_approver,
                lease_s=self.lease_s,
            ),
            render=render_text,
            model_hash=lambda _model: "f" * 64,
        )
        self.reception, self.review, self.board = self.casework.reception, self.casework.review, self.casework.board

    def app(self) -> Litestar:
        async def start() -> None:
            await self.board.resume()

        async def stop() -> None:
            await self.casework.close()
            await self.database.close()

        return create_app(
            WebDeps(
                reception=self.reception,
                review=self.review,
                board=self.board,
                breakers=self.casework.breakers,
                firs=self.firs,
                audit=AuditLog(self.database),
                old_sessions=OldSessions(self.database),
                models=self.models,
                accounts=Accounts(KEY, self.officers, SignIn(self.database)),
                settings=replace(
                    WebSettings(
                        cors_origins=("https://station.example",),
                        rate_limit_requests=self.requests,
                        rate_limit_window_s=60,
                        max_concurrent=self.capacity,
                        secure_cookies=self.secure_cookies,
                        fir_auth_key=AUTH_KEY,
                    ),
                    **self.limits,
                ),
                ping_database=self.database.ping,
                collections=lambda: ("BNS",),
                desk=Desk(
                    cases=self.cases,
                    jobs=self.jobs,
                    originals=self.originals,
                    officers=self.officers,
                    finder=SectionFinder(self.pipeline.kb),
                    forms=shipped_forms(),
                    check_records=partial(verify, self.database, self.originals),
                    holds=Holds(RetentionStore(self.database)),
                    export=partial(archive_case, self.database, self.originals, shipped_forms()),
                    about=About(
                        models={"llm": ("none", "another")},
                        policy=Policy(idle_s=self.timeout_s),
                        is_indexed=lambda: True,
                    ),
                    let_go=Retention(
                        RetentionStore(self.database),
                        AuditLog(self.database),
                        self.originals,
                        self.folder,
                        Policy(idle_s=self.timeout_s),
                    ).run,
                ),
                on_startup=start,
                on_shutdown=stop,
                alive=lambda: True,
            )
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncTestClient[Litestar]]:
        async with AsyncTestClient(self.app(), base_url="http://testserver.local") as client:
            yield client
