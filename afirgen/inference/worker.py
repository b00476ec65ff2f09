"""One owned thread for one native engine, fed from a bounded queue by priority."""

import asyncio
import heapq
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from afirgen.errors import (
    AfirgenError,
    CancelledWorkError,
    DeadlineExceededError,
    EngineFailureError,
    ModelUnavailableError,
    OverloadedError,
)
from afirgen.inference.engine import CancelToken, EngineState, EngineStatus, Priority
from afirgen.telemetry.metrics import MODEL_FAILURES, MODEL_SECONDS, WAIT_SECONDS
from afirgen.telemetry.traces import span

E = TypeVar("E")
T = TypeVar("T")

_log = structlog.get_logger(__name__)
_LONGEST_RETRY_S = 120
_FIRST_GUESS_S = 5.0


@dataclass(order=True)
class _Task(Generic[E]):
    priority: int
    number: int
    run: Callable[[E, CancelToken], object] = field(compare=False)
    token: CancelToken = field(compare=False)
    settle: Callable[[object, AfirgenError | None], None] = field(compare=False)
    submitted: float = field(compare=False, default_factory=time.monotonic)


class EngineWorker(Generic[E]):
    """Loads a native engine in its own thread and runs calls on it, one at a time.

    ``load`` makes the engine and ``check`` asks it something with a known answer (it raises when the answer is
    wrong); both run in the thread. ``role`` is a plain word for messages, such as ``speech``. The thread keeps
    the engine until a native call returns, also when nobody waits for the result any more.
    """

    def __init__(
        self,
        *,
        role: str,
        model: str,
        load: Callable[[], E],
        check: Callable[[E], None] | None = None,
        capacity: int = 16,
    ) -> None:
        self._role = role
        self._model = model
        self._load = load
        self._check = check
        self._capacity = capacity
        self._changed = threading.Condition()
        self._queue: list[_Task[E]] = []
        self._running: _Task[E] | None = None
        self._waiters: list[Callable[[], None]] = []
        self._state = EngineState.IDLE
        self._problem: str | None = None
        self._closing = False
        self._numbers = 0
        self._places = 0
        self._done = 0
        self._failed = 0
        self._load_s: float | None = None
        self._mean_s = _FIRST_GUESS_S
        self._thread = threading.Thread(target=self._main, name=f"engine-{role}", daemon=False)

    def start(self) -> None:
        """Begin to load and return at once; a second call changes nothing."""
        with self._changed:
            if self._state is not EngineState.IDLE or self._closing:
                return
            self._state = EngineState.LOADING
        self._thread.start()

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Refuse new work, finish what is queued within ``grace_s`` seconds, cancel the rest, join the thread.

        Blocks; call it off the event loop.
        """
        with self._changed:
            self._closing = True
            if self._state is EngineState.IDLE:
                self._state = EngineState.STOPPED
            self._changed.notify_all()
        if self._thread.ident is None:
            self._wake_waiters()
            return
        self._thread.join(grace_s)
        if self._thread.is_alive():
            self._abandon_work()
            self._thread.join()

    async def ready(self) -> None:
        """Wait until the engine is loaded and checked.

        Raises:
            ModelUnavailableError: Loading or the known-answer check failed, or the engine was stopped.
        """
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[None] = loop.create_future()
        with self._changed:
            pending = self._state in {EngineState.IDLE, EngineState.LOADING}
            if pending:
                self._waiters.append(lambda: _post(loop, settled, None, None))
        if pending:
            await settled
        if self._state is not EngineState.READY:
            raise self._unavailable()

    def status(self) -> EngineStatus:
        """Return a snapshot without waiting."""
        with self._changed:
            return EngineStatus(
                role=self._role,
                model=self._model,
                state=self._state,
                waiting=len(self._queue),
                done=self._done,
                failed=self._failed,
                load_s=self._load_s,
                problem=self._problem,
            )

    async def call(
        self,
        work: Callable[[E, CancelToken], T],
        *,
        priority: Priority = Priority.OFFICER,
        deadline_s: float | None = None,
        cancel: CancelToken | None = None,
    ) -> T:
        """Run ``work`` on the engine in its thread and return what it returns.

        ``deadline_s`` counts from now, waiting included. Cancelling the awaiting task sets the token.

        Raises:
            ModelUnavailableError: The engine is not ready.
            OverloadedError: The queue is full; raised at once.
            DeadlineExceededError: No result within ``deadline_s``.
            CancelledWorkError: The token was set.
            EngineFailureError: The native engine failed on this call.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        token = cancel or CancelToken()
        task = self._submit(work, token, priority, lambda value, error: _post(loop, future, value, error))
        try:
            with span(f"model {self._role}"):
                async with asyncio.timeout(deadline_s):
                    return await future
        except TimeoutError:
            self._withdraw(task)
            raise DeadlineExceededError(
                f"The {self._role} model did not finish in time. Try again, or send a shorter complaint."
            ) from None
        except asyncio.CancelledError:
            self._withdraw(task)
            raise

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place in the queue for work of many calls, made one after another.

        While every such piece of work holds its place, none of their calls is refused half way.

        Raises:
            OverloadedError: Every place is held.
        """
        with self._changed:
            if self._places >= self._capacity:
                raise self._overloaded()
            self._places += 1
        try:
            yield
        finally:
            with self._changed:
                self._places -= 1

    def _submit(
        self,
        work: Callable[[E, CancelToken], object],
        token: CancelToken,
        priority: Priority,
        settle: Callable[[object, AfirgenError | None], None],
    ) -> _Task[E]:
        with self._changed:
            if self._state is not EngineState.READY or self._closing:
                raise self._unavailable()
            if len(self._queue) >= self._capacity:
                raise self._overloaded()
            self._numbers += 1
            task = _Task(int(priority), self._numbers, work, token, settle)
            heapq.heappush(self._queue, task)
            self._changed.notify_all()
        return task

    def _withdraw(self, task: _Task[E]) -> None:
        task.token.cancel()
        with self._changed:
            if task in self._queue:
                self._queue.remove(task)
                heapq.heapify(self._queue)

    def _overloaded(self) -> OverloadedError:
        wait_s = math.ceil(self._mean_s * (len(self._queue) + 1) / 2)
        return OverloadedError(
            f"The {self._role} model has too much waiting. Try again shortly.",
            retry_after_s=min(_LONGEST_RETRY_S, max(1, wait_s)),
        )

    def _unavailable(self) -> ModelUnavailableError:
        if self._problem is not None:
            return ModelUnavailableError(self._problem)
        if self._closing or self._state is EngineState.STOPPED:
            return ModelUnavailableError(f"The {self._role} model was stopped. Try again shortly.")
        return ModelUnavailableError(f"The {self._role} model is still loading. Try again shortly.")

    def _main(self) -> None:
        try:
            engine = self._load_checked()
            if engine is not None:
                self._serve(engine)
        finally:
            with self._changed:
                if self._state is not EngineState.FAILED:
                    self._state = EngineState.STOPPED
            self._abandon_work()
            self._wake_waiters()

    def _load_checked(self) -> E | None:
        begun = time.monotonic()
        try:
            engine = self._load()
            if self._check is not None:
                self._check(engine)
        except Exception as err:  # noqa: BLE001 - a native library may raise anything
            _log.exception("engine_load_failed", role=self._role, model=self._model)
            public = (
                err.public
                if isinstance(err, AfirgenError)
                else f"The {self._role} model {self._model} could not be loaded. Run `afirgen models verify`."
            )
            with self._changed:
                self._state = EngineState.FAILED
                self._problem = public
            return None
        with self._changed:
            self._load_s = time.monotonic() - begun
            self._state = EngineState.READY
        _log.info("engine_ready", role=self._role, model=self._model, load_s=round(self._load_s, 2))
        self._wake_waiters()
        return engine

    def _serve(self, engine: E) -> None:
        while (task := self._next()) is not None:
            begun = time.monotonic()
            value, error = self._run(engine, task)
            spent = time.monotonic() - begun
            WAIT_SECONDS.note(begun - task.submitted, self._role)
            MODEL_SECONDS.note(spent, self._role)
            if isinstance(error, EngineFailureError):
                MODEL_FAILURES.add(self._role)
            with self._changed:
                self._running = None
                self._done += error is None
                self._failed += isinstance(error, EngineFailureError)
                self._mean_s += 0.2 * (spent - self._mean_s)
            task.settle(value, error)
            # Do not hold the caller's data and result while waiting for the next task.
            del task, value, error

    def _next(self) -> _Task[E] | None:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            if not self._queue:
                return None
            self._running = heapq.heappop(self._queue)
            return self._running

    def _run(self, engine: E, task: _Task[E]) -> tuple[object, AfirgenError | None]:
        try:
            task.token.raise_if_cancelled()
            return task.run(engine, task.token), None
        except AfirgenError as err:
            return None, err
        except Exception as err:  # noqa: BLE001 - a native library may raise anything
            _log.exception("engine_call_failed", role=self._role, model=self._model)
            return None, EngineFailureError(
                f"The {self._role} model failed on this input. Try again, or type the complaint.",
                detail=f"{type(err).__name__}: {err}",
            )

    def _abandon_work(self) -> None:
        with self._changed:
            dropped, self._queue = self._queue, []
            if self._running is not None:
                self._running.token.cancel()
        for task in dropped:
            task.token.cancel()
            task.settle(None, CancelledWorkError(f"The {self._role} model was stopped. Try again shortly."))

    def _wake_waiters(self) -> None:
        with self._changed:
            waiters, self._waiters = self._waiters, []
        for wake in waiters:
            wake()


def _post(loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], value: Any, error: Exception | None) -> None:
    try:
        loop.call_soon_threadsafe(_set, future, value, error)
    except RuntimeError:
        # The caller's loop closed before the native call returned: nobody is left to tell.
        _log.debug("result_without_caller")


def _set(future: asyncio.Future[T], value: T, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)
