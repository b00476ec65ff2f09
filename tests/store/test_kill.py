"""A program that is killed at any moment of the flow loses no accepted complaint and no number, on both databases.

``AFIRGEN_TEST_KILLS`` says how often it is killed, 3 times where it is not set.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from afirgen.case.job import JobState
from afirgen.case.session import SessionStatus
from afirgen.store.verify import verify
from tests.web.installation import Installation

KILLS = int(os.environ.get("AFIRGEN_TEST_KILLS", "3"))
LEASE_S = 1.0
_ROOT = Path(__file__).parents[2]
_PROGRAM = """
import asyncio, sys
from pathlib import Path
from afirgen.case.audit import Action, Event
from afirgen.pipeline.run import Original
from tests.web.installation import COMPLAINT, OFFICER, Installation

async def flow(station):
    data = COMPLAINT.encode()
    case = (await station.reception.accept(data, Original(data=data), by=OFFICER)).id
    print("accepted", case, flush=True)
    job = await station.jobs.open_of(case)
    if job is not None:
        await station.board.ended(job.id)
    for _ in range(5):
        view = await station.review.approve(case, by=OFFICER)
    number = view.record.fir_number
    entry = await station.firs.finalize(number, Event(actor=OFFICER, action=Action.FIR_FINALIZED))
    print("registered", number, entry, flush=True)

async def work(url, folder):
    station = Installation(Path(folder), url=url, capacity=100)
    station.lease_s = 1.0
    station.open()
    await station.board.resume()
    while True:
        await asyncio.gather(*(flow(station) for _ in range(4)))

asyncio.run(work(sys.argv[1], sys.argv[2]))
"""


def killed_run(url: str, folder: Path, after_s: float) -> list[list[str]]:
    """Run the flow until it is killed; return the words of the lines that it told."""
    command = [sys.executable, "-c", _PROGRAM, url, str(folder)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as program:  # noqa: S603 - our own
        assert program.stdout is not None
        told = [program.stdout.readline()]
        assert told[0], "the program did not begin"
        time.sleep(after_s)
        program.kill()
        told += program.stdout.read().splitlines()
    # What was being told at the very end may be half a line.
    return [words for line in told if len(words := line.split()) > 1 and words[0] in {"accepted", "registered"}]


async def all_over(station: Installation) -> None:
    await station.board.resume()
    for job in await station.jobs.page(only_open=True, limit=1000):
        await station.board.ended(job.id)


def test_a_program_killed_at_random_moments_loses_nothing(empty_url: str, tmp_path: Path) -> None:
    moments = random.Random(7)
    told: list[list[str]] = []
    for _ in range(KILLS):
        told += killed_run(empty_url, tmp_path, moments.uniform(0.0, 1.5))
    asyncio.run(look(Installation(tmp_path, url=empty_url, capacity=1000), told))


async def look(station: Installation, told: list[list[str]]) -> None:
    await station.database.close()
    station.lease_s = LEASE_S
    station.open()
    await all_over(station)
    accepted = {words[1] for words in told if words[0] == "accepted" and len(words[1]) == 36}
    assert len(accepted) >= KILLS
    for case in accepted:
        record = await station.cases.get(case)
        assert record.status in {SessionStatus.AWAITING_VALIDATION, SessionStatus.COMPLETED}, record
    jobs = await station.jobs.page(limit=1000)
    assert {job.state for job in jobs} == {JobState.DONE}
    records = await station.firs.page(limit=1000, offset=0)
    numbers = [record.fir_number for record in records]
    assert len(set(numbers)) == len(numbers)
    register = sorted(record.register.number for record in records if record.register)
    assert register == list(range(1, len(register) + 1))
    kept = {record.fir_number for record in records if record.register}
    assert {words[1] for words in told if words[0] == "registered" and len(words) == 3} <= kept
    assert (await verify(station.database, station.originals)).faults == ()
    await station.casework.close()
    await station.database.close()
