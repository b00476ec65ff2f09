"""The language model as the rest of the program sees it: two operations, from any event loop."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from afirgen.errors import (
    AfirgenError,
    EngineFailureError,
    InputTooLongError,
    ModelUnavailableError,
    OverloadedError,
)
from afirgen.inference.engine import CancelToken, EngineState, EngineStatus, Priority
from afirgen.inference.llama.delivery import call_on, generated, resolve, scored
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.loaded import LoadedModel
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.inference.llama.scheduler import Scheduler
from afirgen.inference.llama.streams import Job, Stream
from afirgen.telemetry.metrics import (
    MODEL_FAILURES,
    MODEL_SECONDS,
    PROMPT_TOKENS,
    REUSED_TOKENS,
    WAIT_SECONDS,
    WRITTEN_TOKENS,
)
from afirgen.telemetry.traces import span

_log = structlog.get_logger(__name__)
Check = Callable[[LoadedModel], frozenset[str]]


class LlamaEngine:
    """A GGUF model owned by one thread that batches all requests.

    ``check`` runs in the engine's thread after loading; it raises when the model fails its known answers and
    returns the languages that it reads. ``verify`` is called before loading and raises when the file is not as
    it should be. ``max_waiting`` is the most requests that may be open at once.
    """

    def __init__(
        self,
        path: Path,
        *,
        model_id: str,
        options: LlamaOptions | None = None,
        check: Check | None = None,
        verify: Callable[[], object] | None = None,
        max_waiting: int = 32,
    ) -> None:
        self._path = path
        self._id = model_id
        self._options = options or LlamaOptions()
        self._check = check
        self._verify = verify
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
        self._closing_at = 0.0
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._model: LoadedModel | None = None
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
        """Refuse new work, let open work finish for ``grace_s`` seconds, fail the rest, free the model.

        Waits for that; on an event loop call it in a thread.
        """
        with self._changed:
            if not self._closing:
                self._closing_at = time.monotonic() + grace_s
            self._closing = True
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
        if self._state is not EngineState.READY or self._closing:
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
        with self._leased() as model:
            return model.count(text)

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
            CancelledWorkError: ``cancel`` was set.
            EngineFailureError: The schema cannot be applied, or decoding failed.
            ModelUnavailableError: The model is loading, failed or stopped.
        """
        if request.max_tokens < 1:
            raise ValueError("max_tokens must be at least 1")
        self._refuse_if_full()
        loop = asyncio.get_running_loop()
        prompt = request.prompt
        with self._leased() as model:
            stream = model.answer(
                prompt.task,
                max_tokens=request.max_tokens,
                schema=request.schema,
                on_text=(lambda text: call_on(loop, on_text, text)) if on_text else None,
            )
            prefix = model.prefix(prompt.system, prompt.shared)
            _refuse_if_long(prefix, [stream], model.longest)
        job = await self._run(prefix, [stream], request.priority, request.deadline_s, cancel)
        answer = generated(job, stream)
        WRITTEN_TOKENS.add(amount=answer.sampled_tokens)
        _note(answer, answer.prefill_s + answer.decode_s)
        return answer

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        """Answer closed questions by the logits of the first token of the answer, yes minus no.

        Raises the errors of :meth:`generate`.
        """
        if not request.questions:
            return Scored(scores=(), prompt_tokens=0, reused_tokens=0, queue_s=0.0, compute_s=0.0)
        self._refuse_if_full()
        with self._leased() as model:
            streams = [model.question(question) for question in request.questions]
            prefix = model.prefix(request.system, request.shared)
            _refuse_if_long(prefix, streams, model.longest)
        job = await self._run(prefix, streams, request.priority, request.deadline_s, cancel)
        answer = scored(job)
        _note(answer, answer.compute_s)
        return answer

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
        with self._changed:
            if self._state is not EngineState.READY or self._closing:
                raise self._unavailable()
            self._refuse_if_full()
            self._numbers += 1
            job = Job(
                number=self._numbers,
                priority=int(priority),
                prefix=prefix,
                streams=streams,
                settle=lambda error: self._settle(loop, future, error),
                cancel=cancel or CancelToken(),
                deadline=None if deadline_s is None else time.monotonic() + deadline_s,
            )
            self._open += 1
            self._inbox.append(job)
            self._changed.notify_all()
        try:
            with span("model llm"):
                await future
        except asyncio.CancelledError:
            # Not the caller's token: that one may stand for more work than this.
            job.abandoned = True
            raise
        return job

    def _refuse_if_full(self) -> None:
        if self._open >= self._max_waiting:
            raise OverloadedError("The language model has too much waiting. Try again shortly.")

    @contextmanager
    def _leased(self) -> Iterator[LoadedModel]:
        with self._changed:
            model = self._model
            if model is None or self._closing or self._state is not EngineState.READY:
                raise self._unavailable()
        with model.lease():
            yield model

    def _settle(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], error: AfirgenError | None
    ) -> None:
        with self._changed:
            self._open -= 1
            self._done += error is None
            self._failed += isinstance(error, EngineFailureError)
        if isinstance(error, EngineFailureError):
            MODEL_FAILURES.add("llm")
        resolve(loop, future, error)

    # --- the owner thread ---------------------------------------------------------------------------------

    def _main(self) -> None:
        begun = time.monotonic()
        try:
            model = self._load()
        except Exception as err:  # noqa: BLE001 - a native library may raise anything
            _log.exception("engine_load_failed", role="llm", model=self._id)
            known = err.public if isinstance(err, AfirgenError) else None
            self._problem = known or f"The model {self._id} could not be loaded. Run `afirgen models verify`."
            self._enter(EngineState.FAILED)
            return
        scheduler = model.scheduler()
        self._model = model
        self._enter(EngineState.READY, load_s=time.monotonic() - begun)
        try:
            self._serve(scheduler)
        finally:
            self._enter(EngineState.STOPPED)
            scheduler.fail_all(ModelUnavailableError("The language model was stopped. Try again shortly."))
            model.close()

    def _load(self) -> LoadedModel:
        if self._verify:
            self._verify()
        model = LoadedModel(self._path, self._options, model_id=self._id)
        try:
            if self._check:
                self._languages = self._check(model)
        except BaseException:
            model.close()
            raise
        return model

    def _serve(self, scheduler: Scheduler) -> None:
        while True:
            with self._changed:
                while not self._inbox and scheduler.idle and not self._closing:
                    self._changed.wait()
                arrived, self._inbox = self._inbox, []
                closing = self._closing
            for job in arrived:
                scheduler.submit(job)
            if closing and (scheduler.idle or time.monotonic() >= self._closing_at):
                return
            try:
                scheduler.step()
            except Exception as err:  # noqa: BLE001 - one broken batch must not end the engine
                _log.exception("engine_step_failed", role="llm")
                scheduler.fail_all(EngineFailureError("The language model failed. Try again.", detail=repr(err)))

    def _enter(self, state: EngineState, *, load_s: float | None = None) -> None:
        with self._changed:
            self._state = state
            self._load_s = load_s or self._load_s
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            resolve(loop, future, None)
        if state is EngineState.READY:
            _log.info("engine_ready", role="llm", model=self._id, load_s=round(load_s or 0, 2))

    def _unavailable(self) -> ModelUnavailableError:
        if self._problem:
            return ModelUnavailableError(self._problem)
        if self._closing:
            return ModelUnavailableError("The language model was stopped. Try again shortly.")
        return ModelUnavailableError("The language model is still loading. Try again shortly.")


def _note(answer: Generated | Scored, spent_s: float) -> None:
    PROMPT_TOKENS.add(amount=answer.prompt_tokens)
    REUSED_TOKENS.add(amount=answer.reused_tokens)
    WAIT_SECONDS.note(answer.queue_s, "llm")
    MODEL_SECONDS.note(spent_s, "llm")


def _refuse_if_long(prefix: tuple[int, ...], streams: list[Stream], longest: int) -> None:
    need = len(prefix) + max(stream.cells for stream in streams)
    if need > longest:
        raise InputTooLongError(
            "The complaint is too long for the language model. Shorten it, or raise AFIRGEN_LLM_CONTEXT.",
            detail=f"{need} tokens, room for {longest}",
        )
