"""What telemetry costs a request: the same application with nothing noted, with the default, and with everything on.

Run as ``python scripts/bench_telemetry.py`` from the top of the project. The costs are the medians of the
differences to the bare application, in milliseconds; ``--most MS`` ends with exit code 1 where one is above.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from litestar.testing import AsyncTestClient  # noqa: E402 - the project is found only now
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

from afirgen.store import database  # noqa: E402
from afirgen.telemetry import emf, traces  # noqa: E402
from afirgen.telemetry.logs import set_up_logs  # noqa: E402
from afirgen.web import observe  # noqa: E402
from tests.web.installation import HEADERS, Installation  # noqa: E402

_ROUNDS, _REQUESTS = 15, 100


async def bare(self: object, scope: object, receive: object, send: object, next_app: Callable[..., object]) -> None:
    """Stand in for the layer that notes requests."""
    del self
    await next_app(scope, receive, send)  # type: ignore[misc]


def nothing() -> None:
    """Turn everything off."""
    emf.turn_off()
    traces.turn_off()


def everything() -> None:
    """Turn figures for CloudWatch and traces on; the collector only takes."""
    emf.turn_on("bench", Path(os.devnull).open("w"))  # noqa: SIM115 - closed with the process
    traces.turn_on("http://127.0.0.1:9", "bench", exporter=InMemorySpanExporter())


async def seconds(client: AsyncTestClient[object]) -> float:
    """Return the time of one request, on average over some."""
    begun = time.perf_counter()
    for _ in range(_REQUESTS):
        await client.get("/list_firs", headers=HEADERS)
    return (time.perf_counter() - begun) / _REQUESTS


@contextmanager
def without_notes() -> Iterator[None]:
    """Make what is built in the block note nothing of its requests."""
    full = observe.Observe.handle
    observe.Observe.handle = bare  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        observe.Observe.handle = full  # type: ignore[method-assign]


async def measure(folder: Path) -> dict[str, float]:
    """Return the milliseconds of a request in each state; the states take turns, so that a busy machine hits all."""
    installation = Installation(folder, requests=10**9)
    with without_notes():
        app = installation.app()
        async with AsyncTestClient(app) as client:
            await seconds(client)
    found: dict[str, list[float]] = {"bare": [], "default": [], "everything": []}
    noted = database._noted  # noqa: SLF001 - the one other place on a request's way
    async with AsyncTestClient(app) as plain, AsyncTestClient(installation.app()) as full:
        await seconds(full)
        for _ in range(_ROUNDS):
            nothing()
            database._noted = lambda _kind: nullcontext()  # type: ignore[assignment] # noqa: SLF001
            found["bare"].append(await seconds(plain))
            database._noted = noted  # noqa: SLF001
            found["default"].append(await seconds(full))
            everything()
            found["everything"].append(await seconds(full))
    nothing()
    base = found.pop("bare")
    costs = {"a bare request": statistics.median(base)}
    for name, times in found.items():
        costs[name] = statistics.median(now - then for now, then in zip(times, base, strict=True))
    return {name: value * 1000 for name, value in costs.items()}


def main() -> int:
    """Measure, print, and compare with what is allowed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--most", type=float, default=1.0, help="milliseconds that telemetry may cost")
    most = options.parse_args().most
    with tempfile.TemporaryDirectory() as name, Path(os.devnull).open("w") as out, redirect_stderr(out):
        set_up_logs("INFO")
        costs = asyncio.run(measure(Path(name)))
    for what, cost in costs.items():
        print(f"{what:>16}: {cost:7.3f} ms")
    return int(max(costs["default"], costs["everything"]) > most)


if __name__ == "__main__":
    sys.exit(main())
