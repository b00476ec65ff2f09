"""The whole flow of earlier installations, by a client that knows only their API, on the starter models."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.earlier_client import STEPS, EarlierClient
from tests.web.browsers import as_wave
from tests.web.program import running_program

pytestmark = [pytest.mark.models, pytest.mark.timeout(1800)]
SAMPLES = Path(__file__).parents[2] / "samples"
AUTH_KEY = "the key of this station"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("station")
    with running_program(folder, model_dir, AFIRGEN_FIR_AUTH_KEY=AUTH_KEY) as started:
        yield started


@pytest.fixture
def client(program: tuple[str, str]) -> Iterator[EarlierClient]:
    made = EarlierClient(*program)
    yield made
    made.close()


def test_from_a_typed_complaint_to_a_finalized_fir(client: EarlierClient) -> None:
    complaint = (SAMPLES / "typed-theft.txt").read_text(encoding="utf-8")
    session = client.process_text(complaint)["session_id"]
    assert client.status(session)["awaiting_validation"] is True
    kept = client.validate(session, approved=False)
    assert kept["current_step"] == "transcript_review"

    summary = client.validate(session)
    assert {"summary", "original_transcript"} <= set(summary["content"])
    again = client.regenerate(session, "summary_review", "Only what the informant saw.")
    assert (again["step"], set(again["content"]) >= {"summary"}) == ("summary_review", True)

    sections = client.validate(session)
    assert {"violations", "summary"} <= set(sections["content"])
    assert all({"db", "section", "text"} <= set(v) for v in sections["content"]["violations"])
    chosen = client.validate(session, user_input="BNS 303(2)")
    assert chosen["content"]["fir_narrative"]

    final = client.validate(session)
    number = final["content"]["fir_number"]
    assert re.fullmatch(r"FIR-[a-f0-9]{8}-\d{14}", number)
    assert "303(2)" in final["content"]["fir_content"]
    done = client.validate(session)
    assert (done["completed"], done["requires_validation"]) == (True, False)
    assert [step["current_step"] for step in (summary, sections, chosen, final)] == STEPS[1:]
    assert client.status(session)["status"] == "completed"

    assert client.fir(number)["status"] == "pending"
    assert client.fir(number, "/content")["content"] == final["content"]["fir_content"]
    assert client.list_firs()["records"][0]["fir_number"] == number
    assert number in client.page("/view_fir_records")
    assert "303(2)" in client.page(f"/view_fir/{number}")
    assert client.authenticate(number, "not the right key").status_code == 401
    assert client.authenticate(number, AUTH_KEY).json()["success"] is True
    assert client.fir(number)["status"] == "finalized"
    assert client.authenticate(number, AUTH_KEY).status_code == 400


def test_a_recording_and_a_scan_become_transcripts(client: EarlierClient, tmp_path: Path) -> None:
    as_wave(SAMPLES / "spoken-snatching.ogg", tmp_path / "spoken.wav")
    sound, scan = (tmp_path / "spoken.wav").read_bytes(), (SAMPLES / "scanned-fraud.png").read_bytes()
    spoken = client.process_file("audio", "spoken.wav", sound, "audio/wav")
    assert (spoken["steps"], "chain" in spoken["content_for_validation"]["transcript"]) == (["asr_done"], True)
    written = client.process_file("image", "scan.png", scan, "image/png")
    assert (written["steps"], len(written["content_for_validation"]["transcript"]) > 100) == (["ocr_done"], True)
    heard = client.side("/asr", "audio", "spoken.wav", sound, "audio/wav")
    assert (heard["success"], heard["error"], "chain" in heard["transcript"]) == (True, None, True)
    read = client.side("/ocr", "image", "scan.png", scan, "image/png")
    assert (read["success"], read["error"]) == (True, None)
    assert read["extracted_text"] == written["content_for_validation"]["transcript"]


def test_what_a_monitor_asks(client: EarlierClient, program: tuple[str, str]) -> None:
    health = httpx.get(f"{program[0]}/health").json()
    assert health["status"] == "healthy"
    assert {"model_server", "asr_ocr_server", "database", "kb_collections", "kb_cache_size"} <= set(health)
    assert set(health["reliability"]) == {"circuit_breakers", "graceful_shutdown", "health_monitor"}
    assert {"timestamp", "sessions", "firs", "rate_limiter"} <= set(client.get("/metrics"))
    told = client.get("/reliability")
    assert set(told["circuit_breakers"]) == {"model_server", "asr_ocr_server", "database"}
    assert {"auto_recovery", "uptime_target", "max_downtime_per_month"} <= set(told)
