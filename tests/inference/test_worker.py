import asyncio
import threading
import time

import pytest

from afirgen.errors import (
    CancelledWorkError,
    DeadlineExceededError,
    EngineFailureError,
    ModelFileError,
    ModelUnavailableError,
    OverloadedError,
)
from afirgen.inference.engine import CancelToken, EngineState, Priority
from afirgen.inference.worker import EngineWorker

pytestmark = pytest.mark.anyio


class Adder:
    """Stands for a native engine: counts calls and notes the threads that touch it."""

    def __init__(self) -> None:
        self.threads = {threading.get_ident()}
        self.busy = 0

    def add(self, number: int) -> int:
        self.threads.add(threading.get_ident())
        self.busy += 1
        assert self.busy == 1, "two calls at once"
        time.sleep(0.001)
        self.busy -= 1
        return number + 1


def worker(**changes: object) -> EngineWorker[Adder]:
    settings: dict[str, object] = {"role": "test", "model": "adder", "load": Adder, "capacity": 4}
    return EngineWorker(**(settings | changes))  # type: ignore[arg-type]


async def stopped(engine: EngineWorker[Adder], **options: float) -> None:
    await asyncio.to_thread(engine.stop, **options)


class Gate:
    """Work that has begun and waits to be let through."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self, _engine: Adder, _token: CancelToken) -> str:
        self.begun.set()
        assert self.open.wait(10)
        return "through"


async def test_calls_run_one_at_a_time_in_the_engines_own_thread() -> None:
    engine = worker(capacity=64)
    engine.start()
    await engine.ready()
    results = await asyncio.gather(*(engine.call(lambda e, _, n=n: e.add(n)) for n in range(40)))
    threads = await engine.call(lambda e, _: e.threads)
    await stopped(engine)
    assert results == list(range(1, 41))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert engine.status().done == 41


async def test_full_queue_is_refused_at_once_and_says_when_to_come_back() -> None:
    engine, gate = worker(capacity=2), Gate()
    engine.start()
    await engine.ready()
    first = asyncio.create_task(engine.call(gate))
    await asyncio.to_thread(gate.begun.wait, 5)
    others = [asyncio.create_task(engine.call(lambda e, _: e.add(1))) for _ in range(2)]
    await asyncio.sleep(0)
    assert engine.status().waiting == 2
    with pytest.raises(OverloadedError) as refused:
        await engine.call(lambda e, _: e.add(1))
    assert refused.value.retry_after_s >= 1
    gate.open.set()
    assert await first == "through"
    assert await asyncio.gather(*others) == [2, 2]
    await stopped(engine)


async def test_officers_go_before_prefetch() -> None:
    engine, gate = worker(), Gate()
    engine.start()
    await engine.ready()
    order: list[str] = []
    tasks = [asyncio.create_task(engine.call(gate))]
    await asyncio.to_thread(gate.begun.wait, 5)
    for name, priority in (("ahead", Priority.PREFETCH), ("officer", Priority.OFFICER)):
        tasks.append(asyncio.create_task(engine.call(lambda _e, _t, n=name: order.append(n), priority=priority)))
        await asyncio.sleep(0)
    gate.open.set()
    await asyncio.gather(*tasks)
    await stopped(engine)
    assert order == ["officer", "ahead"]


async def test_cancelling_the_caller_sets_the_token_and_the_thread_keeps_the_engine() -> None:
    engine = worker()
    engine.start()
    await engine.ready()
    begun, seen = threading.Event(), threading.Event()

    def until_cancelled(_engine: Adder, token: CancelToken) -> None:
        begun.set()
        deadline = time.monotonic() + 5
        while not token.cancelled and time.monotonic() < deadline:
            time.sleep(0.005)
        if token.cancelled:
            seen.set()

    task = asyncio.create_task(engine.call(until_cancelled))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seen.wait, 5)
    assert await engine.call(lambda e, _: e.add(1)) == 2
    await stopped(engine)


async def test_work_cancelled_while_it_waits_never_runs_and_frees_its_place() -> None:
    engine, gate = worker(capacity=1), Gate()
    engine.start()
    await engine.ready()
    ran: list[int] = []
    first = asyncio.create_task(engine.call(gate))
    await asyncio.to_thread(gate.begun.wait, 5)
    waiting = asyncio.create_task(engine.call(lambda _e, _t: ran.append(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert engine.status().waiting == 0
    gate.open.set()
    await first
    await stopped(engine)
    assert ran == []


async def test_a_token_set_before_its_turn_ends_the_work() -> None:
    engine = worker()
    engine.start()
    await engine.ready()
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledWorkError):
        await engine.call(lambda e, _: e.add(1), cancel=token)
    await stopped(engine)


async def test_deadline_counts_waiting() -> None:
    engine, gate = worker(), Gate()
    engine.start()
    await engine.ready()
    first = asyncio.create_task(engine.call(gate))
    await asyncio.to_thread(gate.begun.wait, 5)
    with pytest.raises(DeadlineExceededError):
        await engine.call(lambda e, _: e.add(1), deadline_s=0.05)
    assert engine.status().waiting == 0
    gate.open.set()
    assert await first == "through"
    await stopped(engine)


async def test_a_failing_call_fails_alone() -> None:
    engine = worker()
    engine.start()
    await engine.ready()
    with pytest.raises(EngineFailureError) as failure:
        await engine.call(lambda _e, _t: 1 // 0)
    assert "ZeroDivision" not in failure.value.public
    assert "ZeroDivisionError" in (failure.value.detail or "")
    assert await engine.call(lambda e, _: e.add(1)) == 2
    assert engine.status().failed == 1
    await stopped(engine)


async def test_load_failure_is_public_and_refuses_work() -> None:
    def broken() -> Adder:
        raise ModelFileError("The test model is not complete. Run `afirgen models pull`.")

    engine = worker(load=broken)
    engine.start()
    with pytest.raises(ModelUnavailableError, match="models pull"):
        await engine.ready()
    assert engine.status().state is EngineState.FAILED
    assert engine.status().problem == "The test model is not complete. Run `afirgen models pull`."
    with pytest.raises(ModelUnavailableError, match="models pull"):
        await engine.call(lambda e, _: e.add(1))
    await stopped(engine)
    assert engine.status().state is EngineState.FAILED


async def test_a_wrong_known_answer_keeps_the_engine_from_work() -> None:
    def wrong(_engine: Adder) -> None:
        raise RuntimeError("2 + 2 = 5")

    engine = worker(check=wrong)
    engine.start()
    with pytest.raises(ModelUnavailableError, match="models verify") as failure:
        await engine.ready()
    assert "2 + 2" not in failure.value.public
    await stopped(engine)


async def test_work_before_ready_is_refused() -> None:
    gate = threading.Event()

    def slow() -> Adder:
        gate.wait(5)
        return Adder()

    engine = worker(load=slow)
    with pytest.raises(ModelUnavailableError, match="loading"):
        await engine.call(lambda e, _: e.add(1))
    engine.start()
    with pytest.raises(ModelUnavailableError, match="loading"):
        await engine.call(lambda e, _: e.add(1))
    waiting = asyncio.create_task(engine.ready())
    await asyncio.sleep(0)
    gate.set()
    await waiting
    assert engine.status().load_s is not None
    await stopped(engine)


async def test_stop_finishes_what_is_queued_then_refuses() -> None:
    engine = worker()
    engine.start()
    await engine.ready()
    tasks = [asyncio.create_task(engine.call(lambda e, _: e.add(1))) for _ in range(3)]
    await asyncio.sleep(0)
    await stopped(engine)
    assert await asyncio.gather(*tasks) == [2, 2, 2]
    assert engine.status().state is EngineState.STOPPED
    with pytest.raises(ModelUnavailableError, match="stopped"):
        await engine.call(lambda e, _: e.add(1))
    await stopped(engine)


async def test_stop_cancels_what_outlasts_the_grace() -> None:
    engine = worker()
    engine.start()
    await engine.ready()

    def until_cancelled(_engine: Adder, token: CancelToken) -> None:
        while not token.cancelled:
            time.sleep(0.005)
        token.raise_if_cancelled()

    running = asyncio.create_task(engine.call(until_cancelled))
    queued = asyncio.create_task(engine.call(lambda e, _: e.add(1)))
    await asyncio.sleep(0.02)
    await stopped(engine, grace_s=0.05)
    results = await asyncio.gather(running, queued, return_exceptions=True)
    assert all(isinstance(result, CancelledWorkError) for result in results)


async def test_stop_without_start_wakes_those_who_wait() -> None:
    engine = worker()
    waiting = asyncio.create_task(engine.ready())
    await asyncio.sleep(0)
    await stopped(engine)
    with pytest.raises(ModelUnavailableError, match="stopped"):
        await waiting
    engine.start()
    assert engine.status().state is EngineState.STOPPED


async def test_places_keep_work_of_many_calls_from_being_refused_half_way() -> None:
    engine = worker(capacity=2)
    engine.start()
    await engine.ready()

    async def many() -> int:
        with engine.place():
            return sum([await engine.call(lambda e, _: e.add(1)) for _ in range(5)])

    assert await asyncio.gather(many(), many()) == [10, 10]
    with engine.place(), engine.place(), pytest.raises(OverloadedError), engine.place():
        pass
    await stopped(engine)


def test_a_result_for_a_closed_loop_does_not_hurt_the_thread() -> None:
    engine, gate = worker(), Gate()
    engine.start()

    async def leave() -> None:
        await engine.ready()
        task = asyncio.create_task(engine.call(gate))
        await asyncio.to_thread(gate.begun.wait, 5)
        task.cancel()

    asyncio.run(leave())
    gate.open.set()

    async def come_back() -> int:
        return await engine.call(lambda e, _: e.add(1))

    assert asyncio.run(come_back()) == 2
    engine.stop()


async def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    for _ in range(3):
        engine = worker()
        engine.start()
        await engine.ready()
        engine.stop()
    assert threading.active_count() <= before
