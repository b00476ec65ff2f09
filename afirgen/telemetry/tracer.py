"""OpenTelemetry behind :mod:`afirgen.telemetry.traces`; loaded only where traces are on."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, Status, StatusCode

from afirgen import __version__

Facts = Mapping[str, str | int | float]
_MOST_TRACES, _MOST_SPANS = 128, 128
_ID_BITS = 64


class Tracing:
    """A tracer with its way out; ``exporter`` stands in for the collector."""

    def __init__(self, endpoint: str, deployment: str, share: float, exporter: SpanExporter | None = None) -> None:
        about = {"service.name": "afirgen", "service.version": __version__, "deployment.environment": deployment}
        out = exporter or OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.create(about), span_limits=SpanLimits(max_events=0)
        )
        self._provider.add_span_processor(_Keeper(BatchSpanProcessor(out), share))
        self._tracer = self._provider.get_tracer("afirgen")
        self._unhook = _follow_s3(self)

    @contextmanager
    def span(self, name: str, facts: Facts) -> Iterator[None]:
        """Record a block; an error that leaves it marks it as failed."""
        with self._tracer.start_as_current_span(
            name, attributes=dict(facts), record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield
            except BaseException as err:
                _mark(current, type(err).__name__)
                raise

    def begin(self, name: str, facts: Facts) -> Span:
        """Begin a block that ends with a call of :meth:`end`."""
        return self._tracer.start_span(name, attributes=dict(facts))

    @staticmethod
    def end(span: Span, failure: str | None) -> None:
        """End a block that was begun."""
        if failure:
            _mark(span, failure)
        span.end()

    @staticmethod
    def note(facts: Facts) -> None:
        """Add facts to the block that runs."""
        trace.get_current_span().set_attributes(dict(facts))

    @staticmethod
    def failed(kind: str) -> None:
        """Mark the block that runs."""
        _mark(trace.get_current_span(), kind)

    @staticmethod
    def ids() -> dict[str, str]:
        """Return the ids of the block that runs."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def stop(self) -> None:
        """Send what is held."""
        self._unhook()
        self._provider.shutdown()


def _mark(span: Span, kind: str) -> None:
    span.set_status(Status(StatusCode.ERROR, kind))
    span.set_attribute("error.type", kind)


class _Keeper(SpanProcessor):
    """Passes on the traces that are sent, and holds back the others until one of their blocks fails.

    A request's work may go on after its answer, so that no block is sure to be a trace's last: what is held is
    let go of when newer traces need the room.
    """

    def __init__(self, out: SpanProcessor, share: float) -> None:
        self._out = out
        self._below = int(share * (1 << _ID_BITS))
        self._held: OrderedDict[int, list[ReadableSpan]] = OrderedDict()
        self._failed: OrderedDict[int, None] = OrderedDict()

    def on_end(self, span: ReadableSpan) -> None:
        """Decide about a block that has ended."""
        trace_id = span.context.trace_id if span.context else 0
        if span.status.status_code is StatusCode.ERROR:
            self._fail(trace_id)
        if trace_id & ((1 << _ID_BITS) - 1) < self._below or trace_id in self._failed:
            self._out.on_end(span)
            return
        held = self._held.setdefault(trace_id, [])
        if len(held) < _MOST_SPANS:
            held.append(span)
        if len(self._held) > _MOST_TRACES:
            self._held.popitem(last=False)

    def _fail(self, trace_id: int) -> None:
        self._failed[trace_id] = None
        for span in self._held.pop(trace_id, ()):
            self._out.on_end(span)
        if len(self._failed) > _MOST_TRACES:
            self._failed.popitem(last=False)

    def shutdown(self) -> None:
        """Send what is to be sent."""
        self._out.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is to be sent, now."""
        return self._out.force_flush(timeout_millis)


def _follow_s3(tracing: Tracing) -> Any:
    """Make each call to S3 of clients made from now on a block of its own; return what undoes this."""
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 -- only where traces are on

    boto3.setup_default_session()
    events = boto3.DEFAULT_SESSION.events
    key = "afirgen_span"

    def before(context: dict[str, Any], **given: Any) -> None:
        context[key] = tracing.begin(f"s3 {given['model'].name}", {"peer.service": "s3"})

    def after(context: dict[str, Any], http_response: Any, **_: Any) -> None:
        if found := context.pop(key, None):
            tracing.end(found, None if http_response.status_code < 400 else f"http_{http_response.status_code}")  # noqa: PLR2004

    def broken(context: dict[str, Any], exception: Exception, **_: Any) -> None:
        if found := context.pop(key, None):
            tracing.end(found, type(exception).__name__)

    hooks = (("before-call.s3", before), ("after-call.s3", after), ("after-call-error.s3", broken))
    for name, hook in hooks:
        events.register(name, hook)

    def undo() -> None:
        for name, hook in hooks:
            events.unregister(name, hook)

    return undo
