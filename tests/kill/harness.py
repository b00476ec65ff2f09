"""Officers at work while the program is killed, and what has to hold afterwards."""

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from afirgen.case.session import Step
from afirgen.jobs.machine import STOPPED_OFTEN
from afirgen.store.database import Database
from afirgen.store.migrate import upgrade
from afirgen.store.originals import Originals
from afirgen.store.tables import cases, fir_records, jobs, step_versions
from afirgen.store.verify import verify
from tests.web.installation import AUTH_KEY, COMPLAINT, HEADERS

_ROOT = Path(__file__).parents[2]
_STEPS = [step.value for step in Step]
_READY_S = 60
_LONGEST_LIFE_S = 0.8
_COME_AGAIN_S = 1.0


class Program:
    """The served program in processes of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        command = [sys.executable, "-m", "tests.kill.program", url, str(folder), str(self.port)]
        self._log = (folder / "log").open("ab")
        self._starter = subprocess.Popen(  # noqa: S603 - our own
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self._process = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert self._starter.stdin is not None
        assert self._starter.stdout is not None
        self._starter.stdin.write("start\n")
        self._starter.stdin.flush()
        self._process = int(self._starter.stdout.readline())

    def kill(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        while Path(f"/proc/{self._process}").exists():
            time.sleep(0.005)

    def close(self) -> None:
        if Path(f"/proc/{self._process}").exists():
            self.kill()
        self._starter.stdin.close()  # type: ignore[union-attr] # it is a pipe
        self._starter.wait(30)
        self._log.close()


@dataclass
class Ledger:
    """What the program has answered, and so has to keep: the step of each case, and each registered number.

    ``interrupted`` counts the calls that a kill has cut off, ``given_up`` the steps that officers asked for again
    because the program was killed too often while it worked on them, ``sent_away`` the complaints that were to come
    again later.
    """

    reached: dict[str, int] = field(default_factory=dict)
    registered: dict[str, str] = field(default_factory=dict)
    interrupted: int = 0
    given_up: int = 0
    sent_away: int = 0


class Officer:
    """Takes complaints from the first word to the register, and takes up again what a kill has interrupted."""

    def __init__(self, http: httpx.AsyncClient, ledger: Ledger, chance: random.Random) -> None:
        self._http = http
        self._ledger = ledger
        self._chance = chance
        self.case: str | None = None

    async def work(self) -> None:
        """Go on for ever."""
        while True:
            try:
                await self._one()
            except httpx.TransportError as err:
                # One that did not even connect was not begun.
                self._ledger.interrupted += not isinstance(err, httpx.ConnectError)
                await asyncio.sleep(0.05)

    async def finish(self) -> None:
        """Bring the case at hand to its end."""
        while self.case is not None:
            await self._one()

    async def _one(self) -> None:
        if self.case is None:
            self.case = await self._hand_in()
        number = await self._review(self.case)
        await self._register(number)
        self.case = None

    async def _hand_in(self) -> str:
        """Hand in a complaint, again a moment later while the program has its places full of what kills have left."""
        text = f"{COMPLAINT} Diary number {self._chance.randrange(10**9)}."
        while (answer := await self._http.post("/process", data={"text": text})).status_code == 503:
            assert answer.json()["error_code"] == "overloaded", answer.text
            self._ledger.sent_away += 1
            await asyncio.sleep(_COME_AGAIN_S)
        assert answer.status_code == 200, answer.text
        case = str(answer.json()["session_id"])
        self._ledger.reached[case] = 0
        return case

    async def _review(self, case: str) -> str:
        """Approve step after step; return the number of the form."""
        while True:
            status = await self._call("GET", f"/session/{case}/status")
            at = _STEPS.index(status["current_step"])
            assert at >= self._ledger.reached[case], f"{case} has gone back to {status['current_step']}"
            if status["error"] == STOPPED_OFTEN:
                await self._call("POST", f"/api/v1/cases/{case}/retry", expected=202)
                self._ledger.given_up += 1
                continue
            assert status["status"] in {"processing", "awaiting_validation", "completed"}, status
            if status["status"] == "completed":
                return str((await self._call("GET", f"/api/v1/cases/{case}"))["case"]["fir_number"])
            if status["status"] == "processing":
                await asyncio.sleep(0.02)
                continue
            answer = await self._http.post("/validate", json={"session_id": case, "approved": True})
            if answer.status_code == 200:
                self._ledger.reached[case] = _STEPS.index(answer.json()["current_step"])

    async def _register(self, number: str) -> None:
        answer = await self._http.post("/authenticate", json={"fir_number": number, "auth_key": AUTH_KEY})
        body = answer.json() if answer.status_code == 200 else await self._call("GET", f"/fir/{number}")
        assert re.fullmatch(r"\d+/\d{4}", body["register_number"] or ""), body
        self._ledger.registered[number] = body["register_number"]

    async def _call(self, method: str, path: str, *, expected: int = 200, **more: Any) -> dict[str, Any]:
        answer = await self._http.request(method, path, **more)
        assert answer.status_code == expected, (path, answer.status_code, answer.text)
        body: dict[str, Any] = answer.json()
        return body


async def kill_again_and_again(url: str, folder: Path, *, kills: int, officers: int, seed: int) -> Ledger:
    """Kill the program at random moments of the work, let everything be finished, and check what is kept.

    Raises:
        AssertionError: Something that was answered is lost, doubled or changed.
    """
    upgrade(url)
    chance = random.Random(seed)
    ledger, program = Ledger(), Program(url, folder)
    try:
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=program.address, headers=HEADERS, timeout=60, limits=limits) as http:
            desk = [Officer(http, ledger, chance) for _ in range(officers)]
            tasks = [asyncio.create_task(officer.work()) for officer in desk]
            for number in range(kills):
                await asyncio.to_thread(program.start)
                # One in eight does not even live to listen.
                if number % 8:
                    await _listening(http, tasks)
                await asyncio.sleep(chance.uniform(0, _LONGEST_LIFE_S))
                await asyncio.to_thread(program.kill)
            for task in tasks:
                task.cancel()
            _look_at(await asyncio.gather(*tasks, return_exceptions=True))
            await asyncio.to_thread(program.start)
            await _listening(http, [])
            await asyncio.gather(*(officer.finish() for officer in desk))
            await check(url, folder, ledger)
    finally:
        program.close()
    return ledger


async def check(url: str, folder: Path, ledger: Ledger) -> None:
    """Compare what is kept with what was answered; wait for the jobs that are still open."""
    database = Database(url)
    try:
        await _jobs_done(database)
        kept = {row.id: row for row in await database.fetch(select(cases))}
        firs = (await database.fetch(select(fir_records))).all()
        numbered = select(step_versions.c.case_id, step_versions.c.step, step_versions.c.version)
        versions = (await database.fetch(numbered)).all()
        verdict = await verify(database, Originals(folder / "originals"))
    finally:
        await database.close()
    assert verdict.faults == (), verdict.faults[:5]
    assert set(ledger.reached) <= set(kept), "an accepted complaint is lost"
    assert "processing" not in {row.status for row in kept.values()}
    assert max(Counter(fir.session_id for fir in firs).values()) == 1, "a case has two numbers"
    assert max(Counter(fir.fir_number for fir in firs).values()) == 1, "two cases have one number"
    given = {fir.fir_number: f"{fir.register_number}/{fir.register_year}" for fir in firs if fir.status == "finalized"}
    assert ledger.registered.items() <= given.items(), "a registered number was changed"
    by_year = Counter(entry.split("/")[1] for entry in given.values())
    expected = {f"{number}/{year}" for year, count in by_year.items() for number in range(1, count + 1)}
    assert set(given.values()) == expected, "the register has a gap"
    newest: dict[tuple[str, str], list[int]] = {}
    for case, step, version in versions:
        newest.setdefault((case, step), []).append(version)
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in newest.values())


async def _jobs_done(database: Database) -> None:
    query = select(func.count()).where(jobs.c.state.in_(("queued", "running")))
    end = time.monotonic() + _READY_S
    while True:
        waiting = (await database.fetch(query)).scalar_one()
        if not waiting:
            return
        assert time.monotonic() < end, f"{waiting} jobs are not done"
        await asyncio.sleep(0.1)


async def _listening(http: httpx.AsyncClient, tasks: list["asyncio.Task[None]"]) -> None:
    end = time.monotonic() + _READY_S
    while time.monotonic() < end:
        _look_at([task.exception() for task in tasks if task.done()])
        try:
            await http.get("/live")
        except httpx.TransportError:
            await asyncio.sleep(0.02)
        else:
            return
    raise AssertionError("the program did not start")


def _look_at(ends: list[Any]) -> None:
    """Raise what an officer has found wrong."""
    for end in ends:
        if isinstance(end, Exception):
            raise end
