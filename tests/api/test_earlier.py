"""The calls of earlier installations beside the review: pages, counts, reliability, speech and page reading alone."""

from pathlib import Path
from typing import Any

import pytest

from afirgen.errors import EngineFailureError
from afirgen.inference.engine import EngineState, EngineStatus
from tests.api.kit import Client
from tests.web.installation import COMPLAINT, HEADERS, Installation

pytestmark = pytest.mark.anyio
SAMPLES = Path(__file__).parents[2] / "samples"
PARTS = {"model_server", "asr_ocr_server", "database"}


async def broken(*_args: object, **_more: object) -> object:
    raise EngineFailureError("The speech engine failed on this recording.")


async def number_of_a_form(http: Any) -> str:
    client = Client(http)
    final = await client.reach(await client.begin(), "final_review")
    return str(final["case"]["fir_number"])


async def test_firs_are_shown_as_pages(installation: Installation) -> None:
    async with installation.client() as http:
        number = await number_of_a_form(http)
        listed = await http.get("/view_fir_records", headers=HEADERS)
        assert listed.headers["content-type"].startswith("text/html")
        assert f'href="/view_fir/{number}"' in listed.text
        assert COMPLAINT[:20] in (await http.get(f"/view_fir/{number}", headers=HEADERS)).text
        for wrong, status in (("FIR-00000000-20250307143000", 404), ("x", 400)):
            page = await http.get(f"/view_fir/{wrong}", headers=HEADERS)
            assert (page.status_code, 'role="alert"' in page.text) == (status, True)


async def test_counts_as_json_and_for_prometheus(installation: Installation) -> None:
    async with installation.client() as http:
        await number_of_a_form(http)
        await Client(http).begin()
        counts = (await http.get("/metrics", headers=HEADERS)).json()
        assert counts["sessions"] == {"awaiting_validation": 2}
        assert counts["firs"] == {"pending": 1}
        assert counts["rate_limiter"] == {"requests": 1000, "window_s": 60}
        for accept in ("text/plain", "application/openmetrics-text"):
            text = await http.get("/metrics", headers=HEADERS | {"accept": accept})
            assert 'afirgen_sessions{status="awaiting_validation"} 2' in text.text
            assert text.headers["content-type"].startswith("text/plain")


async def test_a_part_that_fails_again_and_again_rests_until_it_is_reset(installation: Installation) -> None:
    installation.pipeline.read = broken  # type: ignore[method-assign, assignment]
    files = {"audio": ("a.ogg", (SAMPLES / "spoken-snatching.ogg").read_bytes(), "audio/ogg")}
    async with installation.client() as http:
        for _ in range(5):
            failed = (await http.post("/process", files=files, headers=HEADERS)).json()
            assert (failed["success"], failed["steps"]) == (False, [])
        told = (await http.get("/reliability", headers=HEADERS)).json()
        assert set(told["circuit_breakers"]) == PARTS
        assert told["circuit_breakers"]["asr_ocr_server"] == {"state": "open", "failures": 5}
        assert (await http.get("/health")).json()["reliability"]["circuit_breakers"]["asr_ocr_server"] == "open"
        resting = (await http.post("/process", files=files, headers=HEADERS)).json()
        assert "rests" in resting["error"]
        path = "/reliability/circuit-breaker/{}/reset"
        reset = await http.post(path.format("asr_ocr_server"), headers=HEADERS)
        assert reset.json()["status"] == "closed"
        assert (await http.post(path.format("poem"), headers=HEADERS)).status_code == 404


async def test_recovery_asks_the_database_and_loads_models_that_failed(installation: Installation) -> None:
    asked = []

    async def switch(role: str, model: str) -> EngineStatus:
        asked.append((role, model))
        return EngineStatus(role=role, model=model, state=EngineState.READY)

    installation.models.switch = switch  # type: ignore[method-assign]
    path = "/reliability/auto-recovery/{}/trigger"
    async with installation.client() as http:
        for part in ("database", "model_server"):
            answer = (await http.post(path.format(part), headers=HEADERS)).json()
            assert (answer["success"], answer["status"]) == (True, "healthy")
        assert asked == []
        installation.models.state = EngineState.FAILED
        for part in ("asr_ocr_server", "model_server"):
            await http.post(path.format(part), headers=HEADERS)
        assert asked == [("llm", "none")]
        assert (await http.post(path.format("poem"), headers=HEADERS)).status_code == 404


async def test_a_recording_or_page_is_read_alone_and_not_stored(installation: Installation) -> None:
    sound = (SAMPLES / "spoken-snatching.ogg").read_bytes()
    scan = (SAMPLES / "scanned-fraud.png").read_bytes()
    async with installation.client() as http:
        heard = await http.post("/asr", files={"audio": ("a.ogg", sound, "audio/ogg")}, headers=HEADERS)
        assert heard.json() == {"success": True, "transcript": COMPLAINT, "error": None}
        read = await http.post("/ocr", files={"image": ("a.png", scan, "image/png")}, headers=HEADERS)
        assert read.json() == {"success": True, "extracted_text": COMPLAINT, "error": None}
        assert (await Client(http).call("GET", "/cases"))["cases"] == []
        swapped = await http.post("/asr", files={"audio": ("a.png", scan, "image/png")}, headers=HEADERS)
        assert swapped.status_code == 415
        nothing = await http.post("/ocr", files={"image": ("a.png", b"\x00" * 60, "image/png")}, headers=HEADERS)
        assert nothing.status_code == 415

        installation.pipeline.read = broken  # type: ignore[method-assign, assignment]
        failed = await http.post("/asr", files={"audio": ("a.ogg", sound, "audio/ogg")}, headers=HEADERS)
        assert failed.json() == {
            "success": False,
            "transcript": None,
            "error": "The speech engine failed on this recording.",
        }


async def test_a_field_takes_only_its_own_kind_whatever_the_name_says(installation: Installation) -> None:
    sound = (SAMPLES / "spoken-snatching.ogg").read_bytes()
    scan = (SAMPLES / "scanned-fraud.png").read_bytes()
    async with installation.client() as http:
        wrong = [
            {"audio": ("a.ogg", scan, "audio/ogg")},
            {"image": ("a.png", sound, "image/png")},
            {"image": ("complaint", COMPLAINT.encode(), "image/png")},
        ]
        for files in wrong:
            refused = await http.post("/process", files=files, headers=HEADERS)
            assert (refused.status_code, refused.json()["error_code"]) == (415, "unsupported_media")
        assert (await Client(http).call("GET", "/cases"))["cases"] == []


async def test_what_is_said_when_a_step_is_not_approved_is_on_record(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        body = {"session_id": case, "approved": False, "user_input": "Ask her again about the time."}
        kept = (await http.post("/validate", json=body, headers=HEADERS)).json()
        assert (kept["current_step"], kept["content"]["transcript"]) == ("transcript_review", COMPLAINT)
        last = (await client.call("GET", f"/cases/{case}/audit"))["entries"][-1]
        assert (last["action"], last["details"]["note"]) == ("step.kept", "Ask her again about the time.")
