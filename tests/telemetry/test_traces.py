"""Traces reach a collector over HTTP: one in ten, and every one in which something failed."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
import structlog
from moto import mock_aws
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from afirgen.telemetry import traces
from afirgen.telemetry.logs import set_up_logs

ERROR = 2


class Collector(HTTPServer):
    """Takes traces as the CloudWatch agent does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.spans: list[Span] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


class _Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    yield server
    traces.turn_off()
    server.shutdown()
    server.server_close()


def test_a_trace_goes_through_its_blocks(collector: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("INFO")
    traces.turn_on(collector.url, "prod", share=1.0)
    with traces.span("POST /process", **{"http.route": "/process"}), traces.span("step facts"):
        traces.note(items=2)
        structlog.get_logger().info("said")
    traces.turn_off()
    (outer,), (inner,) = collector.named("POST /process"), collector.named("step facts")
    assert inner.parent_span_id == outer.span_id
    assert {a.key: a.value.int_value for a in inner.attributes} == {"items": 2}
    line = json.loads(capsys.readouterr().err)
    assert (line["trace_id"], line["span_id"]) == (inner.trace_id.hex(), inner.span_id.hex())


def test_of_an_error_only_the_kind_is_kept(collector: Collector) -> None:
    traces.turn_on(collector.url, "prod", share=0.0)
    with pytest.raises(ValueError, match="Anil"), traces.span("outer"), traces.span("inner"):
        raise ValueError("Anil Rao lost his phone")
    traces.turn_off()
    assert {span.name for span in collector.spans} == {"outer", "inner"}
    for span in collector.spans:
        assert (span.status.code, span.status.message) == (ERROR, "ValueError")
        assert b"Anil" not in span.SerializeToString()


def test_one_in_ten_is_sent_and_every_failure(collector: Collector) -> None:
    traces.turn_on(collector.url, "prod")
    for number in range(1000):
        with traces.span("outer"):
            with traces.span("before"):
                pass
            with traces.span("inner"):
                if number % 100 == 0:
                    traces.failed("http_500")
            with traces.span("after"):
                pass
    traces.turn_off()
    failed = [span for span in collector.spans if span.status.code == ERROR]
    assert len(failed) == 10
    whole = {span.trace_id for span in failed}
    for trace_id in whole:
        found = {span.name for span in collector.spans if span.trace_id == trace_id}
        assert found == {"outer", "before", "inner", "after"}
    others = {span.trace_id for span in collector.spans} - whole
    assert 60 <= len(others) <= 140


def test_calls_to_s3_are_blocks(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        traces.turn_on(collector.url, "prod", share=1.0)
        client = boto3.client("s3", region_name="us-east-1")
        with traces.span("outer"):
            client.create_bucket(Bucket="kept")
            with pytest.raises(client.exceptions.NoSuchKey):
                client.get_object(Bucket="kept", Key="no")
        traces.turn_off()
    (outer,) = collector.named("outer")
    (made,), (missed,) = collector.named("s3 CreateBucket"), collector.named("s3 GetObject")
    assert made.parent_span_id == outer.span_id
    assert missed.status.message == "http_404"


def test_a_collector_that_is_gone_does_not_disturb() -> None:
    traces.turn_on("http://127.0.0.1:9", "prod", share=1.0)
    with traces.span("outer"):
        pass
    traces.turn_off()
    assert traces.trace_ids() == {}


def test_off_no_library_of_traces_is_loaded() -> None:
    check = (
        "import sys\n"
        "from afirgen.telemetry import traces\n"
        "with traces.span('x', a=1):\n    traces.note(b=2)\n"
        "assert traces.span('x') is not None\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules), 'loaded'\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", check], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
