"""Whether the program lives, is ready, and how each part does."""

from typing import Annotated, Any

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta, Struct

from afirgen.errors import StorageError
from afirgen.inference.engine import EngineState, EngineStatus
from afirgen.web.deps import Deps, WebDeps


class Live(Struct, frozen=True, kw_only=True):
    """Whether the background work runs."""

    live: bool


class Ready(Struct, frozen=True, kw_only=True):
    """Whether everything is there for work."""

    ready: bool
    database: Annotated[str, Meta(description="ok or unreachable.", examples=["ok"])]
    engines: tuple[EngineStatus, ...]


class ModelHealth(Struct, frozen=True, kw_only=True):
    """How a model does; ``problem`` is a sentence."""

    model: str
    state: str
    problem: str | None


class PartHealth(Struct, frozen=True, kw_only=True):
    """How the models of a part do, by role."""

    status: Annotated[str, Meta(description="healthy or unhealthy.", examples=["healthy"])]
    models: dict[str, ModelHealth]


class Health(Struct, frozen=True, kw_only=True):
    """How each part does, in the form of earlier installations."""

    status: Annotated[str, Meta(description="healthy, degraded or unhealthy.", examples=["healthy"])]
    model_server: PartHealth
    asr_ocr_server: PartHealth
    database: str
    kb_collections: Annotated[list[str], Meta(description="The acts that are loaded.")]
    kb_cache_size: int
    session_persistence: str
    concurrency: dict[str, int]
    reliability: dict[str, dict[str, Any]]


@get("/live", responses={503: ResponseSpec(Live, description="It does not.", generate_examples=False)})
async def live(deps: Deps) -> Response[Live]:
    """Answer 200 as long as the background work runs; otherwise the process should be restarted."""
    alive = deps.alive()
    return Response(Live(live=alive), status_code=200 if alive else 503)


@get("/ready", responses={503: ResponseSpec(Ready, description="Not yet.", generate_examples=False)})
async def ready(deps: Deps) -> Response[Ready]:
    """Answer 200 when all models are loaded and the database answers, 503 with the state of each before."""
    statuses = deps.models.statuses()
    database = await _database(deps)
    is_ready = database == "ok" and all(s.state is EngineState.READY for s in statuses)
    body = Ready(ready=is_ready, database=database, engines=statuses)
    return Response(body, status_code=200 if is_ready else 503)


@get("/health")
async def health(deps: Deps) -> Health:
    """Tell how each part does, in the form of earlier installations."""
    by_role = {s.role: s for s in deps.models.statuses()}
    database = await _database(deps)
    states = {s.state for s in by_role.values()}
    if database != "ok" or EngineState.FAILED in states:
        overall = "unhealthy" if database != "ok" else "degraded"
    else:
        overall = "healthy" if states == {EngineState.READY} else "degraded"
    others = [s for role, s in by_role.items() if role != "llm"]
    return Health(
        status=overall,
        model_server=_part([by_role["llm"]] if "llm" in by_role else []),
        asr_ocr_server=_part(others),
        database=database,
        kb_collections=list(deps.collections()),
        kb_cache_size=0,
        session_persistence="database",
        concurrency={"max_concurrent_requests": deps.settings.max_concurrent},
        reliability={
            "circuit_breakers": {s.name: s.state.value for s in deps.breakers.statuses()},
            "graceful_shutdown": {"enabled": True},
            "health_monitor": {"alive": deps.alive()},
        },
    )


def _part(statuses: list[EngineStatus]) -> PartHealth:
    fine = bool(statuses) and all(s.state is EngineState.READY for s in statuses)
    models = {s.role: ModelHealth(model=s.model, state=s.state.value, problem=s.problem) for s in statuses}
    return PartHealth(status="healthy" if fine else "unhealthy", models=models)


async def _database(deps: WebDeps) -> str:
    try:
        with deps.breakers.around_database():
            await deps.ping_database()
    except StorageError:
        return "unreachable"
    return "ok"


HANDLERS = (live, ready, health)
