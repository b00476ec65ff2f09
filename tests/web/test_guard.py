import re
from pathlib import Path

import pytest

from afirgen.store.sign_in import SignIn
from afirgen.web.accounts import COOKIE
from afirgen.web.keys import kept_key
from tests.web.installation import COMPLAINT, HEADERS, KEY, Installation

pytestmark = pytest.mark.anyio


async def test_every_path_but_the_open_ones_needs_the_key(installation: Installation) -> None:
    async with installation.client() as client:
        paths = {re.sub(r"\{\w+(:\w+)?\}", "1", route.path_format) for route in client.app.routes}
        for path in sorted(paths):
            if path.startswith(("/static", "/openapi", "/docs", "/redoc", "/health", "/live", "/ready", "/sign-in")):
                continue
            statuses = {(await client.request(method, path)).status_code for method in ("GET", "POST", "PUT", "DELETE")}
            # A method that the path does not know is refused before anything else; it does nothing.
            assert statuses - {405} == {401}, path
        for headers in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}):
            assert (await client.get("/list_firs", headers=headers)).status_code == 200
        assert (await client.get("/list_firs", headers={"X-API-Key": KEY + "x"})).status_code == 401


async def test_rate_limit_counts_and_says_when_to_come_back(tmp_path: Path) -> None:
    installation = Installation(tmp_path, requests=3)
    async with installation.client() as client:
        for _ in range(3):
            answer = await client.get("/list_firs", headers=HEADERS)
            assert answer.status_code == 200
            assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-window"]) == ("3", "60")
        over = await client.get("/list_firs", headers=HEADERS)
        assert over.status_code == 429
        assert over.json()["error"] == "too_many_requests"
        assert 1 <= int(over.headers["retry-after"]) <= 61
        assert (await client.get("/health")).status_code == 200


async def test_security_headers_are_on_every_answer(installation: Installation) -> None:
    async with installation.client() as client:
        for path in ("/", "/list_firs", "/nothing", "/static/style.css"):
            headers = (await client.get(path, headers=HEADERS)).headers
            assert "default-src 'self'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert (headers.get("cache-control") == "no-store") is not path.startswith("/static/"), path


async def test_a_page_session_works_only_from_our_own_site(installation: Installation) -> None:
    async with installation.client() as client:
        cookie = {"cookie": f"{COOKIE}={await SignIn(installation.database).with_key(None)}"}
        assert (await client.get("/list_firs", headers=cookie)).status_code == 200
        foreign = await client.post(
            "/process", data={"text": COMPLAINT}, headers={**cookie, "sec-fetch-site": "cross-site"}
        )
        assert foreign.status_code == 401
        origin = await client.post(
            "/process", data={"text": COMPLAINT}, headers={**cookie, "origin": "https://evil.example"}
        )
        assert origin.status_code == 401
        own = await client.post(
            "/process", data={"text": COMPLAINT}, headers={**cookie, "sec-fetch-site": "same-origin"}
        )
        assert own.status_code == 200


def test_the_kept_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "api_key"
    key = kept_key(path)
    assert len(key) >= 24
    assert kept_key(path) == key
    assert path.stat().st_mode & 0o077 == 0
