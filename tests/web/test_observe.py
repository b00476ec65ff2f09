"""What is noted of requests."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from litestar.testing import AsyncTestClient

from afirgen.telemetry.logs import set_up_logs
from afirgen.telemetry.metrics import REGISTRY
from tests.web.installation import COMPLAINT, HEADERS, Installation

pytestmark = pytest.mark.anyio


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_requests_are_counted_by_route_not_by_address(installation: Installation) -> None:
    route = "/session/{session_id}/status"
    before = value("afirgen_requests_total", method="GET", route=route, status="404")
    refused = value("afirgen_authentication_failures_total")
    async with AsyncTestClient(installation.app()) as client:
        for _ in range(2):
            await client.get(f"/session/{uuid4()}/status", headers=HEADERS)
        await client.get("/list_firs", headers={"X-API-Key": "wrong"})
    assert value("afirgen_requests_total", method="GET", route=route, status="404") == before + 2
    assert value("afirgen_request_seconds_count", route=route) >= 2
    assert value("afirgen_authentication_failures_total") == refused + 1


async def test_what_waits_for_a_model_does_not_count_as_slow(installation: Installation) -> None:
    async with AsyncTestClient(installation.app()) as client:
        await client.post("/process", data={"text": COMPLAINT}, headers=HEADERS)
    assert value("afirgen_requests_total", method="POST", route="/process", status="200") >= 1
    assert REGISTRY.get_sample_value("afirgen_request_seconds_count", {"route": "/process"}) is None


async def test_too_many_and_too_full_are_counted_apart(tmp_path: Path) -> None:
    installation = Installation(tmp_path, requests=1, capacity=0)
    limited, full = value("afirgen_rate_limited_total"), value("afirgen_overloaded_total")
    async with AsyncTestClient(installation.app()) as client:
        await client.post("/process", data={"text": COMPLAINT}, headers=HEADERS)
        await client.get("/list_firs", headers=HEADERS)
    assert value("afirgen_overloaded_total") == full + 1
    assert value("afirgen_rate_limited_total") == limited + 1


async def test_a_failure_of_the_program_is_an_error(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = value("afirgen_request_errors_total", route="/list_firs")

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(installation.firs, "page", broken)
    async with AsyncTestClient(installation.app()) as client:
        assert (await client.get("/list_firs", headers=HEADERS)).status_code == 500
    assert value("afirgen_request_errors_total", route="/list_firs") == before + 1


async def test_a_request_has_an_id_in_its_answer_and_its_lines(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("INFO")
    async with AsyncTestClient(installation.app()) as client:
        taken = await client.post("/process", data={"text": COMPLAINT}, headers=HEADERS)
        session = taken.json()["session_id"]
        capsys.readouterr()
        given = await client.get(f"/session/{session}/status", headers=HEADERS | {"X-Request-Id": "from-the-proxy-1"})
        other = await client.get("/list_firs", headers=HEADERS | {"X-Request-Id": "a b\tc"})
        await client.get("/live")
    assert given.headers["x-request-id"] == "from-the-proxy-1"
    assert len(other.headers["x-request-id"]) == 32
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    about = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in about] == ["/session/{session_id}/status", "/list_firs"]
    assert about[0]["request"] == "from-the-proxy-1"
    assert about[0]["case"] == session
    assert "case" not in about[1]


async def test_steps_in_the_background_name_their_case(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("INFO")
    installation.pipeline.fail_next = True
    async with AsyncTestClient(installation.app()) as client:
        taken = await client.post("/process", data={"text": COMPLAINT}, headers=HEADERS)
        session = taken.json()["session_id"]
        body = {"session_id": session, "approved": True}
        await client.post("/validate", json=body, headers=HEADERS)
        await client.post("/validate", json=body, headers=HEADERS)
    failed = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "step_failed" in line]
    assert failed[0]["case"] == session
    assert "Anil" not in str(failed)
