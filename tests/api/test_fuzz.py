"""Calls made up from the OpenAPI document, right ones and wrong ones: none ends in a fault of the server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from litestar import Litestar
from litestar.testing import TestClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.kit import API
from tests.web.installation import COMPLAINT, HEADERS, Installation

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROUNDS = settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    installation = Installation(tmp_path, requests=1_000_000, capacity=1000)
    with TestClient(installation.app(), base_url="http://testserver.local", raise_server_exceptions=False) as opened:
        yield opened


def at_every_step(client: TestClient[Litestar]) -> list[dict[str, str]]:
    """Return the ids of a case at each step and of its first job."""
    places = []
    for approvals in range(5):
        body = client.post(f"{API}/cases", json={"text": COMPLAINT}, headers=HEADERS).json()
        ids = {"case_id": body["case"]["id"], "session_id": body["case"]["id"], "job_id": body["job"]["id"]}
        client.get(f"{API}/jobs/{ids['job_id']}/events", headers=HEADERS)
        for _ in range(approvals):
            client.post("/validate", json={"session_id": ids["case_id"], "approved": True}, headers=HEADERS)
        case = client.get(f"{API}/cases/{ids['case_id']}", headers=HEADERS).json()["case"]
        if case["fir_number"]:
            ids["number"] = case["fir_number"]
        places.append(ids)
    return places


def send(client: TestClient[Litestar], case: schemathesis.Case) -> Any:
    """Send a made-up call with the key, and look at the answer."""
    made = requests.Request(**case.as_transport_kwargs(base_url="http://testserver.local")).prepare()
    headers = {name: value for name, value in made.headers.items() if name.lower() != "content-length"}
    answer = client.request(made.method or "", made.url or "", headers=headers | HEADERS, content=made.body)
    case.validate_response(answer, checks=CHECKS)
    return answer


def test_no_made_up_call_ends_in_a_fault(client: TestClient[Litestar]) -> None:
    document = client.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    places = at_every_step(client)
    calls, faults = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        names = {parameter["name"] for parameter in operation.definition.raw.get("parameters", ())}
        known = [{name: ids[name] for name in names & set(ids)} for ids in places]
        right = [(GenerationMode.POSITIVE, ids) for ids in (None, *known) if ids is None or ids]
        wrong = [(GenerationMode.NEGATIVE, ids) for ids in (None, known[-1]) if ids is None or ids]
        for mode, path in right + wrong:
            sent, fault = fuzz(client, operation, mode, path)
            calls += sent
            faults += [f"{operation.label} {mode.value}: {fault}"] if fault else []
    assert not faults, "\n\n".join(faults)
    assert calls > 100


def fuzz(
    client: TestClient[Litestar], operation: Any, mode: GenerationMode, path: dict[str, str] | None
) -> tuple[int, str]:
    """Send made-up calls of one kind, with the ids of ``path`` if it is given; return how many, and what was wrong."""
    sent = 0
    more = {"path_parameters": path} if path else {}

    @ROUNDS
    @given(case=operation.as_strategy(generation_mode=mode, **more))
    def one(case: schemathesis.Case) -> None:
        nonlocal sent
        if path:
            case.path_parameters = {**(case.path_parameters or {}), **path}
        sent += 1
        send(client, case)

    try:
        one()
    except BaseExceptionGroup as group:
        return sent, "; ".join(" ".join(str(error).split())[:600] for error in group.exceptions)
    except Failure as error:
        return sent, " ".join(str(error).split())[:600]
    return sent, ""
