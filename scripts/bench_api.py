"""Time the calls that need no model, on both databases; run as ``python scripts/bench_api.py [--write]``.

A database is filled with 10,000 cases, the program is served as ``afirgen serve`` does it, and ten clients ask it at the
same time: each a tenth of a second after its last answer, and then all without a pause. Model files are not installed there, so that nothing else computes. ``--write`` puts the
figures into docs/performance.md.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy import Table, insert, select, update

from afirgen.case.audit import GENESIS, Action, Event, hash_of
from afirgen.pipeline.run import Original
from afirgen.settings import load_settings
from afirgen.store.database import Database
from afirgen.store.migrate import upgrade
from afirgen.store.tables import audit_head, audit_log, cases, fir_records, job_events, jobs, step_versions
from tests.kill.databases import databases
from tests.web.full_law import full_law
from tests.web.installation import AUTH_KEY, COMPLAINT, OFFICER, Installation

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "performance.md"
_MARKS = "<!-- bench-api: begin -->", "<!-- bench-api: end -->"
_KEY = "bench-api-key"
_PART = 200
_PAUSE_S = 0.1
_TARGETS_MS = {"SQLite": 20, "MySQL": 30}
# The tables of a case, those that others point to first.
_TABLES = (cases, step_versions, fir_records, jobs, job_events, audit_log)
Rows = dict[str, list[dict[str, Any]]]
Times = dict[str, list[float]]
Results = dict[str, dict[float, Times]]


# --- filling --------------------------------------------------------------------------------------------------


async def sample(folder: Path) -> Rows:
    """Return the rows of one case that went from its complaint to the register."""
    installation = Installation(folder)
    installation.pipeline.law = full_law(installation.pipeline.kb, COMPLAINT)
    data = COMPLAINT.encode()
    case = (await installation.reception.accept(data, Original(data=data), by=OFFICER, wait=True)).id
    number = None
    for _ in range(5):
        number = (await installation.review.approve(case, by=OFFICER)).record.fir_number
    await installation.firs.finalize(number or "", Event(actor=OFFICER, action=Action.FIR_FINALIZED))
    rows: Rows = {}
    for table in _TABLES:
        rows[table.name] = [dict(row) for row in (await installation.database.fetch(select(table))).mappings()]
    await installation.casework.close()
    await installation.database.close()
    return rows


class Copies:
    """Copies of the sample's rows under other ids, at one end of the audit chain."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._seq, self._previous = 0, GENESIS

    def one(self, number: int, *, open_: bool) -> Rows:
        """Return the rows of another case; one that is open waits for the decision on its form."""
        case, fir = _case_id(number), _fir_number(number)
        made: Rows = {
            "cases": [{**_later(self._rows["cases"][0], number), "id": case, "fir_number": fir}],
            "step_versions": [{**r, "id": None, "case_id": case} for r in self._rows["step_versions"]],
            "jobs": [
                {**_later(r, number), "id": f"{i}{case[1:]}", "case_id": case} for i, r in enumerate(self._rows["jobs"])
            ],
            "audit_log": [self._entry(r, case) for r in self._rows["audit_log"]],
        }
        ids = {old["id"]: new["id"] for old, new in zip(self._rows["jobs"], made["jobs"], strict=True)}
        made["job_events"] = [{**r, "job_id": ids[r["job_id"]]} for r in self._rows["job_events"]]
        place = {"register_number": None, "status": "pending"} if open_ else {"register_number": number + 1}
        made["fir_records"] = [
            {**self._rows["fir_records"][0], "id": None, "session_id": case, "fir_number": fir, **place}
        ]
        if open_:
            made["cases"][0]["status"] = "awaiting_validation"
        return made

    def _entry(self, row: dict[str, Any], case: str) -> dict[str, Any]:
        self._seq += 1
        entry = {**row, "seq": self._seq, "case_id": case, "previous": self._previous}
        entry["hash"] = self._previous = hash_of({k: v for k, v in entry.items() if k != "hash"})
        return entry

    @property
    def head(self) -> dict[str, Any]:
        """Where the chain ends now."""
        return {"seq": self._seq, "hash": self._previous}


def _later(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a row as of some minutes later: cases do not come all at one moment."""
    return {**row, "created_at": row["created_at"] + timedelta(minutes=number)}


def _case_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _fir_number(number: int) -> str:
    return f"FIR-{number:08x}-20250313043000"


async def fill(url: str, rows: Rows, count: int) -> None:
    """Fill a database; one case in five is still open."""
    database, copies = Database(url), Copies(rows)
    for start in range(0, count, _PART):
        made = [copies.one(number, open_=number % 5 == 0) for number in range(start, min(start + _PART, count))]
        await database.write(lambda connection, part=made: _insert(connection, part, copies.head))  # type: ignore[misc]
    await database.close()


async def _insert(connection: Any, part: list[Rows], head: dict[str, Any]) -> None:
    for table in _TABLES:
        together = [_without_empty_id(table, row) for rows in part for row in rows[table.name]]
        await connection.execute(insert(table), together)
    await connection.execute(update(audit_head).values(head))


def _without_empty_id(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in table.c and not (name == "id" and value is None)}


# --- serving --------------------------------------------------------------------------------------------------


@contextmanager
def served(url: str, folder: Path, port: int) -> Iterator[int]:
    """Serve a database with ``afirgen serve``; give the number of the process once it answers and is at rest."""
    index = load_settings().data_dir / "kb" / "index"
    if index.is_dir():
        shutil.copytree(index, folder / "kb" / "index", dirs_exist_ok=True)
    environment = os.environ | {
        "AFIRGEN_DATA_DIR": str(folder),
        "AFIRGEN_DATABASE_URL": url,
        "AFIRGEN_MODEL_DIR": str(folder / "no-models"),
        "AFIRGEN_PORT": str(port),
        "AFIRGEN_API_KEY": _KEY,
        "AFIRGEN_FIR_AUTH_KEY": AUTH_KEY,
        "AFIRGEN_RATE_LIMIT_REQUESTS": "100000000",
        "AFIRGEN_SESSION_TIMEOUT": str(10**9),
        "AFIRGEN_LOG_LEVEL": "WARNING",
    }
    with (folder / "log").open("ab") as log:
        command = [sys.executable, "-m", "afirgen", "serve", "--migrate"]
        process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait_for_rest(process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _wait_for_rest(process: "subprocess.Popen[bytes]") -> None:
    """Wait until the program has loaded everything and computes nothing for two seconds."""
    quiet = 0
    before = 0.0
    while quiet < 4:  # noqa: PLR2004 - half seconds
        time.sleep(0.5)
        if process.poll() is not None:
            sys.exit("The program did not start. Its log is in the temporary folder.")
        now = _cpu_s(process.pid)
        quiet = quiet + 1 if now - before < 0.05 and now > 1 else 0  # noqa: PLR2004 - a tenth of a core
        before = now


def _cpu_s(process: int) -> float:
    """Return the seconds of computing of a process and its children."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if process in (int(stat.parent.name), int(fields[1])):
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


# --- asking ---------------------------------------------------------------------------------------------------


class Client:
    """Asks over one connection that stays open, with little computing of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request; return the status and the body."""
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {_KEY}\r\nAccept: application/json\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lines = answer.decode("latin-1").lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        return int(lines[0].split()[1]), await self._reader.readexactly(length)


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    """Connect."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


Call = Callable[[Random, int], tuple[str, str, bytes]]


def _any(chance: Random, count: int) -> int:
    return chance.randrange(count)


def _kept(chance: Random, count: int) -> bytes:
    """Keep the step of a case that is open: a write with its entry in the audit log."""
    return f'{{"session_id": "{_case_id(chance.randrange(count // 5) * 5)}", "approved": false}}'.encode()


CALLS: dict[str, Call] = {
    "GET /list_firs": lambda _c, _n: ("GET", "/list_firs?limit=20", b""),
    "GET /list_firs, any part": lambda c, n: ("GET", f"/list_firs?limit=20&offset={_any(c, n)}", b""),
    "GET /fir/{n}": lambda c, n: ("GET", f"/fir/{_fir_number(_any(c, n))}", b""),
    "GET /fir/{n}/content": lambda c, n: ("GET", f"/fir/{_fir_number(_any(c, n))}/content", b""),
    "GET /session/{id}/status": lambda c, n: ("GET", f"/session/{_case_id(_any(c, n))}/status", b""),
    "POST /validate, kept as it is": lambda c, n: ("POST", "/validate", _kept(c, n)),
    "GET /api/v1/cases": lambda _c, _n: ("GET", "/api/v1/cases", b""),
    "GET /api/v1/cases of one status": lambda _c, _n: ("GET", "/api/v1/cases?status=awaiting_validation", b""),
    "GET /api/v1/cases/{id}": lambda c, n: ("GET", f"/api/v1/cases/{_case_id(_any(c, n))}", b""),
    "GET /api/v1/cases/{id}/audit": lambda c, n: ("GET", f"/api/v1/cases/{_case_id(_any(c, n))}/audit", b""),
    "GET /api/v1/jobs": lambda _c, _n: ("GET", "/api/v1/jobs", b""),
    "GET /health": lambda _c, _n: ("GET", "/health", b""),
}


async def drive(port: int, *, clients: int, seconds: float, count: int, pause_s: float) -> Times:
    """Let clients ask one call after the other, each from another place of the list; return the times in ms."""
    times: Times = defaultdict(list)
    end = time.perf_counter() + seconds

    async def work(number: int) -> None:
        chance = Random(number)  # noqa: S311 - no secret
        names = [*CALLS][number % len(CALLS) :] + [*CALLS][: number % len(CALLS)]
        async with client(port) as asked:
            for name in cycle(names):
                method, path, body = CALLS[name](chance, count)
                began = time.perf_counter()
                status, said = await asked.ask(method, path, body)
                took = time.perf_counter() - began
                if status != 200:  # noqa: PLR2004 - every one of these is answered so
                    sys.exit(f"{name}: {status} {said[:300]!r}")
                times[name].append(took * 1000)
                if time.perf_counter() > end:
                    return
                await asyncio.sleep(pause_s * chance.uniform(0.5, 1.5))

    await asyncio.gather(*(work(number) for number in range(clients)))
    return times


def share(values: list[float], part: float) -> float:
    """Return the value below which this part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def table(results: Results, count: int, clients: int, seconds: float) -> str:
    """Return the figures as a table of the page."""
    lines = [
        (
            f"{count:,} cases, {clients} clients, each asking again a tenth of a second after its last answer, for "
            f"{seconds:.0f} s, on {os.cpu_count()} cores for program, database and clients. Milliseconds."
        ),
        "",
        "| call | " + " | ".join(f"{kind} p50 | {kind} p95" for kind in results) + " |",
        "|---|" + "---|" * 2 * len(results),
    ]
    rows = [*CALLS, "all"]
    lines += [
        f"| {name} | {' | '.join(c for k in results for c in _cells(results[k][_PAUSE_S], name))} |" for name in rows
    ]
    for kind, by_pause in results.items():
        at_rest, flat_out = (by_pause[pause] for pause in (_PAUSE_S, 0.0))
        lines += [
            "",
            (
                f"{kind}: {_rate(at_rest, seconds)} calls a second, p95 {_cells(at_rest, 'all')[1]} ms; wanted: under "
                f"{_TARGETS_MS[kind]}. Without any pause: {_rate(flat_out, seconds)} calls a second, which is all that it can, "
                f"p50 {_cells(flat_out, 'all')[0]} and p95 {_cells(flat_out, 'all')[1]} ms."
            ),
        ]
    return "\n".join(lines)


def _cells(times: Times, name: str) -> list[str]:
    values = [v for vs in times.values() for v in vs] if name == "all" else times[name]
    return [f"{share(values, part):.1f}" for part in (0.5, 0.95)]


def _rate(times: Times, seconds: float) -> int:
    return round(sum(map(len, times.values())) / seconds)


def write(text: str) -> None:
    """Put the figures into the page."""
    page = _PAGE.read_text(encoding="utf-8")
    before, rest = page.split(_MARKS[0])
    after = rest.split(_MARKS[1])[1]
    _PAGE.write_text(f"{before}{_MARKS[0]}\n{text}\n{_MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Fill, serve, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    given = parser.parse_args()
    results: Results = {}
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder), durable=True) as urls:
        (Path(folder) / "sample").mkdir()
        rows = asyncio.run(sample(Path(folder) / "sample"))
        for number, (kind, url) in enumerate(urls.items()):
            own = Path(folder) / kind
            own.mkdir()
            upgrade(url)
            asyncio.run(fill(url, rows, given.cases))
            results[kind] = {}
            with served(url, own, port := 18300 + number):
                for pause in (_PAUSE_S, 0.0):
                    ask = partial(drive, port, clients=given.clients, count=given.cases, pause_s=pause)
                    asyncio.run(ask(seconds=2))
                    results[kind][pause] = asyncio.run(ask(seconds=given.seconds))
    text = table(results, given.cases, given.clients, given.seconds)
    print(text)
    if given.write:
        write(text)


if __name__ == "__main__":
    main()
