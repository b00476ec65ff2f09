"""What is sent twice counts once."""

import asyncio

import pytest

from afirgen.web.once import Once

pytestmark = pytest.mark.anyio


async def test_the_same_key_is_done_once_also_at_the_same_time() -> None:
    once, done = Once(), []

    async def work() -> str:
        await asyncio.sleep(0.01)
        done.append(1)
        return "case"

    assert await asyncio.gather(*(once.result("a", work) for _ in range(5))) == ["case"] * 5
    assert await once.result("a", work) == "case"
    assert len(done) == 1
    await once.result("b", work)
    assert len(done) == 2


async def test_what_failed_is_done_again() -> None:
    once, tries = Once(), []

    async def work() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError
        return "case"

    with pytest.raises(ConnectionError):
        await once.result("a", work)
    assert await once.result("a", work) == "case"


async def test_who_goes_away_does_not_stop_what_the_next_one_waits_for() -> None:
    once, gate = Once(), asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "case"

    first = asyncio.ensure_future(once.result("a", work))
    await asyncio.sleep(0)
    first.cancel()
    second = asyncio.ensure_future(once.result("a", work))
    await asyncio.sleep(0)
    gate.set()
    assert await second == "case"
