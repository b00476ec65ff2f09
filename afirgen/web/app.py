"""Puts the application together from what bootstrap hands over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from afirgen import __version__
from afirgen.errors import AfirgenError
from afirgen.render.values import INDIA, group_rupees
from afirgen.render.wording import shipped_forms
from afirgen.web.api import firs, health, process
from afirgen.web.deps import WebDeps, caller
from afirgen.web.errors import on_http, on_known, on_unknown
from afirgen.web.guard import Guard
from afirgen.web.observe import Observe
from afirgen.web.pages import handlers as pages

_HERE = Path(__file__).parent


def create_app(deps: WebDeps) -> Litestar:
    """Return the application; models load after it has started to listen."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await deps.on_startup()
        try:
            yield
        finally:
            await deps.on_shutdown()

    guard = Guard(deps.accounts, requests=deps.settings.rate_limit_requests, window_s=deps.settings.rate_limit_window_s)
    return Litestar(
        route_handlers=[
            *process.HANDLERS,
            *firs.HANDLERS,
            *health.HANDLERS,
            *pages.HANDLERS,
            create_static_files_router(path="/static", directories=[_HERE / "static"]),
        ],
        dependencies={
            "deps": Provide(lambda: deps, sync_to_thread=False),
            "by": Provide(caller, sync_to_thread=False),
        },
        lifespan=[lifespan],
        middleware=[Observe(), guard],
        before_send=[guard.add_headers],
        cors_config=CORSConfig(allow_origins=list(deps.settings.cors_origins)) if deps.settings.cors_origins else None,
        exception_handlers={AfirgenError: on_known, HTTPException: on_http, Exception: on_unknown},
        template_config=TemplateConfig(instance=_templates()),
        openapi_config=OpenAPIConfig(
            title="AFIRGen",
            version=__version__,
            path="/openapi",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        logging_config=None,
        debug=False,
    )


def _ist(moment: datetime) -> str:
    return moment.astimezone(INDIA).strftime("%d.%m.%Y %H:%M")


def _said(sentence: str, language: str) -> str:
    """Return a fixed sentence of the program in the language of the page."""
    return shipped_forms().wording(language).said(sentence)


def _templates() -> JinjaTemplateEngine:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["ist"] = _ist
    environment.filters["moment"] = lambda text: _ist(datetime.fromisoformat(text).replace(tzinfo=UTC))
    environment.globals["said"] = _said
    environment.filters["rupees"] = lambda amount: group_rupees(int(amount))
    return JinjaTemplateEngine.from_environment(environment)
