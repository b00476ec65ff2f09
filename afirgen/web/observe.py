"""What is noted of every request: its id in each line of the log, how long it took, how it ended."""

import re
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from structlog.contextvars import bound_contextvars

from afirgen.errors import AfirgenError
from afirgen.telemetry.metrics import (
    AUTH_FAILURES,
    ERRORS,
    OVERLOADED,
    RATE_LIMITED,
    REQUEST_SECONDS,
    REQUESTS,
)
from afirgen.telemetry.traces import failed, note, span

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

_log = structlog.get_logger(__name__)
_HEADER = "x-request-id"
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_CASE_KEYS = ("case", "case_id", "session", "session_id")
_CASE = re.compile(r"[0-9a-f-]{36}")
# Asked every few seconds by machines.
_QUIET = frozenset({"/live", "/ready", "/health", "/metrics"})
# Their answers wait for a model, for an officer to read, or are a stream; they would hide how quick the others are.
_SLOW = re.compile(r"/(process|validate|regenerate|asr|ocr|inference|static)\b|/(events|progress)$")
_FAILURE, _UNAVAILABLE, _TOO_MANY, _UNKNOWN = 500, 503, 429, 401


class Observe(ASGIMiddleware):
    """The outermost layer of a request."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: "Scope", receive: "Receive", send: "Send", next_app: "ASGIApp") -> None:
        """Note the request while it is answered."""
        http = cast("HTTPScope", scope)
        given = dict(http["headers"]).get(_HEADER.encode(), b"").decode("latin-1")
        request = given if _ID.fullmatch(given) else uuid4().hex
        route = http.get("path_template") or "other"
        case = _case_of(http)
        status = _FAILURE
        http["state"][_HEADER] = request

        async def answer(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = perf_counter()
        with ExitStack() as stack:
            stack.enter_context(bound_contextvars(request=request, **({"case": case} if case else {})))
            stack.enter_context(span(f"{http['method']} {route}", **{"http.route": route}))
            try:
                await next_app(scope, receive, answer)
            except (AfirgenError, HTTPException) as err:
                # A refusal of the guard becomes an answer only further out.
                status = err.status if isinstance(err, AfirgenError) else err.status_code
                raise
            finally:
                _note(str(http["method"]), route, status, perf_counter() - begun)

    async def add_headers(self, message: "Message", scope: "Scope") -> None:
        """Name the request in its answer, so that a user can tell an operator which one it was."""
        request = scope["state"].get(_HEADER)
        if request and message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (_HEADER.encode(), request.encode())]


def _note(method: str, route: str, status: int, seconds: float) -> None:
    REQUESTS.add(method, route, str(status))
    if not _SLOW.search(route):
        REQUEST_SECONDS.note(seconds, route)
    if status == _TOO_MANY:
        RATE_LIMITED.add()
    elif status == _UNAVAILABLE:
        # Not ready is an answer of its own, not a refusal.
        if route not in _QUIET:
            OVERLOADED.add()
    elif status >= _FAILURE:
        ERRORS.add(route)
        failed(f"http_{status}")
    elif status == _UNKNOWN:
        AUTH_FAILURES.add()
    note(**{"http.response.status_code": status})
    if route not in _QUIET:
        _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _case_of(scope: "HTTPScope") -> str | None:
    """Return the case that a request is about, as far as its address names one."""
    found = (str(scope["path_params"].get(key, "")) for key in _CASE_KEYS)
    return next((case for case in found if _CASE.fullmatch(case)), None)
