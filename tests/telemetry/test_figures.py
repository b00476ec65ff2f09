"""Figures: one registry for Prometheus, and lines for CloudWatch where they are wanted."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from afirgen.errors import EngineFailureError, StorageError
from afirgen.inference.worker import EngineWorker
from afirgen.store.database import Database
from afirgen.telemetry import emf, metrics, steps
from afirgen.telemetry.metrics import REGISTRY, exposition


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    out = io.StringIO()
    emf.turn_on("prod", out)
    yield out
    emf.turn_off()


def written(log: io.StringIO) -> list[dict[str, Any]]:
    emf.turn_off()
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_nothing_is_written_where_it_is_not_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.BACKUP_FAILURES.add()
    emf.turn_off()
    assert capsys.readouterr().out == ""


def test_a_line_is_what_cloudwatch_asks_for(log: io.StringIO) -> None:
    metrics.AUTH_FAILURES.add()
    metrics.AUTH_FAILURES.add()
    metrics.REQUEST_SECONDS.note(0.25, "/list_firs")
    metrics.REQUEST_SECONDS.note(0.5, "/fir/{number}")
    (line,) = written(log)
    about = line["_aws"]["CloudWatchMetrics"][0]
    assert about["Namespace"] == "AFIRGen"
    assert about["Dimensions"] == [["Environment"]]
    assert line["Environment"] == "prod"
    units = {figure["Name"]: figure["Unit"] for figure in about["Metrics"]}
    assert units["AuthenticationFailures"] == "Count"
    assert units["RequestSeconds"] == "Seconds"
    assert line["AuthenticationFailures"] == 2
    assert line["RequestSeconds"] == [0.25, 0.5]
    assert set(units) <= set(line)
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000


def test_a_line_holds_a_hundred_values_and_loses_none(log: io.StringIO) -> None:
    for number in range(250):
        metrics.REQUEST_SECONDS.note(number, "/x")
    found = [line["RequestSeconds"] for line in written(log)]
    assert [len(part) for part in found] == [100, 100, 50]
    assert [value for part in found for value in part] == list(range(250))


def test_levels_are_asked_for_when_a_line_is_written(log: io.StringIO) -> None:
    waiting = 3
    metrics.QUEUE.of(lambda: waiting)
    metrics.READY.of(lambda: 1.0)
    (line,) = written(log)
    assert (line["Queue"], line["Ready"]) == (3, 1.0)
    assert "afirgen_queue 3.0" in exposition()
    metrics.QUEUE.of(lambda: 0)
    metrics.READY.of(lambda: 0)


def test_a_draft_is_the_sum_of_its_steps_in_the_machine(log: io.StringIO) -> None:
    before = {step: value("afirgen_step_seconds_count", step=step) for step in ("transcript", "form")}
    with steps.case("a"), steps.step("transcript"):
        pass
    with pytest.raises(RuntimeError), steps.case("a"), steps.step("facts"):
        raise RuntimeError
    with steps.case("b"), steps.step("facts"):
        pass
    with steps.case("a"), steps.step("form"):
        pass
    for step, count in before.items():
        assert value("afirgen_step_seconds_count", step=step) == count + 1
    (line,) = written(log)
    assert (line["Complaints"], line["Firs"], line["StepFailures"]) == (1, 1, 1)
    assert len(line["StepSeconds"]) == 4
    assert len(line["DraftSeconds"]) == 1
    assert line["DraftSeconds"][0] == pytest.approx(sum(line["StepSeconds"]) - line["StepSeconds"][2], abs=1e-4)


def test_a_model_is_measured_with_its_waiting_and_its_failures() -> None:
    before = [value(f"afirgen_{name}", role="toy") for name in ("model_seconds_count", "model_failures_total")]

    async def work() -> None:
        worker = EngineWorker(role="toy", model="m", load=lambda: 1)
        worker.start()
        await worker.ready()
        assert await worker.call(lambda engine, _token: engine + 1) == 2
        with pytest.raises(EngineFailureError):
            await worker.call(lambda _engine, _token: 1 / 0)
        await asyncio.to_thread(worker.stop)

    asyncio.run(work())
    after = [value(f"afirgen_{name}", role="toy") for name in ("model_seconds_count", "model_failures_total")]
    assert after == [before[0] + 2, before[1] + 1]
    assert value("afirgen_model_wait_seconds_count", role="toy") >= 2


def test_transactions_are_measured_and_failures_counted(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("figures")
    before = [
        value("afirgen_database_seconds_count", kind="read"),
        value("afirgen_database_failures_total", kind="read"),
    ]

    async def work() -> None:
        fine = Database(f"sqlite+aiosqlite:///{folder / 'a.db'}")
        await fine.ping()
        await fine.close()
        broken = Database(f"sqlite+aiosqlite:///{folder / 'no' / 'a.db'}")
        with pytest.raises(StorageError):
            await broken.ping()
        await broken.close()

    asyncio.run(work())
    after = [
        value("afirgen_database_seconds_count", kind="read"),
        value("afirgen_database_failures_total", kind="read"),
    ]
    assert after == [before[0] + 2, before[1] + 1]


def test_the_text_for_prometheus_has_every_figure_once() -> None:
    names = [line.split()[2] for line in exposition().splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    for name in ("afirgen_requests_total", "afirgen_step_seconds", "afirgen_queue", "afirgen_backup_failures_total"):
        assert name in names
