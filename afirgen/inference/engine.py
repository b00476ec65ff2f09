"""What every engine has in common: its state, priorities and cancellation."""

import threading
from enum import IntEnum, StrEnum
from typing import Protocol

from msgspec import Struct

from afirgen.errors import CancelledWorkError


class EngineState(StrEnum):
    """Life of an engine; only READY takes work."""

    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


class Priority(IntEnum):
    """Order of service: an officer who waits goes before work done ahead of need."""

    OFFICER = 0
    PREFETCH = 1


class EngineStatus(Struct, frozen=True, kw_only=True):
    """A snapshot for ``/ready`` and ``/health``. ``problem`` is a public sentence."""

    role: str
    model: str
    state: EngineState
    waiting: int = 0
    done: int = 0
    failed: int = 0
    load_s: float | None = None
    problem: str | None = None


class CancelToken:
    """Set by a caller that no longer wants its result; native loops look at it between calls."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next safe point."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the caller has given up."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise :class:`CancelledWorkError` when the caller has given up."""
        if self.cancelled:
            raise CancelledWorkError("The work was stopped.")


class Engine(Protocol):
    """A native engine owned by one thread."""

    def start(self) -> None:
        """Begin to load in the engine's own thread and return at once."""

    def stop(self) -> None:
        """Refuse new work, finish or fail what is queued, free the model, join the thread."""

    async def ready(self) -> None:
        """Wait until loaded and checked; raise ``ModelUnavailableError`` if that failed."""

    def status(self) -> EngineStatus:
        """Return a snapshot without waiting."""
