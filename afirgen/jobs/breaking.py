"""The three circuit breakers of the REST API: a part that failed several times in a row rests for half a minute."""

from collections.abc import Iterator
from contextlib import contextmanager

from afirgen.case.evidence import SourceKind
from afirgen.case.session import Step
from afirgen.case.state import CaseState
from afirgen.errors import DeadlineExceededError, EngineFailureError, NotFoundError, OverloadedError, StorageError
from afirgen.inference.breaker import (
    ASR_OCR_SERVER,
    DATABASE,
    MODEL_SERVER,
    BreakerStatus,
    CircuitBreaker,
    standard_breakers,
)

_REST_S = 30
# Only what is the part's own fault counts; a model that is not installed fails at once and says so.
_OWN_FAULTS = (EngineFailureError, DeadlineExceededError, StorageError)


class Breakers:
    """Remembers the failures of each part."""

    def __init__(self) -> None:
        self._all = standard_breakers()

    def statuses(self) -> tuple[BreakerStatus, ...]:
        """Return a snapshot of every breaker."""
        return tuple(breaker.status() for breaker in self._all.values())

    def reset(self, name: str) -> BreakerStatus:
        """Close a breaker; raise :class:`NotFoundError` when there is none of that name."""
        if name not in self._all:
            raise NotFoundError(f"There is no such part. Choose one of {', '.join(self._all)}.")
        self._all[name].reset()
        return self._all[name].status()

    @contextmanager
    def around(self, name: str | None) -> Iterator[None]:
        """Watch a piece of work of a part; None is work that no part can fail in.

        Raises:
            OverloadedError: The part rests.
        """
        breaker = self._all[name] if name else CircuitBreaker("none")
        if not breaker.allow():
            raise OverloadedError(
                "This part failed several times in a row and rests now. Try again in half a minute.",
                retry_after_s=_REST_S,
            )
        try:
            yield
        except _OWN_FAULTS:
            breaker.failed()
            raise
        breaker.succeeded()

    @contextmanager
    def around_database(self) -> Iterator[None]:
        """Watch a question to the database; it is asked also while the breaker is open."""
        try:
            yield
        except StorageError:
            self._all[DATABASE].failed()
            raise
        self._all[DATABASE].succeeded()


def part_for(step: Step, state: CaseState) -> str | None:
    """Return the part whose model drafts a step, None where rules alone do."""
    if step is Step.TRANSCRIPT:
        return None if state.source.kind is SourceKind.TEXT else ASR_OCR_SERVER
    return MODEL_SERVER if step in {Step.SUMMARY, Step.VIOLATIONS} else None
