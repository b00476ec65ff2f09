"""How the parts do and what to do when one fails, in the form of earlier installations; counts for a monitor."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import PathParameter
from msgspec import Meta, Struct

from afirgen.case.rights import Right, allow
from afirgen.errors import AfirgenError, NotFoundError
from afirgen.inference.breaker import ASR_OCR_SERVER, DATABASE, MODEL_SERVER
from afirgen.inference.engine import EngineState
from afirgen.telemetry.metrics import exposition
from afirgen.web.api.v1.describe import refusals
from afirgen.web.deps import By, Deps, WebDeps

_PARTS = (MODEL_SERVER, ASR_OCR_SERVER, DATABASE)
_TARGET = "99.9%"
_MOST_DOWN = "43.2 minutes"
Part = Annotated[str, PathParameter(description="model_server, asr_ocr_server or database.", max_length=50)]
Now = Annotated[str, Meta(description="UTC, ISO.", examples=["2025-03-13T04:30:05+00:00"])]


class Limiter(Struct, frozen=True, kw_only=True):
    """How many requests one client may send in how many seconds."""

    requests: int
    window_s: int


class Counts(Struct, frozen=True, kw_only=True):
    """Sessions and FIRs by status."""

    timestamp: Now
    sessions: Annotated[dict[str, int], Meta(examples=[{"awaiting_validation": 3, "completed": 12}])]
    firs: Annotated[dict[str, int], Meta(examples=[{"pending": 2, "finalized": 10}])]
    rate_limiter: Limiter


class Breaker(Struct, frozen=True, kw_only=True):
    """A circuit breaker."""

    state: Annotated[str, Meta(description="closed, open or half_open.", examples=["closed"])]
    failures: Annotated[int, Meta(description="Failures in a row.")]


class Shutdown(Struct, frozen=True, kw_only=True):
    """What stopping does."""

    enabled: bool
    active_jobs: Annotated[int, Meta(description="Jobs that would be queued again.")]


class Monitor(Struct, frozen=True, kw_only=True):
    """Whether the background work runs."""

    alive: bool


class Recovery(Struct, frozen=True, kw_only=True):
    """What can be tried again."""

    parts: tuple[str, ...]


class Reliability(Struct, frozen=True, kw_only=True):
    """How the parts do."""

    timestamp: Now
    circuit_breakers: dict[str, Breaker]
    graceful_shutdown: Shutdown
    health_monitor: Monitor
    auto_recovery: Recovery
    uptime_target: str
    max_downtime_per_month: str


class PartChanged(Struct, frozen=True, kw_only=True):
    """What became of a part."""

    success: bool
    message: str
    status: Annotated[str, Meta(description="The breaker's state, or healthy or unhealthy.")]


@get("/metrics", responses=refusals(), media_type="application/json")
async def metrics(request: Request[Any, Any, Any], deps: Deps) -> Response[Counts] | Response[str]:
    """Count sessions and FIRs: as JSON, or as Prometheus text where the Accept header asks for it."""
    counts = Counts(
        timestamp=_now(),
        sessions=await deps.desk.cases.counts(),
        firs=await deps.firs.counts(),
        rate_limiter=Limiter(requests=deps.settings.rate_limit_requests, window_s=deps.settings.rate_limit_window_s),
    )
    accept = request.headers.get("accept", "")
    if "text/plain" in accept or "openmetrics" in accept:
        return Response(_exposition(counts), media_type="text/plain; version=0.0.4; charset=utf-8")
    return Response(counts)


@get("/reliability", responses=refusals())
async def reliability(deps: Deps) -> Reliability:
    """Tell how the parts do and what the program does when one fails."""
    return Reliability(
        timestamp=_now(),
        circuit_breakers={s.name: Breaker(state=s.state.value, failures=s.failures) for s in deps.breakers.statuses()},
        graceful_shutdown=Shutdown(enabled=True, active_jobs=deps.reception.busy),
        health_monitor=Monitor(alive=deps.alive()),
        auto_recovery=Recovery(parts=_PARTS),
        uptime_target=_TARGET,
        max_downtime_per_month=_MOST_DOWN,
    )


@post("/reliability/circuit-breaker/{name:str}/reset", status_code=200, responses=refusals(403, 404))
async def reset_breaker(name: Part, deps: Deps, by: By) -> PartChanged:
    """Close a circuit breaker."""
    allow(by, Right.MANAGE)
    status = deps.breakers.reset(name)
    return PartChanged(success=True, message="The circuit breaker is closed.", status=status.state.value)


@post("/reliability/auto-recovery/{name:str}/trigger", status_code=200, responses=refusals(403, 404))
async def trigger_recovery(name: Part, deps: Deps, by: By) -> PartChanged:
    """Load the models of a part again where they failed, or ask the database; a part that works again is let in."""
    allow(by, Right.MANAGE)
    if name not in _PARTS:
        raise NotFoundError(f"There is no such part. Choose one of {', '.join(_PARTS)}.")
    try:
        await _recover(name, deps)
    except AfirgenError as err:
        return PartChanged(success=False, message=err.public, status="unhealthy")
    deps.breakers.reset(name)
    return PartChanged(success=True, message="The part works.", status="healthy")


async def _recover(name: str, deps: WebDeps) -> None:
    if name == DATABASE:
        await deps.ping_database()
        return
    for status in deps.models.statuses():
        if (status.role == "llm") is (name == MODEL_SERVER) and status.state is EngineState.FAILED:
            await deps.models.switch(status.role, status.model)


def _exposition(counts: Counts) -> str:
    lines = []
    for name, found in (("afirgen_sessions", counts.sessions), ("afirgen_firs", counts.firs)):
        lines.append(f"# TYPE {name} gauge")
        lines += [f'{name}{{status="{status}"}} {number}' for status, number in found.items()]
    return "\n".join([*lines, exposition()])


def _now() -> str:
    return datetime.now(UTC).isoformat()


HANDLERS = (metrics, reliability, reset_breaker, trigger_recovery)
