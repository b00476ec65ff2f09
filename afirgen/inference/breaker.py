"""Circuit breakers: after repeated failures of a part, callers are turned away for a while instead of waiting."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct


class BreakerState(StrEnum):
    """CLOSED lets work through, OPEN refuses it, HALF_OPEN lets one trial through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerStatus(Struct, frozen=True, kw_only=True):
    """A snapshot for ``/health`` and ``/reliability``."""

    name: str
    state: BreakerState
    failures: int


class CircuitBreaker:
    """Counts failures in a row; opens at ``threshold`` and offers a trial after ``rest_s`` seconds.

    Safe to use from several threads. ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int = 5,
        rest_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._threshold = threshold
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._trial_since: float | None = None

    @property
    def state(self) -> BreakerState:
        """Present state; an open breaker that has rested long enough is half open."""
        with self._lock:
            return self._state_now()

    def allow(self) -> bool:
        """Tell whether a call may be made now; while half open one trial at a time is let through."""
        with self._lock:
            state = self._state_now()
            if state is not BreakerState.HALF_OPEN:
                return state is BreakerState.CLOSED
            now = self._clock()
            # A trial that was never reported must not keep the breaker shut for ever.
            if self._trial_since is not None and now - self._trial_since < self._rest_s:
                return False
            self._trial_since = now
            return True

    def succeeded(self) -> None:
        """Report a call that worked; the breaker closes."""
        self.reset()

    def failed(self) -> None:
        """Report a call that failed through the part's own fault."""
        with self._lock:
            self._failures += 1
            self._trial_since = None
            if self._failures >= self._threshold:
                self._opened_at = self._clock()

    def reset(self) -> None:
        """Close the breaker and forget the failures."""
        with self._lock:
            self._failures = 0
            self._opened_at = None
            self._trial_since = None

    def status(self) -> BreakerStatus:
        """Return a snapshot."""
        with self._lock:
            return BreakerStatus(name=self.name, state=self._state_now(), failures=self._failures)

    def _state_now(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        rested = self._clock() - self._opened_at >= self._rest_s
        return BreakerState.HALF_OPEN if rested else BreakerState.OPEN


MODEL_SERVER = "model_server"
ASR_OCR_SERVER = "asr_ocr_server"
DATABASE = "database"


def standard_breakers() -> dict[str, CircuitBreaker]:
    """Make the breakers that the REST API names."""
    return {name: CircuitBreaker(name) for name in (MODEL_SERVER, ASR_OCR_SERVER, DATABASE)}
