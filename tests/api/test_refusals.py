"""Every refusal has one shape: a sentence, a stable code and a time; nothing internal is in it."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from litestar.exceptions import HTTPException

from afirgen import errors
from afirgen.errors import AfirgenError, StorageError
from tests.api.kit import API, Client
from tests.web.installation import AUTH_KEY, COMPLAINT, HEADERS, Installation

pytestmark = pytest.mark.anyio
NOBODY = "00000000-0000-4000-8000-000000000000"
NO_FIR = "FIR-00000000-20250307143000"
INTERNAL = re.compile(r"Traceback|sqlalchemy|\.py\b|SELECT |/home|/tmp|/work|afirgen\.", re.IGNORECASE)


def looks_right(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error_code"] == code, body
    assert re.fullmatch(r"[A-Z].*[.?]", body["detail"], re.DOTALL), body
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert set(body) <= {"detail", "error_code", "timestamp", "error"}
    assert not INTERNAL.search(answer.text)


CALLS: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "/process", {}, 400, "invalid_input"),
    ("POST", "/process", {"data": {"text": "short"}}, 400, "invalid_input"),
    ("POST", "/process", {"data": {"text": "x" * 50_001}}, 400, "input_too_long"),
    ("POST", "/process", {"files": {"audio": ("a.wav", b"\x00" * 99)}}, 415, "unsupported_media"),
    ("POST", "/validate", {"json": {"session_id": NOBODY, "approved": True}}, 404, "not_found"),
    ("POST", "/validate", {"json": {"session_id": "x", "approved": True}}, 400, "invalid_input"),
    ("POST", "/validate", {"json": {"approved": True}}, 400, "http_400"),
    ("POST", "/validate", {"content": b"{"}, 400, "http_400"),
    ("GET", "/session/x/status", {}, 400, "invalid_input"),
    ("GET", f"/session/{NOBODY}/status", {}, 404, "not_found"),
    ("POST", f"/regenerate/{NOBODY}?step=summary_review", {}, 404, "not_found"),
    ("POST", f"/regenerate/{NOBODY}?step=poem", {}, 400, "invalid_input"),
    ("POST", f"/regenerate/{NOBODY}", {"content": b"{", "headers": {"content-type": "application/json"}}, 400,
     "invalid_input"),
    ("POST", "/authenticate", {"json": {"fir_number": NO_FIR, "auth_key": AUTH_KEY}}, 404, "not_found"),
    ("POST", "/authenticate", {"json": {"fir_number": NO_FIR, "auth_key": "wrong key"}}, 401, "not_authenticated"),
    ("POST", "/authenticate", {"json": {"fir_number": "x", "auth_key": AUTH_KEY}}, 400, "invalid_input"),
    ("GET", "/fir/x", {}, 400, "invalid_input"),
    ("GET", f"/fir/{NO_FIR}/content", {}, 404, "not_found"),
    ("GET", "/list_firs?limit=0", {}, 400, "http_400"),
    ("GET", "/list_firs?offset=99999999999999999999", {}, 400, "http_400"),
    ("GET", "/nothing", {}, 404, "http_404"),
    ("PATCH", "/list_firs", {}, 405, "http_405"),
    ("POST", "/reliability/circuit-breaker/poem/reset", {}, 404, "not_found"),
    ("GET", f"{API}/cases/{NOBODY}", {}, 404, "not_found"),
    ("GET", f"{API}/cases/x", {}, 400, "invalid_input"),
    ("GET", f"{API}/cases?status=poem", {}, 400, "http_400"),
    ("POST", f"{API}/cases", {"json": {"text": " "}}, 400, "empty_input"),
    ("POST", f"{API}/cases/upload", {"data": {"language": "en"}}, 400, "http_400"),
    ("PUT", f"{API}/cases/{NOBODY}/steps/poem", {"json": {}}, 400, "http_400"),
    ("GET", f"{API}/jobs/none", {}, 404, "not_found"),
    ("POST", f"{API}/officers", {"json": {"name": "A B", "role": "program"}}, 400, "invalid_input"),
    ("POST", f"{API}/models/llm", {"json": {"model": "none"}}, 404, "not_found"),
]  # fmt: skip


async def test_wrong_calls(installation: Installation) -> None:
    async with installation.client() as http:
        for method, path, body, status, code in CALLS:
            more = {**body, "headers": HEADERS | body.get("headers", {})}
            looks_right(await http.request(method, path, **more), status, code)


async def test_who_calls_how_often_and_how_much(tmp_path: Path) -> None:
    installation = Installation(tmp_path, requests=4)
    async with installation.client() as http:
        looks_right(await http.get("/list_firs"), 401, "not_authenticated")
        looks_right(await http.get("/list_firs", headers={"X-API-Key": "x"}), 401, "not_authenticated")
        large = {"audio": ("a.wav", b"RIFF" + b"\x00" * (26 * 1024 * 1024), "audio/wav")}
        refused = await http.post("/process", files=large, headers=HEADERS)
        assert refused.status_code == 413
        assert refused.json()["detail"].endswith(".")
        await http.get("/list_firs", headers=HEADERS)
        over = await http.get("/list_firs", headers=HEADERS)
        looks_right(over, 429, "too_many_requests")
        assert over.json()["error"] == "too_many_requests"
        assert int(over.headers["retry-after"]) >= 1


async def test_a_full_program_and_a_database_that_is_away(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()

        async def away(*_args: object, **_more: object) -> object:
            raise StorageError("The database could not be used.", detail="SELECT secret FROM /tmp/x.py")

        monkeypatch.setattr(installation.cases, "whole", away)
        looks_right(await client.raw("GET", f"/cases/{case}"), 503, "storage")

        async def broken(*_args: object, **_more: object) -> object:
            raise RuntimeError("SELECT secret FROM /tmp/x.py")

        monkeypatch.setattr(installation.cases, "whole", broken)
        looks_right(await client.raw("GET", f"/cases/{case}"), 500, "internal_error")
        monkeypatch.setattr(type(installation.reception), "busy", 1000)
        full = await client.raw("POST", "/cases", json={"text": COMPLAINT})
        looks_right(full, 503, "overloaded")
        assert int(full.headers["retry-after"]) >= 1


def test_every_error_has_a_code_of_its_own_or_of_its_kind() -> None:
    def below(kind: type[AfirgenError]) -> list[type[AfirgenError]]:
        return [kind, *(k for child in kind.__subclasses__() for k in below(child))]

    kinds = [kind for kind in below(AfirgenError) if kind.__module__ == errors.__name__]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)
    assert not any(issubclass(kind, HTTPException) for kind in kinds)
