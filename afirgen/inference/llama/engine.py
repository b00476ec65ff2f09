"""The language model as the rest of the program sees it: two operations, from any event loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from llguidance import LLTokenizer

from afirgen.errors import (
    AfirgenError,
    EngineFailureError,
    InputTooLongError,
    ModelUnavailableError,
    OverloadedError,
)
from afirgen.inference.engine import CancelToken, EngineState, EngineStatus, Priority
from afirgen.inference.llama.constrain import Constraint
from afirgen.inference.llama.lib import LlamaOptions, NativeModel
from afirgen.inference.llama.prompt import PromptWriter, read_frame
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.inference.llama.scheduler import Scheduler
from afirgen.inference.llama.streams import Job, Stream

_log = structlog.get_logger(__name__)
_YES_FORMS = ("Yes", "yes", " Yes", "YES")
_NO_FORMS = ("No", "no", " No", "NO")
Check = Callable[["LlamaEngine"], frozenset[str]]


class LlamaEngine:
    """A GGUF model owned by one thread that batches all requests.

    ``check`` runs in the engine's thread after loading; it raises when the model fails its known answers and
    returns the languages that it reads.
    """

    def __init__(
        self,
        path: Path,
        *,
        model_id: str,
        options: LlamaOptions | None = None,
        check: Check | None = None,
        max_waiting: int = 32,
    ) -> None:
        self._path = path
        self._id = model_id
        self._options = options or LlamaOptions()
        self._check = check
        self._max_waiting = max_waiting
        self._changed = threading.Condition()
        self._inbox: list[Job] = []
        self._open = 0
        self._numbers = 0
        self._done = 0
        self._failed = 0
        self._state = EngineState.IDLE
        self._problem: str | None = None
        self._load_s: float | None = None
        self._closing = False
        self._settled = threading.Event()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._native: NativeModel | None = None
        self._prompts: PromptWriter | None = None
        self._constraints: LLTokenizer | None = None
        self._languages: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._main, name="engine-llm", daemon=True)

    # --- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to load in the engine's thread and return at once."""
        with self._changed:
            if self._state is not EngineState.IDLE:
                return
            self._state = EngineState.LOADING
        self._thread.start()

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Refuse new work, let open work finish for ``grace_s`` seconds, fail the rest, free the model."""
        with self._changed:
            self._closing = True
            self._closing_at = time.monotonic() + grace_s
            if self._state is EngineState.IDLE:
                self._state = EngineState.STOPPED
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    async def ready(self) -> None:
        """Wait until loaded and checked; raise ``ModelUnavailableError`` if that failed."""
        loop = asyncio.get_running_loop()
        with self._changed:
            pending = self._state in {EngineState.IDLE, EngineState.LOADING}
            if pending:
                future: asyncio.Future[None] = loop.create_future()
                self._waiters.append((loop, future))
        if pending:
            await future
        if self._state is not EngineState.READY:
            raise self._unavailable()

    def status(self) -> EngineStatus:
        """Return a snapshot without waiting."""
        with self._changed:
            return EngineStatus(
                role="llm",
                model=self._id,
                state=self._state,
                waiting=self._open,
                done=self._done,
                failed=self._failed,
                load_s=self._load_s,
                problem=self._problem,
            )

    @property
    def readable_languages(self) -> frozenset[str]:
        """Languages in which the model passed its known-answer questions."""
        return self._languages

    @property
    def context_tokens(self) -> int:
        """Tokens that all open requests together may hold."""
        return self._options.context

    def count_tokens(self, text: str) -> int:
        """Count the tokens of ``text``."""
        return len(self._loaded().tokenize(text, special=False))

    # --- requests -----------------------------------------------------------------------------------------

    async def generate(
        self,
        request: Generation,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Write an answer, at temperature 0; ``on_text`` gets it piece by piece on the caller's loop.

        Raises:
            InputTooLongError: Prompt and answer can never fit the context.
            OverloadedError: Too many requests wait.
            DeadlineExceededError: Not finished within ``deadline_s``.
        """
        loop = asyncio.get_running_loop()
        prompts = self._writer()
        prompt = request.prompt
        stream = Stream(prompts.tail(prompt.task), request.max_tokens)
        if on_text:
            stream.on_text = lambda text: _call(loop, on_text, text)
        if request.schema is not None and self._constraints is not None:
            stream.constraint = Constraint(self._constraints, request.schema)
            self.feed_opening(stream)
        prefix = prompts.prefix(prompt.system, prompt.shared)
        job = await self._run(prefix, [stream], request.priority, request.deadline_s, cancel)
        finished = job.finished or time.monotonic()
        first = job.first_logits or finished
        return Generated(
            text="".join(stream.pieces),
            finish="length" if stream.cut else "stop",
            prompt_tokens=job.prompt_tokens,
            reused_tokens=job.reused_tokens,
            sampled_tokens=stream.sampled,
            fed_tokens=stream.fed,
            queue_s=(job.started or first) - job.submitted,
            prefill_s=first - (job.started or first),
            decode_s=finished - first,
        )

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        """Answer closed questions by the logits of the first token of the answer, yes minus no."""
        prompts = self._writer()
        if not request.questions:
            return Scored(scores=(), prompt_tokens=0, reused_tokens=0, queue_s=0.0, compute_s=0.0)
        streams = [Stream(prompts.tail(q), 0) for q in request.questions]
        prefix = prompts.prefix(request.system, request.shared)
        job = await self._run(prefix, streams, request.priority, request.deadline_s, cancel)
        finished = job.finished or time.monotonic()
        started = job.started or finished
        return Scored(
            scores=tuple(s.score for s in streams if s.score is not None),
            prompt_tokens=job.prompt_tokens,
            reused_tokens=job.reused_tokens,
            queue_s=started - job.submitted,
            compute_s=finished - started,
        )

    async def _run(
        self,
        prefix: tuple[int, ...],
        streams: list[Stream],
        priority: Priority,
        deadline_s: float | None,
        cancel: CancelToken | None,
    ) -> Job:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        token = cancel or CancelToken()
        longest = max(s.cells for s in streams)
        if len(prefix) + longest > self._options.context:
            raise InputTooLongError(
                "The complaint is too long for the language model. Shorten it, or raise AFIRGEN_LLM_CONTEXT.",
                detail=f"{len(prefix)} + {longest} tokens",
            )
        with self._changed:
            if self._state is not EngineState.READY or self._closing:
                raise self._unavailable()
            if self._open >= self._max_waiting:
                raise OverloadedError("The language model has too much waiting. Try again shortly.")
            self._numbers += 1
            job = Job(
                number=self._numbers,
                priority=int(priority),
                prefix=prefix,
                streams=streams,
                settle=lambda error: self._settle(loop, future, error),
                cancel=token,
                deadline=None if deadline_s is None else time.monotonic() + deadline_s,
            )
            self._open += 1
            self._inbox.append(job)
            self._changed.notify_all()
        try:
            await future
        except asyncio.CancelledError:
            token.cancel()
            raise
        return job

    def _settle(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], error: AfirgenError | None
    ) -> None:
        with self._changed:
            self._open -= 1
            self._done += error is None
            self._failed += isinstance(error, EngineFailureError)
        _call(loop, _resolve, future, error)

    # --- the owner thread ---------------------------------------------------------------------------------

    def _main(self) -> None:
        begun = time.monotonic()
        try:
            native = self._load()
            scheduler = Scheduler(native, yes=self._forms(_YES_FORMS), no=self._forms(_NO_FORMS))
            self._enter(EngineState.READY, load_s=time.monotonic() - begun)
        except Exception as err:  # noqa: BLE001 - a native library may raise anything
            _log.exception("engine_load_failed", role="llm", model=self._id)
            known = err.public if isinstance(err, AfirgenError) else None
            self._problem = known or f"The model {self._id} could not be loaded. Run `afirgen models verify`."
            self._enter(EngineState.FAILED)
            return
        try:
            self._serve(scheduler)
        finally:
            scheduler.fail_all(ModelUnavailableError("The language model was stopped. Try again shortly."))
            self._enter(EngineState.STOPPED)
            native.close()

    def _load(self) -> NativeModel:
        native = NativeModel(self._path, self._options, model_id=self._id)
        self._native = native
        self._prompts = PromptWriter(native, read_frame(native.chat_template(), self._id))
        self._constraints = native.constraint_tokenizer()
        if self._check:
            self._languages = self._check(self)
        return native

    # --- for the known-answer check, which runs in the owner thread before any request ----------------------

    @property
    def constraint_tokenizer(self) -> LLTokenizer:
        """The tokenizer that schemas are applied with."""
        if self._constraints is None:
            raise self._unavailable()
        return self._constraints

    def prefix_tokens(self, system: str, shared: str) -> tuple[int, ...]:
        """Return the tokens of a prompt's shared part."""
        return self._writer().prefix(system, shared)

    def task_tokens(self, task: str) -> tuple[int, ...]:
        """Return the tokens of a task and the start of its answer."""
        return self._writer().tail(task)

    def feed_opening(self, stream: Stream) -> None:
        """Put what the schema fixes at the start of the answer into the prompt."""
        native = self._loaded()
        if stream.constraint is None:
            return
        forced = stream.constraint.forced()
        stream.tail = (*stream.tail, *forced)
        stream.fed = len(forced)
        for token in forced:
            stream.emit(native.piece(token))

    def ask_now(self, jobs: list[Job]) -> None:
        """Run jobs to their end in the calling thread."""
        scheduler = Scheduler(self._loaded(), yes=self._forms(_YES_FORMS), no=self._forms(_NO_FORMS))
        for job in jobs:
            scheduler.submit(job)
        while not scheduler.idle:
            scheduler.step()
        scheduler.drop_idle()

    def _serve(self, scheduler: Scheduler) -> None:
        while True:
            with self._changed:
                while not self._inbox and scheduler.idle and not self._closing:
                    self._changed.wait()
                arrived, self._inbox = self._inbox, []
                closing = self._closing
            for job in arrived:
                scheduler.submit(job)
            if closing and (scheduler.idle or time.monotonic() > self._closing_at):
                return
            try:
                scheduler.step()
            except Exception as err:  # noqa: BLE001 - one broken batch must not end the engine
                _log.exception("engine_step_failed", role="llm")
                scheduler.fail_all(EngineFailureError("The language model failed. Try again.", detail=repr(err)))

    def _forms(self, words: tuple[str, ...]) -> list[int]:
        """Return the tokens of those spellings that are one token."""
        pieces = [self._loaded().tokenize(word, special=False) for word in words]
        return sorted({p[0] for p in pieces if len(p) == 1}) or [pieces[0][0]]

    def _enter(self, state: EngineState, *, load_s: float | None = None) -> None:
        with self._changed:
            self._state = state
            self._load_s = load_s or self._load_s
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            _call(loop, _resolve, future, None)
        if state is EngineState.READY:
            _log.info("engine_ready", role="llm", model=self._id, load_s=round(load_s or 0, 2))

    def _writer(self) -> PromptWriter:
        if self._prompts is None:
            raise self._unavailable()
        return self._prompts

    def _loaded(self) -> NativeModel:
        if self._native is None:
            raise self._unavailable()
        return self._native

    def _unavailable(self) -> ModelUnavailableError:
        if self._problem:
            return ModelUnavailableError(self._problem)
        if self._closing:
            return ModelUnavailableError("The language model was stopped. Try again shortly.")
        return ModelUnavailableError("The language model is still loading. Try again shortly.")


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        # The caller's loop is closed: nobody waits for this any more.
        _log.debug("result_without_caller")


def _resolve(future: asyncio.Future[None], error: AfirgenError | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
