"""Who may call: API key or page session, same-site requests only for the session, and within the limits."""

from contextlib import nullcontext
from http import HTTPMethod
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware

from afirgen.case.audit import Actor
from afirgen.errors import AuthenticationError, NotAllowedError
from afirgen.web.accounts import COOKIE, Accounts
from afirgen.web.deps import WebSettings
from afirgen.web.errors import wants_page
from afirgen.web.limits import Places, RateLimit, patient
from afirgen.web.proxies import TrustedProxies

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

Connection = ASGIConnection[Any, Any, Any, Any]
_OPEN = ("/health", "/live", "/ready", "/docs", "/redoc", "/openapi.json", "/sign-in")
_UNLIMITED = ("/health", "/live", "/ready", "/docs", "/redoc", "/openapi.json")
_SAFE = {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS}
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
# What an informant said must not stay in a browser's cache.
_NOT_KEPT = (b"cache-control", b"no-store")


class Guard(ASGIMiddleware):
    """Refuses before a handler runs; ``add_headers`` puts the security and rate headers on every answer."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, accounts: Accounts, settings: WebSettings) -> None:
        self._accounts = accounts
        self._settings = settings
        self._proxies = TrustedProxies(settings.trusted_proxies)
        self._rate = RateLimit(settings.rate_limit_requests, settings.rate_limit_window_s)
        self._places = Places(settings.max_concurrent)
        named = {
            **_SECURITY_HEADERS,
            **({"strict-transport-security": "max-age=31536000"} if settings.enforce_https else {}),
            "x-ratelimit-limit": str(settings.rate_limit_requests),
            "x-ratelimit-window": str(settings.rate_limit_window_s),
        }
        self._headers = tuple((name.encode(), value.encode()) for name, value in named.items())

    async def handle(self, scope: "Scope", receive: "Receive", send: "Send", next_app: "ASGIApp") -> None:
        """Check the request, then pass it on."""
        self._unwrap(scope)
        connection: Connection = ASGIConnection(scope)
        if self._settings.enforce_https and scope["scheme"] != "https" and not _is_unlimited(connection.url.path):
            await _to_https(connection, send)
            return
        self._limit(connection)
        try:
            scope["user"] = await self._authenticate(connection)
        except AuthenticationError:
            if wants_page(connection):
                await _redirect(_back_to(connection), send)
                return
            raise
        place = nullcontext() if _is_light(connection) else self._places.one()
        with place:
            await next_app(scope, patient(receive, self._settings.upload_timeout_s), send)

    def _unwrap(self, scope: "Scope") -> None:
        """Put the client's own address and scheme in the place of a trusted proxy's."""
        peer = scope["client"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = self._proxies.origin(peer[0] if peer else None, scope["scheme"], headers)
        scope["scheme"] = "https" if origin.https else "http"
        if origin.address is not None:
            scope["client"] = (origin.address, peer[1] if peer else 0)

    async def add_headers(self, message: "Message", scope: "Scope") -> None:
        """Put the headers on any answer, also on those that are given before a handler is found."""
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            own = self._headers if scope["path"].startswith("/static/") else (*self._headers, _NOT_KEPT)
            message["headers"] = [*message["headers"], *(header for header in own if header[0] not in given)]

    def _limit(self, connection: Connection) -> None:
        path = connection.url.path
        # A page that waits for a draft asks every two seconds how far it is.
        if not _is_unlimited(path) and not path.endswith("/progress"):
            self._rate.count(address_of(connection) or "unknown")

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


def _is_unlimited(path: str) -> bool:
    return path in _UNLIMITED or path.startswith("/static/")


def _is_light(connection: Connection) -> bool:
    """Tell whether a request is done at once, whatever else goes on: looking, and signing in."""
    return connection.scope.get("method") in _SAFE or connection.url.path in _OPEN


async def _to_https(connection: Connection, send: "Send") -> None:
    """Lead a browser to https; what was sent with a body is refused, since it went over the wire in the clear."""
    if connection.scope.get("method") not in _SAFE:
        raise NotAllowedError("Send this by https; what was sent now may have been read on the way.")
    await _redirect(str(connection.url.with_replacements(scheme="https")), send)


async def _redirect(path: str, send: "Send") -> None:
    await send({"type": "http.response.start", "status": 303, "headers": [(b"location", path.encode())]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
