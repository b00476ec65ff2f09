"""How long a backup and a restore take: makes a station with many cases, backs it up and brings it back.

Run as ``python scripts/bench_backup.py`` from the top of the project. Each case has a complaint of about 1,500
letters, five steps of which one was corrected, a form of 8 KB, an FIR, thirteen entries of the audit log and an
original of 20 KB that cannot be compressed, as a recording cannot.
"""

import argparse
import asyncio
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from afirgen.backup.run import create_backup, restore_backup  # noqa: E402 - the project is found only now
from afirgen.backup.target import Folder  # noqa: E402
from afirgen.case.audit import GENESIS, MACHINE, Action, Entry, Event, link  # noqa: E402
from afirgen.case.session import Step  # noqa: E402
from afirgen.store.database import Database  # noqa: E402
from afirgen.store.migrate import upgrade  # noqa: E402
from afirgen.store.originals import Originals  # noqa: E402
from afirgen.store.raw import case_key, fir_key, row_hash, version_key  # noqa: E402

_WORDS = "complaint station motorcycle बैंक के पास stolen mobile phone yesterday evening police officer said that".split()
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_KEY = "a random text of the bench, long enough"
_RECORDING, _FORM, _TEXT = 20_000, 8_000, 1_500
Row = dict[str, str | None]


class Station:
    """Writes cases straight into the tables, with the hashes that the program would give them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "afirgen.db"
        self.url = f"sqlite+aiosqlite:///{self.file}"
        self.originals = Originals(folder / "originals")
        self._random = random.Random(1)  # noqa: S311 - the same at each run
        self._previous, self._seq, self._versions = GENESIS, 0, 0

    def fill(self, cases: int) -> None:
        """Make the cases."""
        upgrade(self.url)
        with closing(sqlite3.connect(self.file)) as database:
            for number in range(cases):
                self._case(database, number)
            head = {"seq": self._seq, "hash": self._previous}
            database.execute("UPDATE audit_head SET seq = :seq, hash = :hash", head)
            database.commit()

    def _case(self, database: sqlite3.Connection, number: int) -> None:
        case = str(UUID(int=self._random.getrandbits(128), version=4))
        at = f"{_BEGIN + timedelta(minutes=number):%Y-%m-%d %H:%M:%S}.000000"
        rows = list(self._rows(case, number, at))
        for table, _, row in rows:
            columns = ", ".join(row)
            places = ", ".join(f":{name}" for name in row)
            database.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", row)  # noqa: S608 - own names
        for place, (_, key, row) in enumerate(rows):
            self._enter(database, case, {key: row_hash(row)}, Action.STEP_DRAFTED)
            if place:
                self._enter(database, case, {}, Action.STEP_APPROVED)

    def _rows(self, case: str, number: int, at: str) -> Iterator[tuple[str, str, Row]]:
        recording = self._random.randbytes(_RECORDING)
        original = sha256(recording).hexdigest()
        path = self.originals.path(original)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(recording)
        source = json.dumps({"kind": "audio", "media_type": "audio/ogg", "sha256": original, "size": _RECORDING})
        times = dict.fromkeys(("reported_on", "created_at", "last_activity"), at)
        row: Row = {"id": case, "status": "completed", "step": Step.FINAL.value, "original": original, "source": source}
        fir = f"FIR-{number:08x}-20250101000000"
        yield "cases", case_key(case), row | times | {"language": "en", "fir_number": fir}
        for step, version, length in [(step, 1, _TEXT) for step in Step] + [(Step.NARRATIVE, 2, _FORM)]:
            self._versions += 1
            content = json.dumps({"text": self._text(length)}, ensure_ascii=False)
            row = {"id": str(self._versions), "case_id": case, "step": step.value, "version": str(version)}
            row |= {"author": "machine", "content": content, "models": '["m"]', "created_at": at}
            yield "step_versions", version_key(case, step.value, version), row
        row = {"id": str(number + 1), "fir_number": fir, "session_id": case, "complaint_text": self._text(_TEXT)}
        row |= {"fir_content": self._text(_FORM), "violations_json": "[]", "status": "finalized", "created_at": at}
        yield "fir_records", fir_key(fir), row

    def _text(self, length: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=length // 7))

    def _enter(self, database: sqlite3.Connection, case: str, records: dict[str, str], action: Action) -> None:
        self._seq += 1
        event = Event(actor=MACHINE, action=action)
        entry: Entry = link(event, seq=self._seq, previous=self._previous, at=_BEGIN, case_id=case, records=records)
        self._previous = entry.hash
        row = msgspec.structs.asdict(entry)
        places = ", ".join(f":{name}" for name in row)
        database.execute(f"INSERT INTO audit_log ({', '.join(row)}) VALUES ({places})", row)  # noqa: S608 - own names


async def measure(station: Station, folder: Path) -> None:
    """Back up, bring back, and print how long each took."""
    target, database = Folder(folder / "backups"), Database(station.url)
    begun = time.perf_counter()
    made = await create_backup(database, station.originals, target, _KEY, station.folder)
    backed_up = time.perf_counter() - begun
    await database.close()
    (folder / "new").mkdir()
    begun = time.perf_counter()
    _, verdict = await restore_backup(
        target,
        made.name,
        _KEY,
        url=f"sqlite+aiosqlite:///{folder / 'new' / 'afirgen.db'}",
        originals=Originals(folder / "new" / "originals"),
        data=folder / "new",
    )
    restored = time.perf_counter() - begun
    kept = station.file.stat().st_size / 2**20
    print(
        f"{made.manifest.cases} cases, {verdict.records} records, {verdict.entries} audit entries, database {kept:.0f} MiB"
    )
    print(f"backed up and checked: {backed_up:6.1f} s, {made.size / 2**20:.0f} MiB")
    print(f"restored and verified: {restored:6.1f} s")


def main() -> None:
    """Make the station and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=10_000)
    cases = options.parse_args().cases
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        (folder / "station").mkdir()
        station = Station(folder / "station")
        station.fill(cases)
        asyncio.run(measure(station, folder))


if __name__ == "__main__":
    main()
