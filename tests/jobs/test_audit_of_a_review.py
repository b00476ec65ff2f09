"""Every decision of a review is in the audit log, with who made it and on what."""

import json
from pathlib import Path

import pytest

from afirgen.case.audit import Action, text_hash
from afirgen.case.session import Step
from afirgen.pipeline.run import Original
from afirgen.store.audit import AuditLog
from afirgen.store.originals import Originals
from afirgen.store.verify import verify
from tests.web.installation import COMPLAINT, OFFICER, Installation

pytestmark = pytest.mark.anyio


async def test_a_whole_review_leaves_a_whole_chain(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    review, data = installation.review, COMPLAINT.encode()
    installation.pipeline.fail_next = True
    case = (await installation.reception.accept(data, Original(data=data), by=OFFICER, wait=True)).id
    await review.approve(case, by=OFFICER, edit=COMPLAINT + " It was dark.")
    await review.reject(case, by=OFFICER)
    await review.regenerate(case, Step.SUMMARY, by=OFFICER, note="shorter")
    await review.approve(case, by=OFFICER)
    installation.pipeline.fail_next = False
    await review.retry(case, by=OFFICER)
    for _ in range(3):
        await review.approve(case, by=OFFICER)
    entries = await AuditLog(installation.database).of_case(case)
    assert [(entry.action, entry.role == "program") for entry in entries] == [
        (Action.CASE_ACCEPTED, False),
        (Action.STEP_DRAFTED, True),
        (Action.STEP_EDITED, False),
        (Action.STEP_APPROVED, False),
        (Action.STEP_DRAFTED, True),
        (Action.STEP_KEPT, False),
        (Action.STEP_REGENERATED, False),
        (Action.STEP_DRAFTED, True),
        (Action.STEP_APPROVED, False),
        (Action.STEP_FAILED, True),
        (Action.STEP_RETRIED, False),
        (Action.STEP_DRAFTED, True),
        (Action.STEP_APPROVED, False),
        (Action.STEP_DRAFTED, True),
        (Action.STEP_APPROVED, False),
        (Action.STEP_DRAFTED, True),
        (Action.STEP_APPROVED, False),
    ]
    assert {entry.actor for entry in entries if entry.role != "program"} == {OFFICER.name}
    assert (await verify(installation.database, Originals(tmp_path / "originals"))).faults == ()
    await installation.casework.close()
    await installation.database.close()


async def test_an_entry_names_the_version_the_models_and_what_a_draft_rests_on(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    review, data = installation.review, COMPLAINT.encode()
    case = (await installation.reception.accept(data, Original(data=data), by=OFFICER, wait=True)).id
    await review.approve(case, by=OFFICER)
    _, _, approved, drafted = await AuditLog(installation.database).of_case(case)
    transcript = (await installation.cases.newest(case))[Step.TRANSCRIPT]
    shown = {"step": "transcript_review", "version": 1, "content_sha256": text_hash(transcript.content)}
    assert json.loads(approved.payload).items() >= shown.items()
    basis = json.loads(drafted.payload)
    assert basis["models"] == [{"id": "none", "sha256": "f" * 64}]
    assert basis["inputs"] == [shown]
    assert (basis["step"], basis["version"], basis["requests"]) == ("summary_review", 1, 0)
    assert f"version:{case}:summary_review:1" in basis["records"]
    await installation.casework.close()
    await installation.database.close()
