"""The program's figures: one registry for Prometheus, and where it is turned on, lines for CloudWatch.

Labels are words of the program's own (routes, steps, roles), never anything of a case.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from afirgen.telemetry.emf import Unit, keep, watch

REGISTRY = CollectorRegistry()
_QUICK = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)


class Count:
    """Something that happens; ``name`` is how CloudWatch calls it, ``metric`` how Prometheus does."""

    def __init__(self, name: str, metric: str, about: str, labels: tuple[str, ...] = ()) -> None:
        self._name = name
        self._counter = Counter(f"afirgen_{metric}", about, labels, registry=REGISTRY)
        self._has_labels = bool(labels)

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count once, or ``amount`` times."""
        (self._counter.labels(*labels) if self._has_labels else self._counter).inc(amount)
        keep(self._name, amount, Unit.COUNT)


class Seconds:
    """How long something takes."""

    def __init__(
        self, name: str, metric: str, about: str, labels: tuple[str, ...] = (), *, buckets: tuple[float, ...]
    ) -> None:
        self._name = name
        self._histogram = Histogram(f"afirgen_{metric}_seconds", about, labels, registry=REGISTRY, buckets=buckets)
        self._has_labels = bool(labels)

    def note(self, seconds: float, *labels: str) -> None:
        """Take one measurement."""
        (self._histogram.labels(*labels) if self._has_labels else self._histogram).observe(seconds)
        keep(self._name, seconds, Unit.SECONDS)

    @contextmanager
    def timed(self, *labels: str) -> Iterator[None]:
        """Measure a block, also one that fails."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.note(perf_counter() - begun, *labels)


class Level:
    """Something that has a value at any time; ``now`` gives it when it is asked for."""

    def __init__(self, name: str, metric: str, about: str) -> None:
        self._name = name
        self._gauge = Gauge(f"afirgen_{metric}", about, registry=REGISTRY)

    def of(self, now: Callable[[], float]) -> None:
        """Say where the value comes from."""
        self._gauge.set_function(now)
        watch(self._name, now, Unit.COUNT)


REQUESTS = Count("Requests", "requests", "Requests answered.", ("method", "route", "status"))
ERRORS = Count("Errors", "request_errors", "Requests that failed in the program.", ("route",))
REQUEST_SECONDS = Seconds(
    "RequestSeconds", "request", "Time to answer a request without a model.", ("route",), buckets=_QUICK
)
RATE_LIMITED = Count("RateLimited", "rate_limited", "Requests refused because a client sent too many.")
OVERLOADED = Count("Overloaded", "overloaded", "Requests refused because all places were taken.")
AUTH_FAILURES = Count("AuthenticationFailures", "authentication_failures", "Requests and sign-ins refused.")
COMPLAINTS = Count("Complaints", "complaints", "Complaints whose reading began.")
FIRS = Count("Firs", "forms", "Forms filled.")
STEP_SECONDS = Seconds("StepSeconds", "step", "Time that the machine takes for a step.", ("step",), buckets=_SLOW)
STEP_FAILURES = Count("StepFailures", "step_failures", "Steps that failed.", ("step",))
DRAFT_SECONDS = Seconds("DraftSeconds", "draft", "Time of the machine for all steps of a draft.", buckets=_SLOW)
MODEL_SECONDS = Seconds("ModelSeconds", "model", "Time that a model works on a request.", ("role",), buckets=_SLOW)
WAIT_SECONDS = Seconds(
    "QueueSeconds", "model_wait", "Time that a request waits for its model.", ("role",), buckets=_SLOW
)
MODEL_FAILURES = Count("ModelFailures", "model_failures", "Requests on which a model failed.", ("role",))
PROMPT_TOKENS = Count("PromptTokens", "prompt_tokens", "Tokens read by the language model.")
REUSED_TOKENS = Count("ReusedTokens", "reused_tokens", "Tokens that the language model still had in its cache.")
WRITTEN_TOKENS = Count("WrittenTokens", "written_tokens", "Tokens written by the language model.")
DATABASE_SECONDS = Seconds(
    "DatabaseSeconds", "database", "Time of a transaction, waiting included.", ("kind",), buckets=_QUICK
)
DATABASE_FAILURES = Count("DatabaseFailures", "database_failures", "Transactions that failed.", ("kind",))
BACKUPS = Count("Backups", "backups", "Backups made and checked.")
BACKUP_FAILURES = Count("BackupFailures", "backup_failures", "Backups that failed or hold changed records.")
BACKUP_SECONDS = Seconds("BackupSeconds", "backup", "Time to make and check a backup.", buckets=_SLOW)
RESTORE_DRILLS = Count("RestoreDrills", "restore_drills", "Restore drills that went well.")
RESTORE_DRILL_FAILURES = Count("RestoreDrillFailures", "restore_drill_failures", "Restore drills that failed.")
READY = Level("Ready", "ready", "1 when all models are loaded.")
QUEUE = Level("Queue", "queue", "Requests that wait for a model.")


def exposition() -> str:
    """Return all figures in the text form of Prometheus."""
    return generate_latest(REGISTRY).decode()
