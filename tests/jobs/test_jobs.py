"""Work goes on whatever happens to the program, to the officer's request or to another worker."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from afirgen.case.evidence import Source, Transcript
from afirgen.case.job import JobState
from afirgen.case.law import LegalView
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import LostLeaseError, OverloadedError, StorageError
from afirgen.jobs.machine import STOPPED_OFTEN
from afirgen.jobs.views import CaseView
from afirgen.pipeline.run import OnProgress, Original
from afirgen.store.jobs import Lease
from tests.web.installation import COMPLAINT, OFFICER, Installation

pytestmark = pytest.mark.anyio
DATA = COMPLAINT.encode()


class Gate:
    """Lets reading wait until it is opened; counts how often it was begun."""

    def __init__(self, installation: Installation) -> None:
        self.open = asyncio.Event()
        self.reached = asyncio.Event()
        self.begun = 0
        self._read = installation.pipeline.read
        installation.pipeline.read = self._wait  # type: ignore[method-assign]

    async def _wait(self, original: Original, on_progress: OnProgress) -> tuple[Source, Transcript]:
        self.begun += 1
        self.reached.set()
        await self.open.wait()
        return await self._read(original, on_progress)


async def accept(installation: Installation, *, wait: bool = False) -> str:
    return (await installation.reception.accept(DATA, Original(data=DATA), by=OFFICER, wait=wait)).id


async def until(installation: Installation, case: str, right: Callable[[CaseView], bool]) -> CaseView:
    for _ in range(500):
        view = await installation.review.view(case)
        if right(view):
            return view
        await asyncio.sleep(0.01)
    raise AssertionError(view.record)


def waits(view: CaseView) -> bool:
    return view.record.status is SessionStatus.AWAITING_VALIDATION


async def closed(installation: Installation) -> None:
    await installation.casework.close()
    await installation.database.close()


async def test_work_that_is_stopped_in_the_middle_goes_on_after_a_restart(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    gate = Gate(installation)
    case = await accept(installation)
    await gate.reached.wait()
    await closed(installation)
    installation.open()
    gate.open.set()
    assert await installation.board.resume() == 1
    await until(installation, case, waits)
    (job,) = await installation.jobs.page(case_id=case)
    assert (job.state, job.attempt, gate.begun) == (JobState.DONE, 1, 2)
    await closed(installation)


async def test_work_of_a_worker_that_died_is_taken_up_when_its_lease_runs_out(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.lease_s = 0.3
    installation.open()
    gate = Gate(installation)
    case = await accept(installation)
    (job,) = await installation.jobs.page(case_id=case)
    # Another process had it, and died without a word.
    await installation.casework.close()
    await installation.jobs.claim(job.id, Lease(owner="dead", seconds=0.2))
    gate.open.set()
    installation.open()
    assert await installation.board.resume() == 0
    await until(installation, case, waits)
    assert (await installation.jobs.get(job.id)).attempt == 2
    await closed(installation)


async def test_work_that_another_worker_took_over_is_given_up(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.lease_s = 0.3
    installation.open()
    gate = Gate(installation)
    case = await accept(installation)
    await gate.reached.wait()
    (job,) = await installation.jobs.page(case_id=case)
    await installation.jobs.give_back(installation.board.worker)
    assert await installation.jobs.claim(job.id, Lease(owner="other", seconds=60)) is not None
    await asyncio.sleep(0.3)
    gate.open.set()
    await asyncio.sleep(0.1)
    assert await installation.cases.history(case) == ()
    assert (await installation.review.view(case)).record.status is SessionStatus.PROCESSING
    await closed(installation)


async def test_what_stops_the_program_again_and_again_is_given_up(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    gate = Gate(installation)
    case = await accept(installation)
    (job,) = await installation.jobs.page(case_id=case)
    await installation.casework.close()
    for _ in range(5):
        await installation.jobs.claim(job.id, Lease(owner="dies", seconds=-1))
    installation.open()
    await installation.board.resume()
    view = await until(installation, case, lambda v: v.record.status is SessionStatus.ERROR)
    assert view.record.error == STOPPED_OFTEN
    assert (await installation.jobs.get(job.id)).state is JobState.FAILED
    gate.open.set()
    assert waits(await installation.review.retry(case, by=OFFICER))
    await closed(installation)


async def test_a_database_that_fails_for_a_while_does_not_lose_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation(tmp_path)
    installation.lease_s = 0.3
    installation.open()
    claim, failures = installation.jobs.claim, iter([True, True])

    async def failing(job_id: str, lease: Lease) -> object:
        if next(failures, False):
            raise StorageError("The database could not be used.")
        return await claim(job_id, lease)

    monkeypatch.setattr(installation.jobs, "claim", failing)
    case = await accept(installation)
    await until(installation, case, waits)
    assert installation.board.alive
    await closed(installation)


async def test_a_stopped_job_that_drafted_again_leaves_the_draft_that_was_there(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    review = installation.review
    case = await accept(installation, wait=True)
    await review.approve(case, by=OFFICER)
    await review.approve(case, by=OFFICER)
    go = asyncio.Event()

    async def slow(*_args: object, **_more: object) -> LegalView:
        await go.wait()
        return installation.pipeline.law

    installation.pipeline.find_sections = slow  # type: ignore[method-assign]
    await review.regenerate(case, Step.VIOLATIONS, by=OFFICER, wait=False)
    job = await installation.jobs.open_of(case)
    assert job is not None
    await review.cancel(job.id, by=OFFICER)
    go.set()
    view = await review.view(case)
    assert (view.record.status, view.record.step) == (SessionStatus.AWAITING_VALIDATION, Step.VIOLATIONS)
    assert view.versions[Step.VIOLATIONS].version == 1
    with pytest.raises(LostLeaseError):
        await review.cancel(job.id, by=OFFICER)
    await review.approve(case, by=OFFICER)
    await closed(installation)


async def test_whoever_waits_for_a_stopped_job_is_answered(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    gate = Gate(installation)
    waiting = asyncio.create_task(accept(installation, wait=True))
    await gate.reached.wait()
    (job,) = await installation.jobs.page(only_open=True)
    await installation.review.cancel(job.id, by=OFFICER)
    case = await asyncio.wait_for(waiting, 5)
    assert (await installation.review.view(case)).record.status is SessionStatus.ERROR
    await closed(installation)


async def test_work_goes_on_when_whoever_waited_for_it_has_gone(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    gate = Gate(installation)
    waiting = asyncio.create_task(accept(installation, wait=True))
    await gate.reached.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    gate.open.set()
    (job,) = await installation.jobs.page()
    await until(installation, job.case_id, waits)
    await closed(installation)


async def test_no_more_is_taken_in_at_once_than_there_is_room_for(tmp_path: Path) -> None:
    installation = Installation(tmp_path, capacity=3)
    gate = Gate(installation)
    taken = await asyncio.gather(*(accept(installation) for _ in range(7)), return_exceptions=True)
    assert sum(isinstance(t, OverloadedError) for t in taken) == 4
    gate.open.set()
    for case in (t for t in taken if isinstance(t, str)):
        await until(installation, case, waits)
    await asyncio.sleep(0.05)
    await accept(installation, wait=True)
    await closed(installation)
