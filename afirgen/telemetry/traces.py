"""Traces over OTLP. Off they cost nothing: no library is loaded and a block is entered as it is.

On, every block is recorded; of ten traces one is sent, and besides every trace in which something failed. Of an error
its kind is kept, not its text, which may quote a complaint.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from afirgen.telemetry.tracer import Tracing

SHARE = 0.1
"""The share of traces that is sent though nothing failed in them."""

_tracing: "Tracing | None" = None


def turn_on(endpoint: str, deployment: str, *, exporter: "SpanExporter | None" = None, share: float = SHARE) -> None:
    """Send traces to a collector at ``endpoint``, such as ``http://127.0.0.1:4318``."""
    global _tracing  # noqa: PLW0603 -- a process has one collector
    from afirgen.telemetry.tracer import Tracing  # noqa: PLC0415 -- slow to load, and mostly off

    turn_off()
    _tracing = Tracing(endpoint, deployment, share, exporter)


def turn_off() -> None:
    """Send what is held and stop; nothing happens where it is off."""
    global _tracing  # noqa: PLW0603 -- as above
    if _tracing is not None:
        _tracing.stop()
        _tracing = None


def span(name: str, **facts: str | float) -> AbstractContextManager[None]:
    """Make a block a part of the trace that it runs in. ``facts`` are words and numbers of the program's own."""
    return nullcontext() if _tracing is None else _tracing.span(name, facts)


def note(**facts: str | float) -> None:
    """Add facts to the block that runs."""
    if _tracing is not None:
        _tracing.note(facts)


def failed(kind: str) -> None:
    """Mark the block that runs as failed, though it raises nothing."""
    if _tracing is not None:
        _tracing.failed(kind)


def trace_ids() -> dict[str, str]:
    """Return the ids of the trace and the block that runs, nothing where there is none."""
    return {} if _tracing is None else _tracing.ids()
