"""The REST contract of earlier installations, driven as a client would."""

import re
import sqlite3
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from afirgen.inference.engine import EngineState
from afirgen.store.audit import AuditLog
from afirgen.store.old_sessions import OldSessions
from tests.web.installation import AUTH_KEY, COMPLAINT, HEADERS, OFFICER, Installation

pytestmark = pytest.mark.anyio


async def begin(client: Any) -> dict[str, Any]:
    answer = await client.post("/process", data={"text": COMPLAINT}, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def approve(client: Any, session: str, **extra: Any) -> dict[str, Any]:
    body = {"session_id": session, "approved": True, **extra}
    answer = await client.post("/validate", json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_the_whole_flow(installation: Installation) -> None:
    async with installation.client() as client:
        first = await begin(client)
        session = first["session_id"]
        assert first["success"] is True
        assert first["current_step"] == "transcript_review"
        assert first["content_for_validation"]["transcript"] == COMPLAINT
        assert first["requires_validation"] is True

        summary = await approve(client, session)
        assert summary["current_step"] == "summary_review"
        assert summary["content"]["original_transcript"] == COMPLAINT
        assert "Anil Rao" in summary["content"]["summary"]

        sections = await approve(client, session)
        assert sections["current_step"] == "violations_review"
        (violation,) = sections["content"]["violations"]
        assert (violation["db"], violation["section"]) == ("BNS", "303(2)")

        narrative = await approve(client, session)
        assert "The informant" in narrative["content"]["fir_narrative"]

        final = await approve(client, session)
        number = final["content"]["fir_number"]
        assert re.fullmatch(r"FIR-[a-f0-9]{8}-\d{14}", number)
        assert "FIRST INFORMATION REPORT" in final["content"]["fir_content"]

        done = await approve(client, session)
        assert done["completed"] is True
        assert done["requires_validation"] is False

        status = (await client.get(f"/session/{session}/status", headers=HEADERS)).json()
        assert status["status"] == "completed"
        assert status["awaiting_validation"] is False

        record = (await client.get(f"/fir/{number}", headers=HEADERS)).json()
        assert record["status"] == "pending"
        content = (await client.get(f"/fir/{number}/content", headers=HEADERS)).json()
        assert content["content"] == final["content"]["fir_content"]
        listed = (await client.get("/list_firs", headers=HEADERS)).json()
        assert [r["fir_number"] for r in listed["records"]] == [number]

        pdf = await client.get(f"/fir/{number}/document.pdf", headers=HEADERS)
        assert pdf.content.startswith(b"%PDF-")

        wrong = await client.post("/authenticate", json={"fir_number": number, "auth_key": "x" * 8}, headers=HEADERS)
        assert wrong.status_code == 401
        right = {"fir_number": number, "auth_key": AUTH_KEY}
        registered = (await client.post("/authenticate", json=right, headers=HEADERS)).json()
        assert registered["success"] is True
        assert re.fullmatch(r"1/\d{4}", registered["register_number"])
        for path in (f"/fir/{number}", f"/fir/{number}/content"):
            assert (await client.get(path, headers=HEADERS)).json()["register_number"] == registered["register_number"]
        print_ = (await client.get(f"/fir/{number}/document.txt", headers=HEADERS)).text
        assert f"1 ({number})" in print_
        assert "DRAFT" not in print_
        assert (await client.get(f"/fir/{number}", headers=HEADERS)).json()["status"] == "finalized"
        assert (await client.post("/authenticate", json=right, headers=HEADERS)).status_code == 400
        entries = await AuditLog(installation.database).of_case(session)
        assert [e.action for e in entries][-4:] == ["step.approved", "fir.exported", "fir.finalized", "fir.exported"]
        assert {(e.actor, e.channel) for e in entries if e.role == "key_holder"} == {
            ("holder of the station's key", "api")
        }


async def test_what_the_officer_writes_replaces_the_draft(installation: Installation) -> None:
    async with installation.client() as client:
        session = (await begin(client))["session_id"]
        corrected = COMPLAINT.replace("near the bank", "near the temple")
        summary = await approve(client, session, user_input=corrected)
        assert summary["content"]["original_transcript"] == corrected
        await approve(client, session, user_input="Ravi is said to have taken the motorcycle.")
        narrative = await approve(client, session, user_input="BNS 304(2), IT Act 2000 66C")
        assert "temple" in narrative["content"]["fir_narrative"]
        final = await approve(client, session, user_input="The officer's own narrative.")
        text = final["content"]["fir_content"]
        assert "The officer's own narrative." in text
        assert "BNS | 304(2)" in text
        assert "IT Act 2000 | 66C" in text
        assert "BNS | 303(2)" not in text
        history = await installation.cases.history(session)
        assert [(v.step.value, v.version, v.author) for v in history][:2] == [
            ("transcript_review", 1, "machine"),
            ("transcript_review", 2, "officer"),
        ]


async def test_a_section_outside_the_loaded_law_is_refused(installation: Installation) -> None:
    async with installation.client() as client:
        session = (await begin(client))["session_id"]
        await approve(client, session)
        await approve(client, session)
        for wanted in ("BNS 999", "IT Act 2000 66A", "hang him"):
            body = {"session_id": session, "approved": True, "user_input": wanted}
            answer = await client.post("/validate", json=body, headers=HEADERS)
            assert answer.status_code == 400, wanted
            assert answer.json()["error_code"] == "invalid_input"


async def test_sending_back_keeps_the_step_and_drafting_again_keeps_the_first_draft(
    installation: Installation,
) -> None:
    async with installation.client() as client:
        session = (await begin(client))["session_id"]
        await approve(client, session)
        kept = await client.post("/validate", json={"session_id": session, "approved": False}, headers=HEADERS)
        assert kept.json()["current_step"] == "summary_review"
        again = await client.post(f"/regenerate/{session}?step=summary_review&user_input=shorter", headers=HEADERS)
        assert again.json()["step"] == "summary_review"
        summaries = [v for v in await installation.cases.history(session) if v.step.value == "summary_review"]
        assert [v.version for v in summaries] == [1, 2]
        assert summaries[1].note == "shorter"
        for step in ("transcript_review", "nonsense", "fir_narrative_review"):
            refused = await client.post(f"/regenerate/{session}?step={step}", headers=HEADERS)
            assert refused.status_code == 400


@pytest.mark.parametrize(
    ("data", "files", "status"),
    [
        ({}, None, 400),
        ({"text": "short"}, None, 400),
        ({"text": "   "}, None, 400),
        ({"text": "x" * 50_001}, None, 400),
        ({"text": COMPLAINT}, {"image": ("a.png", b"x", "image/png")}, 400),
        (None, {"image": ("a.png", b"\x7fELF" + bytes(200), "image/png")}, 415),
        (None, {"audio": ("a.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav")}, 400),
        (None, {"image": ("a.png", b"", "image/png")}, 400),
    ],
)
async def test_bad_input_gets_one_sentence(
    installation: Installation, data: dict[str, str] | None, files: Any, status: int
) -> None:
    async with installation.client() as client:
        answer = await client.post("/process", data=data or {}, files=files, headers=HEADERS)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert set(body) >= {"detail", "error_code", "timestamp"}
        assert "Traceback" not in answer.text
        assert body["detail"].endswith(".")


async def test_a_file_over_the_limit_is_refused(installation: Installation) -> None:
    async with installation.client() as client:
        files = {"image": ("a.png", bytes(26 * 1024 * 1024), "image/png")}
        assert (await client.post("/process", files=files, headers=HEADERS)).status_code == 413


async def test_unknown_and_malformed_ids(installation: Installation) -> None:
    async with installation.client() as client:
        for path, status in (
            ("/session/not-a-uuid/status", 400),
            (f"/session/{uuid4()}/status", 404),
            ("/fir/FIR-1", 400),
            ("/fir/FIR-00000000-20250101000000", 404),
            ("/list_firs?limit=0", 400),
            ("/list_firs?limit=101", 400),
            ("/list_firs?limit=x", 400),
            ("/nothing-here", 404),
        ):
            answer = await client.get(path, headers=HEADERS)
            assert answer.status_code == status, path
            assert set(answer.json()) >= {"detail", "error_code"}
        bad = await client.post("/validate", content=b"{", headers={**HEADERS, "content-type": "application/json"})
        assert bad.status_code in {400, 422}


async def test_a_step_that_fails_is_kept_and_can_be_tried_again(installation: Installation) -> None:
    async with installation.client() as client:
        installation.pipeline.fail_next = True
        session = (await begin(client))["session_id"]
        await approve(client, session)
        failed = await client.post("/validate", json={"session_id": session, "approved": True}, headers=HEADERS)
        assert failed.status_code == 504
        assert "afirgen models pull" in failed.json()["detail"]
        status = (await client.get(f"/session/{session}/status", headers=HEADERS)).json()
        assert status["status"] == "error"
        installation.pipeline.fail_next = False
        await client.post(f"/cases/{session}", data={"action": "retry"}, headers=HEADERS, follow_redirects=False)
        for _ in range(100):
            status = (await client.get(f"/session/{session}/status", headers=HEADERS)).json()
            if status["status"] != "processing":
                break
        assert (status["status"], status["current_step"]) == ("awaiting_validation", "violations_review")


async def test_an_idle_session_expires_and_its_record_is_kept(tmp_path: Path) -> None:
    installation = Installation(tmp_path, timeout_s=-1)
    async with installation.client() as client:
        session = (await begin(client))["session_id"]
        answer = await client.post("/validate", json={"session_id": session, "approved": True}, headers=HEADERS)
        assert answer.status_code == 404
        assert (await installation.cases.history(session))[0].step.value == "transcript_review"


async def test_a_session_of_an_earlier_installation_is_still_known(installation: Installation, tmp_path: Path) -> None:
    session = str(uuid4())
    with sqlite3.connect(tmp_path / "sessions.db") as old:
        old.execute("CREATE TABLE sessions (session_id, state, status, created_at, last_activity, validation_history)")
        old.execute("INSERT INTO sessions VALUES (?, '{}', 'completed', '2024-05-01', '2024-05-02', '[]')", (session,))
    old.close()
    await OldSessions(installation.database).take_over(tmp_path / "sessions.db", OFFICER)
    async with installation.client() as client:
        status = (await client.get(f"/session/{session}/status", headers=HEADERS)).json()
        assert (status["status"], status["awaiting_validation"]) == ("completed", False)
        assert (status["created_at"], status["last_activity"]) == ("2024-05-01", "2024-05-02")
        body = {"session_id": session, "approved": True}
        assert (await client.post("/validate", json=body, headers=HEADERS)).status_code == 404


async def test_full_means_503_with_retry_after_at_once(tmp_path: Path) -> None:
    installation = Installation(tmp_path, capacity=0)
    async with installation.client() as client:
        answer = await client.post("/process", data={"text": COMPLAINT}, headers=HEADERS)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


async def test_live_ready_health_and_models(installation: Installation) -> None:
    async with installation.client() as client:
        assert (await client.get("/live")).status_code == 200
        assert (await client.get("/ready")).status_code == 200
        health = (await client.get("/health")).json()
        assert health["status"] == "healthy"
        assert {"model_server", "asr_ocr_server", "database", "kb_collections", "reliability"} <= set(health)
        installation.models.state = EngineState.LOADING
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/health")).json()["status"] == "degraded"
        assert (await client.get("/api/v1/models", headers=HEADERS)).json()["models"][0]["role"] == "llm"
        unknown = await client.post("/api/v1/models/llm", json={"model": "no-such"}, headers=HEADERS)
        assert unknown.status_code == 404
