"""Puts the application together from what bootstrap hands over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from afirgen.errors import AfirgenError
from afirgen.render.values import INDIA, group_rupees
from afirgen.web.api import firs, health, process, records, reliability, side
from afirgen.web.api.v1 import handlers as v1
from afirgen.web.deps import WebDeps, caller
from afirgen.web.errors import on_http, on_known, on_unknown
from afirgen.web.guard import Guard
from afirgen.web.observe import Observe
from afirgen.web.openapi import EARLIER, SYSTEM, openapi_config
from afirgen.web.pages import handlers as pages
from afirgen.web.pages.shell import LANGUAGE, said

_HERE = Path(__file__).parent
_DAYS_FROM = 48
# Enough for the longest text in any script, percent-encoded; handlers that take files allow more.
_BODY_LIMIT = 2 * 1024 * 1024


def create_app(deps: WebDeps) -> Litestar:
    """Return the application; models load after it has started to listen."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await deps.on_startup()
        try:
            yield
        finally:
            await deps.on_shutdown()

    observe = Observe()
    guard = Guard(deps.accounts, deps.settings)
    return Litestar(
        route_handlers=[
            Router("/", route_handlers=[*process.HANDLERS, *firs.HANDLERS, *side.HANDLERS], tags=[EARLIER]),
            Router("/", route_handlers=records.HANDLERS, include_in_schema=False),
            Router("/", route_handlers=[*health.HANDLERS, *reliability.HANDLERS], tags=[SYSTEM]),
            *v1.HANDLERS,
            Router("/", route_handlers=pages.HANDLERS, include_in_schema=False),
            create_static_files_router(path="/static", directories=[_HERE / "static"]),
        ],
        dependencies={
            "deps": Provide(lambda: deps, sync_to_thread=False),
            "by": Provide(caller, sync_to_thread=False),
        },
        lifespan=[lifespan],
        state=State({LANGUAGE: deps.settings.station.language}),
        middleware=[observe, guard],
        before_send=[guard.add_headers, observe.add_headers],
        cors_config=_cors(deps.settings.cors_origins),
        request_max_body_size=_BODY_LIMIT,
        exception_handlers={AfirgenError: on_known, HTTPException: on_http, Exception: on_unknown},
        template_config=TemplateConfig(instance=_templates()),
        openapi_config=openapi_config(),
        logging_config=None,
        debug=False,
    )


def _cors(origins: tuple[str, ...]) -> CORSConfig | None:
    """Let the pages of the listed origins call, and read what the contract tells in headers."""
    told = ["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Window", "X-Request-ID", "Content-Disposition"]
    return CORSConfig(allow_origins=list(origins), expose_headers=told) if origins else None


def _ist(moment: datetime) -> str:
    return moment.astimezone(INDIA).strftime("%d.%m.%Y %H:%M")


def _left(due: datetime, now: datetime, words: dict[str, Any]) -> str:
    """Say how much time is left until ``due``, in hours for the last two days."""
    hours = int((due - now).total_seconds() // 3600)
    if hours < 0:
        return str(words["overdue"])
    return (
        str(words["hours_left"]).format(n=hours)
        if hours < _DAYS_FROM
        else str(words["days_left"]).format(n=hours // 24)
    )


def _templates() -> JinjaTemplateEngine:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["ist"] = _ist
    environment.filters["moment"] = lambda text: _ist(datetime.fromisoformat(text).replace(tzinfo=UTC))
    environment.globals["said"] = said
    environment.globals["left"] = _left
    environment.filters["rupees"] = lambda amount: group_rupees(int(amount))
    return JinjaTemplateEngine.from_environment(environment)
