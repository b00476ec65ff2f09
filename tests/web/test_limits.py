"""Size, time and places, over real sockets; and whose word counts about where a request comes from."""

import asyncio
import http.client
import json
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from afirgen.cli import serve
from afirgen.errors import OverloadedError, RequestTimeoutError
from afirgen.pipeline.run import OnProgress, Original
from afirgen.web import limits
from afirgen.web.limits import Places, patient
from afirgen.web.proxies import Origin, TrustedProxies
from tests.web.browsers import serving
from tests.web.installation import COMPLAINT, HEADERS, KEY, Installation, RulesOnly

pytestmark = pytest.mark.anyio
_MIB = 1024 * 1024


def ask(address: str, *parts: bytes) -> tuple[int, bytes, int]:
    """Send parts of a request until it is answered; return the status, the body and how many parts were sent."""
    host, port = address.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=20)) as line:
        sent = 0
        for part in parts:
            line.settimeout(0.005)
            try:
                if line.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                pass
            line.settimeout(20)
            line.sendall(part)
            sent += 1
        answer = http.client.HTTPResponse(line)
        answer.begin()
        return answer.status, answer.read(), sent


def head(*lines: str) -> bytes:
    form = "Content-Type: multipart/form-data; boundary=x"
    return "\r\n".join(["POST /process HTTP/1.1", "Host: a", f"X-API-Key: {KEY}", form, *lines, "", ""]).encode()


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(installation: Installation) -> None:
    with serving(installation) as address:
        status, body, _ = await asyncio.to_thread(ask, address, head(f"Content-Length: {30 * _MIB}"))
        assert (status, json.loads(body)["error_code"]) == (413, "http_413")


async def test_a_body_that_does_not_say_its_size_is_refused_when_it_is_too_large(installation: Installation) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    chunks = [_chunk(part), *[_chunk(b"a" * _MIB)] * 60]
    with serving(installation) as address:
        status, body, sent = await asyncio.to_thread(ask, address, head("Transfer-Encoding: chunked"), *chunks)
    assert (status, json.loads(body)["error_code"]) == (413, "http_413")
    assert 25 <= sent < 40


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def test_a_small_call_may_not_bring_a_large_body(installation: Installation) -> None:
    async with installation.client() as client:
        answer = await client.post("/validate", content=b" " * (3 * _MIB), headers=HEADERS)
        assert (answer.status_code, answer.json()["error_code"]) == (413, "http_413")


async def test_a_body_that_does_not_come_is_not_waited_for(installation: Installation) -> None:
    installation.limits["upload_timeout_s"] = 0.3
    with serving(installation) as address:
        status, body, _ = await asyncio.to_thread(ask, address, head("Content-Length: 100", "Connection: close"), b"ab")
    assert (status, json.loads(body)["error_code"]) == (408, "request_timeout")


async def test_silence_ends_a_body_and_only_a_body() -> None:
    messages: list[Any] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b", "more_body": False},
        {"type": "http.disconnect"},
    ]
    waits = iter([0.0, 0.0, 0.2])

    async def receive() -> Any:
        await asyncio.sleep(next(waits, 9))
        return messages.pop(0)

    timed = patient(receive, total_s=5, silence_s=0.1)
    assert [(await timed())["type"] for _ in range(3)] == ["http.request", "http.request", "http.disconnect"]
    messages[:] = [{"type": "http.request", "body": b"a", "more_body": True}]
    with pytest.raises(RequestTimeoutError):
        await patient(receive, total_s=5, silence_s=0.1)()


async def test_a_connection_without_a_request_is_closed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_HEAD_S", 0.2)
    with serving(installation, http=serve.Patient) as address:
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{address}/live")).status_code == 200
        host, port = address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /live HTTP/1.1\r\nHost: a\r\nX-Slow")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


class Waiting(RulesOnly):
    """Reads a complaint only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    async def read(self, original: Original, on_progress: OnProgress) -> Any:
        self.begun.release()
        await asyncio.to_thread(self.go.wait, 20)
        return await super().read(original, on_progress)


async def test_when_all_places_are_taken_one_more_is_refused_at_once(tmp_path: Path) -> None:
    full = Installation(tmp_path, capacity=2)
    full.pipeline = pipeline = Waiting()
    full.open()
    with serving(full) as address:
        async with httpx.AsyncClient(base_url=address, headers=HEADERS, timeout=20) as client:

            async def send() -> httpx.Response:
                return await client.post("/process", data={"text": COMPLAINT})

            waiting = [asyncio.create_task(send()) for _ in range(2)]
            for _ in waiting:
                await asyncio.to_thread(pipeline.begun.acquire)
            more = await asyncio.wait_for(asyncio.gather(*(send() for _ in range(5))), 5)
            assert {answer.status_code for answer in more} == {503}
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in more)
            assert more[0].json()["error_code"] == "overloaded"
            assert (await client.get("/list_firs")).status_code == 200
            pipeline.go.set()
            assert {(await task).status_code for task in waiting} == {200}
            assert (await send()).status_code == 200


def test_a_place_comes_back_also_after_a_failure() -> None:
    places = Places(1)
    with pytest.raises(ZeroDivisionError), places.one():
        1 / 0  # noqa: B018 - what fails
    with places.one(), pytest.raises(OverloadedError), places.one():
        pass


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("203.0.113.9", {"x-forwarded-for": "198.51.100.1"}, "203.0.113.9"),
        ("10.0.0.1", {"x-forwarded-for": "198.51.100.1"}, "198.51.100.1"),
        ("10.0.0.1", {"x-forwarded-for": "1.1.1.1, 198.51.100.1, 10.2.3.4"}, "198.51.100.1"),
        ("10.0.0.1", {"x-forwarded-for": "10.7.7.7, 10.2.3.4"}, "10.7.7.7"),
        ("10.0.0.1", {"x-forwarded-for": "1.1.1.1, nonsense"}, "10.0.0.1"),
        ("10.0.0.1", {"x-forwarded-for": ""}, "10.0.0.1"),
        ("10.0.0.1", {"x-real-ip": "198.51.100.2"}, "198.51.100.2"),
        ("::ffff:10.0.0.1", {"x-forwarded-for": "2001:db8::1"}, "2001:db8::1"),
        (None, {"x-forwarded-for": "198.51.100.1"}, None),
    ],
)
def test_forwarded_addresses_count_only_from_a_trusted_proxy(
    peer: str | None, headers: dict[str, str], address: str | None
) -> None:
    assert TrustedProxies(["10.0.0.0/8"]).origin(peer, "http", headers) == Origin(address, https=False)


def test_the_scheme_is_a_trusted_proxys_too() -> None:
    proxies = TrustedProxies(["10.0.0.1"])
    assert proxies.origin("10.0.0.1", "http", {"x-forwarded-proto": "https"}).https is True
    assert proxies.origin("10.0.0.2", "http", {"x-forwarded-proto": "https"}).https is False


async def test_the_rate_is_counted_for_the_client_behind_the_proxy(tmp_path: Path) -> None:
    installation = Installation(tmp_path, requests=2)
    installation.limits["trusted_proxies"] = ("127.0.0.1",)
    with serving(installation) as address:
        async with httpx.AsyncClient(base_url=address, headers=HEADERS) as client:

            async def status(client_address: str) -> int:
                return (await client.get("/list_firs", headers={"x-forwarded-for": client_address})).status_code

            assert [await status("198.51.100.1") for _ in range(3)] == [200, 200, 429]
            assert await status("198.51.100.2") == 200
            assert await status("198.51.100.2, 198.51.100.1") == 429


async def test_where_https_is_wanted_http_is_led_there_or_refused(installation: Installation) -> None:
    installation.limits |= {"enforce_https": True, "trusted_proxies": ("127.0.0.1",)}
    with serving(installation) as address:
        async with httpx.AsyncClient(base_url=address, headers=HEADERS) as client:
            led = await client.get("/list_firs")
            assert (led.status_code, led.headers["location"][:8]) == (303, "https://")
            refused = await client.post("/process", data={"text": COMPLAINT})
            assert (refused.status_code, refused.json()["error_code"]) == (403, "not_allowed")
            secure = await client.get("/list_firs", headers={"x-forwarded-proto": "https"})
            assert secure.status_code == 200
            assert secure.headers["strict-transport-security"] == "max-age=31536000"
            assert (await client.get("/live")).status_code == 200


async def test_only_listed_origins_are_let_in_by_a_browser(installation: Installation) -> None:
    async with installation.client() as client:
        for origin, allowed in (("https://station.example", "https://station.example"), ("https://evil.example", None)):
            plain = await client.get("/list_firs", headers={**HEADERS, "origin": origin})
            assert plain.headers.get("access-control-allow-origin") == allowed
            assert "Retry-After" in plain.headers["access-control-expose-headers"]
            asked = {"origin": origin, "access-control-request-method": "POST"}
            before = await client.options("/process", headers=asked)
            assert before.headers.get("access-control-allow-origin") == allowed
        refused = await client.get("/list_firs", headers={"origin": "https://station.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://station.example"


async def test_a_browser_is_told_on_a_page_that_there_were_too_many(tmp_path: Path) -> None:
    async with Installation(tmp_path, requests=1).client() as client:
        for _ in range(2):
            answer = await client.get("/sign-in", headers={"accept": "text/html"})
        assert answer.status_code == 429
        assert answer.headers["content-type"].startswith("text/html")
        assert int(answer.headers["retry-after"]) >= 1


def test_the_rate_forgets_clients_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_CLIENTS", 3)
    rate = limits.RateLimit(5, window_s=0)
    for number in range(20):
        rate.count(f"198.51.100.{number}")
        assert len(rate._seen) <= 4
