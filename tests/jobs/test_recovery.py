"""After a stop at any point no accepted complaint is lost."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from afirgen.case.audit import Action, Event
from afirgen.case.job import NewJob
from afirgen.case.session import SessionStatus, Step
from afirgen.pipeline.run import Original
from tests.web.installation import COMPLAINT, OFFICER, Installation

pytestmark = pytest.mark.anyio


async def accepted(installation: Installation) -> str:
    data = COMPLAINT.encode()
    return (await installation.reception.accept(data, Original(data=data), by=OFFICER, wait=True)).id


async def test_a_case_stopped_in_the_middle_is_taken_up_again(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    case = await accepted(installation)
    approved = Event(actor=OFFICER, action=Action.STEP_APPROVED)
    job = NewJob(id=str(uuid4()), step=Step.SUMMARY)
    await installation.cases.update(case, approved, job=job, step=job.step.value, status=SessionStatus.PROCESSING.value)
    await installation.casework.close()
    await installation.database.close()

    installation.open()
    assert await installation.board.resume() == 1
    for _ in range(200):
        view = await installation.review.view(case)
        if view.record.status is SessionStatus.AWAITING_VALIDATION:
            break
        await asyncio.sleep(0.01)
    assert view.record.step is Step.SUMMARY
    assert Step.SUMMARY in view.contents
    assert await installation.board.resume() == 0
    await installation.casework.close()
    await installation.database.close()


async def test_the_original_is_on_disk_before_the_answer_and_read_only(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    case = await accepted(installation)
    record = await installation.cases.get(case)
    (stored,) = [p for p in (tmp_path / "originals").rglob("*") if p.is_file()]
    assert stored.name == record.original
    assert stored.read_bytes() == COMPLAINT.encode()
    assert stored.stat().st_mode & 0o222 == 0
    await installation.casework.close()
    await installation.database.close()


async def test_the_next_step_is_drafted_ahead_once_and_thrown_away_after_an_edit(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    case = await accepted(installation)
    await asyncio.sleep(0.05)
    assert installation.pipeline.summaries == 1
    await installation.review.approve(case, by=OFFICER)
    assert installation.pipeline.summaries == 1
    other = await accepted(installation)
    await asyncio.sleep(0.05)
    await installation.review.approve(other, by=OFFICER, edit=COMPLAINT + " It was dark.")
    assert installation.pipeline.summaries == 3
    await installation.casework.close()
    await installation.database.close()


async def test_two_decisions_at_once_are_taken_one_after_the_other(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    case = await accepted(installation)
    await asyncio.gather(*(installation.review.approve(case, by=OFFICER) for _ in range(3)))
    steps = [v.step for v in await installation.cases.history(case)]
    assert steps == [Step.TRANSCRIPT, Step.SUMMARY, Step.VIOLATIONS, Step.NARRATIVE]
    await installation.casework.close()
    await installation.database.close()
