import asyncio
from collections.abc import Callable

import pytest

from afirgen.errors import ModelUnavailableError
from afirgen.inference.engine import EngineState
from afirgen.inference.slot import EngineSlot
from afirgen.inference.worker import EngineWorker

pytestmark = pytest.mark.anyio


def wrong(_engine: str) -> None:
    raise ValueError("not the known answer")


def engine(model: str, check: Callable[[str], None] | None = None) -> EngineWorker[str]:
    return EngineWorker(role="test", model=model, load=lambda: model, check=check)


async def answer(slot: EngineSlot[EngineWorker[str]]) -> str:
    async with slot.use() as current:
        return await current.call(lambda name, _: name)


async def test_new_work_goes_to_the_new_engine_and_the_old_stops_after_its_last_user() -> None:
    old, new = engine("old"), engine("new")
    slot = EngineSlot(old)
    slot.start()
    await slot.ready()
    async with slot.use() as held:
        await slot.switch(new)
        assert await answer(slot) == "new"
        assert await held.call(lambda name, _: name) == "old"
        assert old.status().state is EngineState.READY
    await slot.stop()
    assert old.status().state is EngineState.STOPPED
    assert new.status().state is EngineState.STOPPED


async def test_an_unused_old_engine_stops_at_once() -> None:
    old = engine("old")
    slot = EngineSlot(old)
    slot.start()
    await slot.ready()
    await slot.switch(engine("new"))
    for _ in range(200):
        if old.status().state is EngineState.STOPPED:
            break
        await asyncio.sleep(0.01)
    assert old.status().state is EngineState.STOPPED
    assert slot.status().model == "new"
    await slot.stop()


async def test_an_engine_that_fails_its_check_changes_nothing() -> None:
    slot = EngineSlot(engine("old"))
    slot.start()
    await slot.ready()
    bad = engine("bad", check=wrong)
    with pytest.raises(ModelUnavailableError):
        await slot.switch(bad)
    assert slot.status().model == "old"
    assert await answer(slot) == "old"
    await slot.stop()


async def test_requests_during_switches_are_all_answered() -> None:
    slot = EngineSlot(engine("0"))
    slot.start()
    await slot.ready()

    async def ask() -> list[str]:
        return [await answer(slot) for _ in range(30)]

    async def swap() -> None:
        for number in range(1, 6):
            await slot.switch(engine(str(number)))

    answers, _ = await asyncio.gather(ask(), swap())
    assert len(answers) == 30
    assert await answer(slot) == "5"
    await slot.stop()


async def test_no_switch_after_stop() -> None:
    slot = EngineSlot(engine("old"))
    slot.start()
    await slot.ready()
    await slot.stop()
    with pytest.raises(ModelUnavailableError):
        await slot.switch(engine("new"))
