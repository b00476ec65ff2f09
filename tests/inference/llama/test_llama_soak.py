"""Ten thousand requests of every kind and ending leave no memory, no sequence and no cell behind."""

import asyncio
import gc
import logging
import os
from collections import Counter
from pathlib import Path

import llama_cpp
import pytest
import structlog

from afirgen.errors import AfirgenError
from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions, NativeModel
from afirgen.inference.llama.request import Generation, Prompt, Scoring
from afirgen.inference.llama.scheduler import Scheduler

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:llama_token_get_attr")]

OPTIONS = LlamaOptions(context=512, sequences=8, batch=128, threads=1)
REQUESTS, A_ROUND, AT_ONCE = 10_000, 1_000, 10
MIB = 2**20
SCHEMA = {"type": "object", "properties": {"kind": {"enum": ["theft", "hurt"]}}, "required": ["kind"]}
ANSWERED = {"generate", "schema", "score"}
REFUSED = {"cancelled", "CancelledWorkError", "DeadlineExceededError", "InputTooLongError", "EngineFailureError"}


class Soak:
    """Sends requests by their number: ten kinds, seven cases, some of which share how they begin."""

    def __init__(self, engine: LlamaEngine) -> None:
        self._engine = engine
        self.endings: Counter[str] = Counter()

    async def send(self, numbers: range) -> None:
        """Keep as many requests open as there are senders."""
        waiting = iter(numbers)

        async def sender() -> None:
            for number in waiting:
                try:
                    self.endings[await self._one(number)] += 1
                except AfirgenError as err:
                    self.endings[type(err).__name__] += 1

        await asyncio.gather(*(sender() for _ in range(AT_ONCE)))

    async def _one(self, number: int) -> str:
        shared = f"Case {number % 7}: the phone was taken. "
        match number % 10:
            case 0 | 1:
                await self._engine.score(Scoring(system="", shared=shared, questions=("Was it?", "Who?")))
                return "score"
            case 2:
                await self._write(shared, schema=SCHEMA)
                return "schema"
            case 3:
                await self._write(shared, schema={"type": "nothing"})
            case 4:
                await self._write(shared + "word " * 200)
            case 5:
                await self._write(shared, deadline_s=0.0)
            case 6:
                return await self._cancelled(shared, after=number // 10 % 4)
            case 7:
                token = CancelToken()
                asyncio.get_running_loop().call_later(0.001, token.cancel)
                await self._write(shared, max_tokens=200, cancel=token)
            case _:
                await self._write(shared, on_text=True)
        return "generate"

    async def _cancelled(self, shared: str, *, after: int) -> str:
        task = asyncio.create_task(self._write(shared, max_tokens=200))
        for _ in range(after):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return "cancelled"

    async def _write(
        self,
        shared: str,
        *,
        max_tokens: int = 8,
        schema: dict[str, object] | None = None,
        deadline_s: float | None = None,
        cancel: CancelToken | None = None,
        on_text: bool = False,
    ) -> None:
        prompt = Prompt(system="", shared=shared, task="Tell.")
        request = Generation(prompt=prompt, max_tokens=max_tokens, schema=schema, deadline_s=deadline_s)
        pieces: list[str] = []
        await self._engine.generate(request, on_text=pieces.append if on_text else None, cancel=cancel)


@pytest.fixture
def schedulers(monkeypatch: pytest.MonkeyPatch) -> list[Scheduler]:
    """Collect the schedulers that engines make, and let one decode in 400 fail."""
    made: list[Scheduler] = []
    decodes = iter(range(10**9))
    decode, begin = NativeModel.decode, Scheduler.__init__

    def noted(scheduler: Scheduler, model: NativeModel, *, yes: list[int], no: list[int]) -> None:
        begin(scheduler, model, yes=yes, no=no)
        made.append(scheduler)

    monkeypatch.setattr(NativeModel, "decode", lambda model: decode(model) or -3 * (next(decodes) % 400 == 399))
    monkeypatch.setattr(Scheduler, "__init__", noted)
    return made


async def test_ten_thousand_requests_leave_nothing_behind(tiny_model: Path, schedulers: list[Scheduler]) -> None:
    # What is printed about the failing decodes would be kept by pytest and count as memory.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS)
    engine.start()
    await engine.ready()
    soak = Soak(engine)
    resident = []
    for begin in range(0, REQUESTS, A_ROUND):
        await soak.send(range(begin, begin + A_ROUND))
        resident.append(_resident())
    grown = resident[-1] - resident[0]
    [scheduler] = schedulers
    await _until_idle(scheduler)
    # The engine's thread sleeps until the next request, so its books can be looked at and its cases dropped here.
    scheduler.drop_idle()
    left = (scheduler.slots.sequences_used, scheduler.slots.cells_used, _cells(scheduler))
    await asyncio.to_thread(engine.stop)

    assert soak.endings.total() == REQUESTS
    assert soak.endings.keys() == ANSWERED | REFUSED
    assert sum(soak.endings[kind] for kind in ANSWERED) > REQUESTS * 0.45
    assert engine.status().waiting == 0
    assert left == (0, 0, 0)
    assert grown < 1.5 * MIB, f"{grown / MIB:.1f} MiB more than after {A_ROUND}"


async def _until_idle(scheduler: Scheduler) -> None:
    for _ in range(500):
        if scheduler.idle:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("work is left in the engine")


def _cells(scheduler: Scheduler) -> int:
    """Return how many positions llama.cpp itself holds, in all sequences."""
    memory = scheduler._model._memory
    return sum(int(llama_cpp.llama_memory_seq_pos_max(memory, number)) + 1 for number in range(OPTIONS.sequences))


def _resident() -> int:
    # The errors' tracebacks are cycles: what waits for the collector in one process more than in another is no leak.
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
