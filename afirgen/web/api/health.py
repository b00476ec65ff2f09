"""Whether the program lives, is ready, and how each part does."""

from typing import Any

import msgspec
from litestar import Response, get

from afirgen.errors import StorageError
from afirgen.inference.engine import EngineState, EngineStatus
from afirgen.web.deps import Deps, WebDeps


@get("/live")
async def live(deps: Deps) -> Response[dict[str, Any]]:
    """Answer 200 as long as the background work runs; otherwise the process should be restarted."""
    alive = deps.alive()
    return Response({"live": alive}, status_code=200 if alive else 503)


@get("/ready")
async def ready(deps: Deps) -> Response[dict[str, Any]]:
    """Answer 200 when all models are loaded and the database answers, 503 with the state of each before."""
    statuses = deps.models.statuses()
    database = await _database(deps)
    is_ready = database == "ok" and all(s.state is EngineState.READY for s in statuses)
    body = {"ready": is_ready, "database": database, "engines": [msgspec.to_builtins(s) for s in statuses]}
    return Response(body, status_code=200 if is_ready else 503)


@get("/health")
async def health(deps: Deps) -> dict[str, Any]:
    """Tell how each part does, in the form of earlier installations."""
    by_role = {s.role: s for s in deps.models.statuses()}
    database = await _database(deps)
    states = {s.state for s in by_role.values()}
    if database != "ok" or EngineState.FAILED in states:
        overall = "unhealthy" if database != "ok" else "degraded"
    else:
        overall = "healthy" if states == {EngineState.READY} else "degraded"
    others = [s for role, s in by_role.items() if role != "llm"]
    return {
        "status": overall,
        "model_server": _part([by_role["llm"]] if "llm" in by_role else []),
        "asr_ocr_server": _part(others),
        "database": database,
        "kb_collections": list(deps.collections()),
        "kb_cache_size": 0,
        "session_persistence": "database",
        "concurrency": {"max_concurrent_requests": deps.settings.max_concurrent},
        "reliability": {
            "circuit_breakers": {
                s.role: "open" if s.state is EngineState.FAILED else "closed" for s in by_role.values()
            },
            "graceful_shutdown": {"enabled": True},
            "health_monitor": {"alive": deps.alive()},
        },
    }


def _part(statuses: list[EngineStatus]) -> dict[str, Any]:
    fine = bool(statuses) and all(s.state is EngineState.READY for s in statuses)
    return {
        "status": "healthy" if fine else "unhealthy",
        "models": {s.role: {"model": s.model, "state": s.state.value, "problem": s.problem} for s in statuses},
    }


async def _database(deps: WebDeps) -> str:
    try:
        await deps.ping_database()
    except StorageError:
        return "unreachable"
    return "ok"


HANDLERS = (live, ready, health)
