"""One row of the benchmark in a process of its own: `rows.py KIND COUNT OPTIONS`; prints its figures as JSON."""

import asyncio
import json
import resource
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from complaints import complaints
from earlier import Earlier
from locked import LockedModel
from server import Server

from afirgen.bootstrap import build_program
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.request import Generation, Prompt, Scoring
from afirgen.inference.models.manifest import Role
from afirgen.pipeline.model_port import SYSTEM, shared_prompt
from afirgen.pipeline.run import Original
from afirgen.settings import load_settings

TASK = "Tell in one paragraph what happened, in your own words."
MOST_TOKENS = 64
CONTEXT = 8192
FEWEST_DRAFTS = 5
# How slow a machine is should be seen, and not end the row.
LONGEST_STEP_S = 3600
FEW, MANY = 8, 40


def main() -> None:
    """Measure one row."""
    kind, count, asked = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    figures = asyncio.run(ROWS[kind](count, asked))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # The server is a child; its memory is what counts there.
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({**figures, "peak memory MiB": children if kind == "server" else memory}))


async def engine(count: int, asked: dict[str, Any]) -> dict[str, float]:
    """The engine: all at once."""
    options = LlamaOptions(context=CONTEXT, gpu_layers=asked["gpu_layers"])
    model = LlamaEngine(Path(asked["model"]), model_id="bench", options=options, max_waiting=count + 1)
    model.start()
    await model.ready()

    async def one(text: str) -> tuple[int, int, float]:
        begun = time.perf_counter()
        first: list[float] = []
        done = await model.generate(
            Generation(prompt=Prompt(system=SYSTEM, shared=shared_prompt(text), task=TASK), max_tokens=MOST_TOKENS),
            on_text=lambda _: first.append(time.perf_counter() - begun),
        )
        return done.prompt_tokens, done.sampled_tokens, first[0]

    figures = await _all(one, count)
    await asyncio.to_thread(model.stop)
    return figures


async def locked(count: int, asked: dict[str, Any]) -> dict[str, float]:
    """One model behind a lock."""
    model = LockedModel(asked["model"], context=CONTEXT, gpu_layers=asked["gpu_layers"])

    async def one(text: str) -> tuple[int, int, float]:
        return await asyncio.to_thread(
            model.write, SYSTEM, shared_prompt(text) + TASK, MOST_TOKENS, time.perf_counter()
        )

    return await _all(one, count)


async def server(count: int, asked: dict[str, Any]) -> dict[str, float]:
    """llama.cpp's own server with as many slots as there are cases."""
    with Server(
        asked["server"], asked["model"], slots=count, context=CONTEXT, gpu_layers=asked["gpu_layers"]
    ) as running:

        async def one(text: str) -> tuple[int, int, float]:
            return await asyncio.to_thread(running.write, SYSTEM, shared_prompt(text) + TASK, MOST_TOKENS)

        return await _all(one, count)


async def _all(one: Any, count: int) -> dict[str, float]:
    """Run all cases at once after one that warms up, and work the figures out."""
    warm, *texts = complaints(count + 1)
    await one(warm)
    begun = time.perf_counter()
    done = await asyncio.gather(*(one(text) for text in texts))
    wall = time.perf_counter() - begun
    return {
        "prompt tokens/s": sum(prompt for prompt, _, _ in done) / wall,
        "generated tokens/s": sum(written for _, written, _ in done) / wall,
        "first token p50 s": statistics.median(first for _, _, first in done),
        "all done s": wall,
    }


async def question(count: int, asked: dict[str, Any]) -> dict[str, float]:
    """What one more closed question about a case costs that the model has read, with so many cases at once."""
    options = LlamaOptions(context=CONTEXT, gpu_layers=asked["gpu_layers"])
    model = LlamaEngine(Path(asked["model"]), model_id="bench", options=options, max_waiting=count + 1)
    model.start()
    await model.ready()
    texts = [shared_prompt(text) for text in complaints(count)]
    book = build_program(load_settings(), quiet=True).law.book
    asks = [each.text for each in book.questions.values()]

    async def ask(questions: list[str]) -> float:
        begun = time.perf_counter()
        await asyncio.gather(
            *(model.score(Scoring(system=SYSTEM, shared=text, questions=tuple(questions))) for text in texts)
        )
        return time.perf_counter() - begun

    await ask(asks[:1])
    few, many = await ask(asks[:FEW]), await ask(asks[FEW:MANY])
    await asyncio.to_thread(model.stop)
    return {"one more s": (many - few) / (MANY - 2 * FEW) / count}


async def draft(count: int, asked: dict[str, Any]) -> dict[str, float]:
    """Whole drafts by the program, with the model that its settings name and all others loaded."""
    settings = load_settings().model_copy(update={"draft_timeout_s": LONGEST_STEP_S})
    program = build_program(settings, quiet=True)
    async with program.running():
        ready = time.time() - asked["begun"]

        async def one(text: str) -> float:
            begun = time.perf_counter()
            original = Original(data=text.encode(), language="en")
            await program.pipeline.draft(
                original, reported_on=datetime(2025, 4, 2, 6, tzinfo=UTC), on_progress=lambda _stage, _share: None
            )
            return time.perf_counter() - begun

        # A draft or two say nothing about the slowest ones.
        waves = -(-FEWEST_DRAFTS // count)
        warm, *texts = complaints(waves * count + 1)
        await one(warm)
        seconds, walls = [], []
        for wave in range(waves):
            begun = time.perf_counter()
            seconds += await asyncio.gather(*(one(text) for text in texts[wave * count : (wave + 1) * count]))
            walls.append(time.perf_counter() - begun)
        return {**_drafts(sorted(seconds), statistics.median(walls)), "ready s": ready}


async def earlier(count: int, asked: dict[str, Any]) -> dict[str, float]:
    """Whole drafts by the earlier design, one after another as its one model makes it."""
    program = build_program(load_settings(), quiet=True)
    async with program.running(roles=(Role.EMBEDDING,)):
        design = Earlier(LockedModel(asked["model"], context=CONTEXT, gpu_layers=asked["gpu_layers"]), program.law)
        warm, *texts = complaints(count + 1)
        await design.draft(warm)
        seconds = []
        begun = time.perf_counter()
        for text in texts:
            started = time.perf_counter()
            await design.draft(text)
            seconds.append(time.perf_counter() - started)
        return _drafts(sorted(seconds), time.perf_counter() - begun)


def _drafts(seconds: list[float], wall: float) -> dict[str, float]:
    return {
        "draft p50 s": statistics.median(seconds),
        "draft p95 s": seconds[min(len(seconds) - 1, round(0.95 * (len(seconds) - 1)))],
        "all done s": wall,
    }


ROWS = {"engine": engine, "locked": locked, "server": server, "question": question, "draft": draft, "earlier": earlier}

if __name__ == "__main__":
    main()
