"""Who may call: API key or page session, same-site requests only for the session, a sliding rate limit."""

import time
from collections import deque
from http import HTTPMethod
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware

from afirgen.case.audit import Actor
from afirgen.errors import AfirgenError, AuthenticationError, TooManyRequestsError
from afirgen.web.accounts import COOKIE, Accounts
from afirgen.web.errors import error_body, wants_page

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

Connection = ASGIConnection[Any, Any, Any, Any]
_OPEN = ("/health", "/live", "/ready", "/docs", "/redoc", "/openapi.json", "/sign-in")
_UNLIMITED = ("/health", "/live", "/ready", "/docs", "/redoc", "/openapi.json")
_SAFE = {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS}
_MOST_CLIENTS = 10_000
_SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(self), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}


class Guard(ASGIMiddleware):
    """Refuses before a handler runs; ``add_headers`` puts the security and rate headers on every answer."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, accounts: Accounts, *, requests: int, window_s: int) -> None:
        self._accounts = accounts
        self._requests = requests
        self._window_s = window_s
        self._seen: dict[str, deque[float]] = {}

    async def handle(self, scope: "Scope", receive: "Receive", send: "Send", next_app: "ASGIApp") -> None:
        """Check the request, then pass it on."""
        connection: Connection = ASGIConnection(scope)
        try:
            self._limit(connection)
            scope["user"] = await self._authenticate(connection)
        except AfirgenError as err:
            if isinstance(err, AuthenticationError) and wants_page(connection):
                await _redirect(_back_to(connection), send)
                return
            await _refuse(err, send)
            return
        await next_app(scope, receive, send)

    async def add_headers(self, message: "Message", scope: "Scope") -> None:
        """Put the headers on any answer, also on those that are given before a handler is found."""
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if not scope["path"].startswith("/static/"):
                # What an informant said must not stay in a browser's cache.
                headers.setdefault("cache-control", "no-store")
            headers["X-RateLimit-Limit"] = str(self._requests)
            headers["X-RateLimit-Window"] = str(self._window_s)

    def _limit(self, connection: Connection) -> None:
        path = connection.url.path
        # A page that waits for a draft asks every two seconds how far it is.
        if path in _UNLIMITED or path.startswith("/static/") or path.endswith("/progress"):
            return
        client = address_of(connection) or "unknown"
        now = time.monotonic()
        times = self._seen.setdefault(client, deque())
        while times and times[0] <= now - self._window_s:
            times.popleft()
        if len(times) >= self._requests:
            wait = max(1, int(times[0] + self._window_s - now) + 1)
            raise TooManyRequestsError("Too many requests. Wait a moment and try again.", retry_after_s=wait)
        times.append(now)
        if len(self._seen) > _MOST_CLIENTS:
            self._seen = {c: t for c, t in self._seen.items() if t and t[-1] > now - self._window_s}

    async def _authenticate(self, connection: Connection) -> Actor | None:
        """Return who calls, None where a path is open to all."""
        path = connection.url.path
        method = connection.scope.get("method", "GET")
        if path in _OPEN or path.startswith("/static/") or method == HTTPMethod.OPTIONS:
            return None
        bearer = connection.headers.get("authorization", "")
        key = connection.headers.get("x-api-key") or (bearer[7:] if bearer[:7].lower() == "bearer " else "")
        if key:
            return await self._accounts.by_key(key, address_of(connection))
        actor = await self._accounts.by_session(connection.cookies.get(COOKIE, ""), address_of(connection))
        if method not in _SAFE:
            from_our_page(connection)
        return actor


def address_of(connection: Connection) -> str | None:
    """Return the remote address."""
    return connection.client.host if connection.client else None


def from_our_page(connection: Connection) -> None:
    """Raise :class:`AuthenticationError` for what a browser sent from another site's page."""
    if not _same_site(connection):
        raise AuthenticationError("This request came from another site. Sign in on this page.")


def _same_site(connection: Connection) -> bool:
    """Look at Sec-Fetch-Site, else at Origin."""
    fetch_site = connection.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in {"same-origin", "none"}
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


def _back_to(connection: Connection) -> str:
    """Return the sign-in page's address, with the page that was asked for."""
    path = connection.url.path
    return f"/sign-in?next={quote(path)}" if path != "/" and connection.scope.get("method") == "GET" else "/sign-in"


async def _refuse(error: AfirgenError, send: "Send") -> None:
    body = error_body(error.public, error.code)
    headers = [(b"content-type", b"application/json")]
    if isinstance(error, TooManyRequestsError):
        body["error"] = error.code
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body), "more_body": False})


async def _redirect(path: str, send: "Send") -> None:
    await send({"type": "http.response.start", "status": 303, "headers": [(b"location", path.encode())]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
