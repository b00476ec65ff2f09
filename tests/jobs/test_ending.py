"""Tasks end for certain, also those that lose a cancellation."""

import asyncio

import pytest

from afirgen.jobs import ending

pytestmark = pytest.mark.anyio


async def test_a_task_that_loses_its_first_cancellation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_AGAIN_S", 0.01)
    lost: list[bool] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost.append(True)
        await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(ending.end_tasks(task), 5)
    assert lost == [True]
    assert task.cancelled()


async def test_tasks_that_fail_or_are_done_hold_nobody_up() -> None:
    async def fail() -> None:
        raise RuntimeError("broken")

    failing, done = asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(0))
    await asyncio.sleep(0.01)
    await ending.end_tasks(failing, done)
    assert failing.done()
    await ending.end_tasks()
