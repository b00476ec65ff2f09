"""The composition root: the only module that knows every part, and where each gets what it needs."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import structlog
from litestar import Litestar

from afirgen.case.fir import Station
from afirgen.case.languages import LANGUAGES
from afirgen.case.law import Candidate
from afirgen.errors import InvalidInputError, NotFoundError, SettingsError
from afirgen.inference.embed import EMBEDDER_ID, EmbedEngine
from afirgen.inference.engine import Engine, EngineState, EngineStatus
from afirgen.inference.llama.check import check_language_model
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.tune import tuned
from afirgen.inference.models.manifest import Manifest, ModelEntry, Role, load_manifest
from afirgen.inference.models.sources import open_sources
from afirgen.inference.models.store import ModelStore
from afirgen.inference.ocr import OcrEngine
from afirgen.inference.slot import EngineSlot
from afirgen.inference.speech import SpeechEngine
from afirgen.jobs.archive import archive_case
from afirgen.jobs.casework import Casework
from afirgen.jobs.ending import end_tasks
from afirgen.jobs.retention import Holds, Retention, policy_of
from afirgen.jobs.rules import Rules
from afirgen.jobs.stores import Stores
from afirgen.legal_kb.finder import SectionFinder
from afirgen.legal_kb.index import Progress as IndexProgress
from afirgen.legal_kb.index import is_current, open_index
from afirgen.legal_kb.passages import Passage, passages_of
from afirgen.legal_kb.search import StatuteSearch
from afirgen.legal_kb.state_acts import load_law
from afirgen.pipeline.assess import LawSources
from afirgen.pipeline.run import Engines, OnProgress, Pipeline
from afirgen.render.text import render_text
from afirgen.render.wording import load_forms
from afirgen.settings import Settings, load_settings
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.database import open_database
from afirgen.store.firs import FirStore
from afirgen.store.jobs import JobStore
from afirgen.store.officers import OfficerStore
from afirgen.store.old_sessions import OldSessions
from afirgen.store.retention import RetentionStore
from afirgen.store.s3_originals import open_originals
from afirgen.store.sign_in import SignIn
from afirgen.store.verify import verify
from afirgen.telemetry import emf, traces
from afirgen.telemetry.logs import hide, set_up_logs
from afirgen.telemetry.metrics import QUEUE, READY
from afirgen.web.accounts import Accounts
from afirgen.web.app import create_app
from afirgen.web.deps import About, Desk, StationSetup, WebDeps, WebSettings
from afirgen.web.keys import kept_key

_log = structlog.get_logger(__name__)


class Law:
    """The statutes and offences, and search over them once the search model is loaded."""

    def __init__(self, settings: Settings, embedder: EngineSlot[EmbedEngine]) -> None:
        self._folder = settings.data_dir / "kb"
        self._embedder = embedder
        loaded = load_law(self._folder)
        self.kb = loaded.kb
        self.book = loaded.book
        self.notes = loaded.notes
        self._tellings = loaded.tellings
        self.faults = loaded.faults
        for fault in loaded.faults:
            _log.error("act_left_out", reason=fault.public)
        self._opening: asyncio.Task[StatuteSearch] | None = None
        self._beginning: asyncio.Task[StatuteSearch] | None = None

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        """Return sections for ``text``, best first; waits for the index at the first call."""
        return await (await self.opened()).search(text, limit=limit)

    def is_indexed(self) -> bool:
        """Tell, without loading a model, whether the stored index fits the law as it is now."""
        return is_current(self._folder / "index", self._passages(), EMBEDDER_ID)

    def _passages(self) -> tuple[Passage, ...]:
        return passages_of(self.kb, self.book.everyday(), self._tellings)

    async def opened(self, on_progress: IndexProgress | None = None) -> StatuteSearch:
        """Open the index, building it when it is missing or stale."""
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open(on_progress))
        return await asyncio.shield(self._opening)

    async def _open(self, on_progress: IndexProgress | None) -> StatuteSearch:
        await self._embedder.ready()
        passages = self._passages()
        async with self._embedder.use() as embedder:
            index = await open_index(self._folder / "index", passages, embedder, on_progress=on_progress)
            return StatuteSearch(index, embedder, self.kb)

    def begin(self) -> None:
        """Begin to open the index in the background, so that the first complaint need not wait."""
        self._beginning = asyncio.create_task(self.opened())
        self._beginning.add_done_callback(_look_at_failure)

    @property
    def alive(self) -> bool:
        """Whether the work begun in the background goes on or has ended well."""
        task = self._beginning
        return task is None or not task.done() or task.cancelled() or task.exception() is None

    async def close(self) -> None:
        """Give up opening the index."""
        if self._opening is not None:
            await end_tasks(self._opening)


class ModelBench:
    """The slot of every role, and how an engine is made from a model of the manifest."""

    def __init__(self, settings: Settings, manifest: Manifest, store: ModelStore) -> None:
        self._settings = settings
        self._manifest = manifest
        self._store = store
        profile = partial(manifest.default, settings.profile)
        self.llm = EngineSlot(self._llm(profile(Role.LLM)))
        self.speech = EngineSlot(self._speech(profile(Role.SPEECH)))
        self.ocr = EngineSlot(self._ocr(profile(Role.OCR)))
        self.embedding = EngineSlot(EmbedEngine(threads=_search_threads(settings)))

    def slots(self) -> dict[str, EngineSlot[Engine]]:
        """Return the slot of each role by its name in the manifest."""
        slots: dict[str, object] = {
            Role.LLM: self.llm,
            Role.SPEECH: self.speech,
            Role.OCR: self.ocr,
            Role.EMBEDDING: self.embedding,
        }
        return slots  # type: ignore[return-value] # slots are read only through what all engines share

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Return a snapshot of every role, under its name in the manifest."""
        return tuple(msgspec.structs.replace(slot.status(), role=role) for role, slot in self.slots().items())

    def fingerprint(self, model_id: str) -> str | None:
        """Return the hash of a model's files for the audit log, None for a model that is not in the manifest."""
        try:
            return self._store.fingerprint(self._manifest.entry(model_id))
        except NotFoundError:
            return None

    async def switch(self, role: str, model_id: str) -> EngineStatus:
        """Load another model for ``role`` and give it all new work once it has passed its check."""
        makers: dict[str, Callable[[ModelEntry], Engine]] = {
            Role.LLM: self._llm,
            Role.SPEECH: self._speech,
            Role.OCR: self._ocr,
        }
        entry = self._manifest.entry(model_id)
        if role not in makers or entry.role != role:
            raise InvalidInputError(f"{model_id} is a model for {entry.role}. Choose one for {role}.")
        slot = self.slots()[role]
        await slot.switch(makers[role](entry))
        return msgspec.structs.replace(slot.status(), role=role)

    def _verify(self, entry: ModelEntry) -> Callable[[], object]:
        """Return a check of the model's files, cheap where they have not changed since it last passed."""
        return partial(self._store.path, entry)

    def _folder(self, entry: ModelEntry) -> Path:
        return self._settings.model_dir / entry.id

    def _llm(self, entry: ModelEntry) -> LlamaEngine:
        gguf = self._folder(entry) / entry.files[0].name
        chosen = self._settings.llm_threads is not None
        options = tuned(self._folder(entry), llm_options(self._settings), keep_threads=chosen)
        memory = self._folder(entry) / "languages.json"
        return LlamaEngine(
            gguf,
            model_id=entry.id,
            options=options,
            check=partial(check_language_model, memory=memory),
            verify=self._verify(entry),
        )

    def _speech(self, entry: ModelEntry) -> SpeechEngine:
        return SpeechEngine(
            self._folder(entry),
            model_id=entry.id,
            device=self._settings.speech_device,
            threads=_threads(self._settings),
            languages=frozenset(entry.languages),
            verify=self._verify(entry),
        )

    def _ocr(self, entry: ModelEntry) -> OcrEngine:
        return OcrEngine(
            self._folder(entry),
            model_id=entry.id,
            threads=_threads(self._settings),
            languages=frozenset(entry.languages),
            verify=self._verify(entry),
        )


class Program:
    """All parts of one installation, built but not started."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        manifest = load_manifest()
        self.models = ModelBench(settings, manifest, model_store(settings, manifest))
        self.law = Law(settings, self.models.embedding)
        self.pipeline = Pipeline(
            Engines(llm=self.models.llm, speech=self.models.speech, ocr=self.models.ocr),
            LawSources(kb=self.law.kb, book=self.law.book, searcher=self.law, notes=self.law.notes),
            station=station_of(settings),
            step_timeout_s=settings.draft_timeout_s,
        )

    def start(self, roles: Sequence[Role] = tuple(Role)) -> None:
        """Begin to load the engines of ``roles`` in their threads."""
        slots = self.models.slots()
        for role in roles:
            slots[role].start()

    async def stop(self) -> None:
        """Stop every engine."""
        await self.law.close()
        await asyncio.gather(*(slot.stop() for slot in self.models.slots().values()))

    @asynccontextmanager
    async def running(
        self, *, roles: Sequence[Role] = tuple(Role), on_progress: OnProgress | None = None
    ) -> AsyncIterator[None]:
        """Run the engines of ``roles`` for the time of the block, entered when they are ready."""
        tell = on_progress or (lambda _stage, _share: None)
        tell("models", 0.0)
        self.start(roles)
        slots = self.models.slots()
        try:
            for number, role in enumerate(roles, 1):
                await slots[role].ready()
                tell("models", number / len(roles))
            yield
        finally:
            await self.stop()


def llm_options(settings: Settings) -> LlamaOptions:
    """Return how an installation's settings run the language model."""
    return LlamaOptions(context=settings.llm_context, threads=_threads(settings), gpu_layers=settings.llm_gpu_layers)


def _threads(settings: Settings) -> int:
    return settings.llm_threads or os.cpu_count() or 2


def _search_threads(settings: Settings) -> int:
    """Leave the processor to the language model, unless that has a GPU: then search is what a draft waits for."""
    return _threads(settings) if settings.llm_gpu_layers else 1


def station_of(settings: Settings) -> Station:
    """Return the police station of an installation."""
    return Station(name=settings.station_name, district=settings.station_district, state=settings.station_state)


def model_store(settings: Settings, manifest: Manifest) -> ModelStore:
    """Return the store of model files with the sources that the settings name."""
    return ModelStore(settings.model_dir, open_sources(settings.model_sources, manifest.wheels))


def _look_at_failure(task: "asyncio.Task[StatuteSearch]") -> None:
    """Log why the index could not be opened; the next search tries again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("index_not_opened", exc_info=error)


def build_program(settings: Settings, *, quiet: bool = False) -> Program:
    """Put the parts of an installation together; ``quiet`` silences the log, for the command line."""
    set_up_logs("CRITICAL" if quiet else settings.log_level)
    hide(settings.secrets)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Program(settings)


def _watch(settings: Settings, models: ModelBench) -> None:
    """Turn on figures and traces as far as the installation wants them."""
    QUEUE.of(lambda: sum(status.waiting for status in models.statuses()))
    READY.of(lambda: float(all(status.state is EngineState.READY for status in models.statuses())))
    if settings.cloudwatch:
        emf.turn_on(settings.cloudwatch)
    if settings.traces:
        traces.turn_on(settings.traces, settings.cloudwatch or settings.environment)


def api_key(settings: Settings) -> str:
    """Return the API key of the settings, else the one kept in the data folder."""
    key = settings.api_key.get_secret_value() if settings.api_key else kept_key(settings.data_dir / "api_key")
    hide([key])
    return key


def _about(settings: Settings, program: Program) -> About:
    """Return what administrators see of the installation."""
    known = load_manifest().models
    return About(
        models={role.value: tuple(m.id for m in known if m.role is role) for role in Role},
        policy=policy_of(settings),
        is_indexed=program.law.is_indexed,
        law_faults=tuple(fault.public for fault in program.law.faults),
    )


def station_setup(settings: Settings) -> StationSetup:
    """Return who the station is; raise :class:`SettingsError` for a language that is not known."""
    if settings.station_language not in {None, *LANGUAGES}:
        raise SettingsError(f"AFIRGEN_STATION_LANGUAGE: use one of {', '.join(LANGUAGES)}.")
    return StationSetup(
        name=settings.station_name,
        district=settings.station_district,
        state=settings.station_state,
        beats=settings.station_beats,
        language=settings.station_language,
    )


def serve_app() -> Litestar:
    """Make the web application; gunicorn calls this in its worker."""
    settings = load_settings()
    program = build_program(settings)
    database = open_database(settings)
    firs = FirStore(database, settings.station_name)
    audit = AuditLog(database)
    cases, jobs = CaseStore(database), JobStore(database)
    originals = open_originals(settings)
    officers = OfficerStore(database)
    forms = load_forms(settings.data_dir / "forms")
    kept = RetentionStore(database)
    casework = Casework(
        program.pipeline,
        Stores(cases, jobs, firs, originals, audit, kept),
        rules=Rules(
            capacity=settings.max_concurrent_requests,
            timeout_s=settings.session_timeout_s,
            separate_approver=settings.separate_approver,
        ),
        render=partial(render_text, forms=forms),
        model_hash=program.models.fingerprint,
    )
    retention = Retention(kept, audit, originals, settings.data_dir, policy_of(settings))

    async def start() -> None:
        _watch(settings, program.models)
        program.start()
        program.law.begin()
        await casework.board.resume()
        retention.start()

    async def stop() -> None:
        await retention.close()
        await casework.close()
        await program.stop()
        await database.close()
        emf.turn_off()
        traces.turn_off()

    return create_app(
        WebDeps(
            reception=casework.reception,
            review=casework.review,
            board=casework.board,
            breakers=casework.breakers,
            firs=firs,
            audit=audit,
            old_sessions=OldSessions(database),
            models=program.models,
            accounts=Accounts(api_key(settings), officers, SignIn(database)),
            settings=WebSettings(
                cors_origins=settings.cors_origins,
                rate_limit_requests=settings.rate_limit_requests,
                rate_limit_window_s=settings.rate_limit_window_s,
                max_concurrent=settings.max_concurrent_requests,
                secure_cookies=settings.environment == "production" or settings.enforce_https,
                fir_auth_key=settings.fir_auth_key.get_secret_value() if settings.fir_auth_key else None,
                trusted_proxies=settings.trusted_proxies,
                enforce_https=settings.enforce_https,
                upload_timeout_s=settings.upload_timeout_s,
                station=station_setup(settings),
            ),
            ping_database=database.ping,
            collections=lambda: program.law.kb.acts,
            desk=Desk(
                cases=cases,
                jobs=jobs,
                originals=originals,
                officers=officers,
                finder=SectionFinder(program.law.kb),
                forms=forms,
                check_records=partial(verify, database, originals),
                holds=Holds(kept),
                export=partial(archive_case, database, originals, forms),
                about=_about(settings, program),
                let_go=retention.run,
            ),
            on_startup=start,
            on_shutdown=stop,
            alive=lambda: program.law.alive and casework.board.alive and retention.alive,
        )
    )
