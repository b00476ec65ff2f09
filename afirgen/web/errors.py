"""Every error as the contract's JSON, or as a page for a browser; nothing internal leaves the server."""

from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ValidationException

from afirgen.errors import AfirgenError, OverloadedError, TooManyRequestsError
from afirgen.web.pages.shell import show

_log = structlog.get_logger(__name__)
_GENERIC = "Something went wrong here. Try again; if it stays, tell the administrator the time of this message."
_SENTENCES = {
    400: "The request is not right. Check the fields that are needed.",
    401: "Sign in, or send the API key.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The file is larger than 25 MiB. Send a smaller one.",
    415: "This kind of content cannot be read here.",
}


def error_body(detail: str, code: str) -> dict[str, str]:
    """Return the contract's error shape."""
    return {"detail": detail, "error_code": code, "timestamp": datetime.now(UTC).isoformat()}


def wants_page(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Tell whether a browser asks for a page, not a program for an answer."""
    return "text/html" in connection.headers.get("accept", "") and not connection.headers.get("x-api-key")


def on_known(request: Request[Any, Any, Any], error: AfirgenError) -> Response[Any]:
    """Answer an expected error with its status, code and public sentence."""
    _log.info("refused", code=error.code, status=error.status, path=request.url.path, detail=error.detail)
    wait = error.retry_after_s if isinstance(error, OverloadedError | TooManyRequestsError) else None
    headers = {"Retry-After": str(wait)} if wait is not None else {}
    if wants_page(request):
        page = show(request, "error.html", {}, error=error)
        page.headers.update(headers)
        return page
    body = error_body(error.public, error.code)
    if wait is not None:
        body["error"] = error.code
    return Response(body, status_code=error.status, headers=headers, media_type=MediaType.JSON)


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer the framework's own refusals in the same shape."""
    _log.info("refused", status=error.status_code, path=request.url.path)
    sentence = _SENTENCES.get(error.status_code, _GENERIC)
    if isinstance(error, ValidationException):
        fields = [str(e.get("key", "")) for e in error.extra or () if isinstance(e, dict)]
        sentence = f"These fields are not right: {', '.join(f for f in fields if f)}." if any(fields) else sentence
    if wants_page(request):
        return show(request, "error.html", {}, problem=sentence, status=error.status_code)
    code = f"http_{error.status_code}"
    return Response(error_body(sentence, code), status_code=error.status_code, media_type=MediaType.JSON)


def on_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer anything else with a generic sentence; the log has the rest."""
    _log.error("unexpected_error", path=request.url.path, exc_info=error)
    if wants_page(request):
        return show(request, "error.html", {}, problem=_GENERIC, status=500)
    return Response(error_body(_GENERIC, "internal_error"), status_code=500, media_type=MediaType.JSON)
