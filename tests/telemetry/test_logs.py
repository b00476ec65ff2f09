"""Lines of the log: JSON, with the ids of the work, and without anything personal."""

import asyncio
import json
import logging
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from afirgen.telemetry import steps, traces
from afirgen.telemetry.logs import mask_personal, set_up_logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_names_the_case_and_the_step_that_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("INFO")
    log = structlog.get_logger()

    async def work() -> None:
        with steps.case("c-1"), steps.step("facts"):
            await asyncio.to_thread(log.info, "inside")
        log.info("outside")

    asyncio.run(work())
    inside, outside = lines(capsys)
    assert (inside["case"], inside["step"], inside["level"]) == ("c-1", "facts", "info")
    assert inside["timestamp"].endswith("Z")
    assert "case" not in outside


def test_an_error_is_named_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("INFO")

    def raising() -> None:
        try:
            int("Anil Rao lost his phone")
        except ValueError as err:
            raise RuntimeError("near the bank") from err

    try:
        raising()
    except RuntimeError:
        structlog.get_logger().exception("failed")
    (line,) = lines(capsys)
    assert line["exception"].startswith("RuntimeError at ")
    assert "because of ValueError" in line["exception"]
    assert " raising" in line["exception"]
    assert "Anil" not in str(line)
    assert "bank" not in str(line)


def test_other_libraries_speak_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("INFO")
    logging.getLogger("library").warning("call %s back", "9847012345")
    logging.getLogger("library").info("not heard")
    try:
        int("Anil Rao")
    except ValueError:
        logging.getLogger("library").exception("broken")
    called, broken = lines(capsys)
    assert called["event"] == "call <number> back"
    assert called["level"] == "warning"
    assert broken["exception"].startswith("ValueError at")
    assert "Anil" not in str(broken)


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ({"event": "Mob 98470 12345"}, {"event": "Mob <number>"}),
        ({"detail": "Aadhaar 1234 5678 9012 of a@b.example.in"}, {"detail": "Aadhaar <number> of <mail>"}),
        ({"transcript": "I am Anil Rao"}, {"transcript": "<left out>"}),
        (
            {"detail": {"name": "Anil", "n": 3, "list": ["98470-12345"]}},
            {"detail": {"name": "<left out>", "n": 3, "list": ["<number>"]}},
        ),
        ({"data": b"bytes"}, {"data": "<left out>"}),
        ({"case": "12345678-1234-1234-1234-123456789012"}, {"case": "12345678-1234-1234-1234-123456789012"}),
        ({"ms": 1234567890123, "note": None}, {"ms": 1234567890123, "note": None}),
    ],
)
def test_what_is_personal_does_not_reach_the_log(entry: dict[str, Any], kept: dict[str, Any]) -> None:
    assert mask_personal(None, "info", entry) == kept


@given(st.from_regex(r"[6-9][0-9]{9}", fullmatch=True), st.sampled_from(["", " ", "-"]), st.integers(1, 9))
def test_no_phone_number_passes_however_it_is_grouped(number: str, between: str, place: int) -> None:
    written = f"call {number[:place]}{between}{number[place:]}."
    said = str(mask_personal(None, "info", {"event": written, "below": [{"deep": written}]}))
    assert number[:place] not in said or number[place:] not in said
    assert said.count("<number>") == 2


def test_without_traces_a_line_has_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("INFO")
    with traces.span("x"):
        structlog.get_logger().info("said")
    assert "trace_id" not in lines(capsys)[0]
