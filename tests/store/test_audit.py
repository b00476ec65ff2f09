"""The chain is whole after the program's own work, and names whatever is changed from outside."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import GENESIS, canonical, hash_of
from afirgen.errors import NotFoundError, StorageError
from afirgen.store.audit import AuditLog
from afirgen.store.database import Database
from afirgen.store.export import export_case
from afirgen.store.migrate import downgrade, upgrade
from afirgen.store.verify import verify
from tests.store.kit import DRAFTED, FINALIZED, OFFICER, ORIGINAL, SOURCE, Station

pytestmark = pytest.mark.anyio


@pytest.fixture
async def station(empty_url: str, tmp_path: Path) -> AsyncIterator[Station]:
    made = Station(empty_url, tmp_path)
    await made.fill()
    yield made
    await made.database.close()


async def test_an_untouched_chain_is_whole_and_tells_who_did_what(station: Station) -> None:
    verdict = await verify(station.database, station.originals)
    assert verdict.faults == ()
    assert (verdict.entries, verdict.records, verdict.originals) == (6, 7, 1)
    entries = await AuditLog(station.database).of_case(station.case)
    assert [e.action for e in entries] == [
        "case.accepted",
        "step.drafted",
        "step.edited",
        "step.approved",
        "step.drafted",
        "fir.finalized",
    ]
    assert entries[0].previous == GENESIS
    assert [e.previous for e in entries[1:]] == [e.hash for e in entries[:-1]]
    assert {(e.actor, e.role, e.channel, e.address) for e in entries} == {
        ("A. Officer", "recording_officer", "page", "10.0.0.7")
    }
    assert json.loads(entries[2].payload)["version"] == 2


async def test_entries_can_be_checked_with_the_standard_library_alone(station: Station) -> None:
    for entry in await AuditLog(station.database).of_case(station.case):
        fields = {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "hash"}
        assert hash_of(fields) == entry.hash
        assert canonical(json.loads(entry.payload)) == entry.payload


CHANGES = {
    "UPDATE cases SET language = 'ta'": "case:{case}",
    "UPDATE cases SET status = 'completed'": "case:{case}",
    "UPDATE cases SET last_activity = '2025-01-01 00:00:00.000000'": "case:{case}",
    "UPDATE step_versions SET content = REPLACE(content, 'फ़ोन', 'फोन')": "version:{case}:transcript_review:2",
    "UPDATE step_versions SET author = 'officer' WHERE version = 1 AND step = 'final_review'": "version:{case}:final_review:1",
    "UPDATE step_versions SET note = NULL WHERE note IS NOT NULL": "version:{case}:transcript_review:1",
    "DELETE FROM step_versions WHERE version = 2": "version:{case}:transcript_review:2",
    "UPDATE fir_records SET fir_content = REPLACE(fir_content, 'क', 'ख')": "fir:{number}",
    "UPDATE fir_records SET status = 'pending', finalized_at = NULL": "fir:{number}",
    "INSERT INTO fir_records (fir_number) VALUES ('FIR-00000000-20250101000000')": "fir:FIR-00000000-20250101000000",
    "UPDATE jobs SET note = 'später'": "job:{job}",
    "UPDATE jobs SET state = 'queued'": "job:{job}",
    "UPDATE jobs SET finished_at = NULL": "job:{job}",
    "UPDATE job_events SET share = 0.5 WHERE stage IS NOT NULL": "job:{job}",
    "DELETE FROM job_events WHERE seq = 3": "job:{job}",
    "INSERT INTO job_events (job_id, seq, at, state) VALUES ('x', 1, '2025-01-01', 'done')": "job:x:events",
    "DELETE FROM jobs": "job:{job}",
    "UPDATE register_counters SET last = 2": "register:थाना:{year}",
    "DELETE FROM register_counters": "register:थाना:{year}",
    "UPDATE audit_log SET seq = seq + 1 WHERE seq = 6": "audit:7",
    "UPDATE audit_log SET actor = 'B. Officer' WHERE seq = 4": "audit:4",
    "UPDATE audit_log SET payload = REPLACE(payload, '{', '{ ') WHERE seq = 2": "audit:2",
    "UPDATE audit_log SET at = REPLACE(at, '+00:00', '+05:30') WHERE seq = 6": "audit:6",
    "UPDATE audit_log SET address = NULL WHERE seq = 1": "audit:1",
    "DELETE FROM audit_log WHERE seq = 3": "audit:4",
    "DELETE FROM audit_log WHERE seq = 6": "audit:head",
    "UPDATE audit_head SET seq = 9": "audit:head",
}


@pytest.mark.parametrize("statement", CHANGES)
async def test_a_change_from_outside_is_named(station: Station, statement: str) -> None:
    await station.change(statement)
    year = datetime.now(ZoneInfo("Asia/Kolkata")).year
    named = CHANGES[statement].format(case=station.case, number=station.number, job=station.job, year=year)
    assert named in await station.faults()


async def test_the_database_itself_refuses_to_change_what_only_grows(station: Station) -> None:
    for statement in (
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "UPDATE step_versions SET content = 'x'",
        "DELETE FROM step_versions",
    ):

        async def work(connection: AsyncConnection, sql: str = statement) -> None:
            await connection.execute(text(sql))

        with pytest.raises(StorageError):
            await station.database.write(work)
    assert await station.faults() == []


async def test_a_changed_and_a_lost_original_are_named(station: Station) -> None:
    path = station.originals.path(SOURCE.sha256)
    path.chmod(0o600)
    path.write_bytes(ORIGINAL[:-1] + b"x")
    assert await station.faults() == [f"original:{SOURCE.sha256}"]
    path.unlink()
    assert await station.faults() == [f"original:{SOURCE.sha256}"]


async def test_entries_written_at_once_make_one_chain(station: Station) -> None:
    log = AuditLog(station.database)
    made = await asyncio.gather(*(log.note(FINALIZED) for _ in range(25)))
    assert len({entry.seq for entry in made}) == 25
    assert await station.faults() == []


async def test_what_is_written_during_the_check_does_not_count(station: Station) -> None:
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await station.cases.update(station.case, DRAFTED, language="hi")

    writer = asyncio.create_task(write())
    for _ in range(5):
        assert await station.faults() == []
    stop.set()
    await writer


async def test_what_was_stored_before_the_chain_enters_it(station: Station) -> None:
    await station.database.close()
    downgrade(station.url, "0001")
    upgrade(station.url)
    station.database = Database(station.url)
    verdict = await verify(station.database, station.originals)
    assert (verdict.faults, verdict.entries, verdict.records) == ((), 6, 6)
    await station.change("UPDATE fir_records SET fir_content = 'x'")
    assert await station.faults() == [f"fir:{station.number}"]


async def test_an_export_holds_everything_with_its_hashes(station: Station) -> None:
    archive = await export_case(station.database, station.originals, station.case, OFFICER, {"fir/fir.txt": b"text"})
    with zipfile.ZipFile(BytesIO(archive)) as files:
        names = set(files.namelist())
        manifest = json.loads(files.read("manifest.json"))
        assert names == {*manifest["files"], "manifest.json"}
        for name, stated in manifest["files"].items():
            data = files.read(name)
            assert (stated["size"], stated["sha256"]) == (len(data), sha256(data).hexdigest())
        assert files.read(f"original/{SOURCE.sha256}") == ORIGINAL
        assert len(files.read("audit.jsonl").splitlines()) == 6
        texts = [files.read(name).decode() for name in names if name.startswith("versions/")]
        assert '{"text":"मेरा फ़ोन"}' in texts
    last = (await AuditLog(station.database).of_case(station.case))[-1]
    assert (last.action, last.actor) == ("case.exported", "A. Officer")
    assert await station.faults() == []
    with pytest.raises(NotFoundError):
        await export_case(station.database, station.originals, "nothing", OFFICER, {})
