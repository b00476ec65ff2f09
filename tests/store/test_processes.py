"""Several processes write at once, and one is killed in the middle: the chain stays whole."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from afirgen.store.database import Database
from afirgen.store.migrate import upgrade
from afirgen.store.originals import Originals
from afirgen.store.verify import Verdict, verify

_PROGRAM = """
import asyncio, sys
from afirgen.case.session import Step
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from tests.store.kit import DRAFTED, SOURCE, ACCEPTED, NOW, fir, version

async def work(url, rounds):
    database = Database(url)
    store = CaseStore(database)
    for number in range(rounds):
        case = await store.create(SOURCE, ACCEPTED, language=None, reported_on=NOW)
        await store.add_version(case.id, version(Step.FINAL), DRAFTED, fir=fir())
        print(case.id, flush=True)
    await database.close()

asyncio.run(work(sys.argv[1], int(sys.argv[2])))
"""
_ROOT = Path(__file__).parents[2]


def start(url: str, rounds: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _PROGRAM, url, str(rounds)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own


def look(url: str, folder: Path) -> Verdict:
    async def run() -> Verdict:
        database = Database(url)
        try:
            return await verify(database, Originals(folder))
        finally:
            await database.close()

    return asyncio.run(run())


def records(verdict: Verdict) -> list[str]:
    """Return the faults but for the originals, which these programs do not store."""
    return [fault.record for fault in verdict.faults if not fault.record.startswith("original:")]


def test_processes_that_write_at_once_make_one_chain(empty_url: str, tmp_path: Path) -> None:
    upgrade(empty_url)
    programs = [start(empty_url, 30) for _ in range(3)]
    for program in programs:
        program.communicate(timeout=120)
    assert [program.returncode for program in programs] == [0, 0, 0]
    verdict = look(empty_url, tmp_path)
    assert (records(verdict), verdict.entries, verdict.records) == ([], 180, 270)


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_process_killed_in_the_middle_leaves_a_whole_chain(empty_url: str, tmp_path: Path, lines: int) -> None:
    upgrade(empty_url)
    program = start(empty_url, 1_000_000)
    assert program.stdout is not None
    said = [program.stdout.readline().strip() for _ in range(lines)]
    program.send_signal(signal.SIGKILL)
    said += program.stdout.read().split()
    program.wait()
    verdict = look(empty_url, tmp_path)
    assert records(verdict) == []
    assert verdict.records >= 3 * len(said)
