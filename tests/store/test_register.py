"""The register's numbers have no gap and no double, whoever registers at the same moment."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from afirgen.case.audit import Action, Event
from afirgen.case.fir import RegisterEntry
from afirgen.case.session import Step
from afirgen.errors import StepConflictError
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.firs import FirStore
from afirgen.store.migrate import downgrade, upgrade
from afirgen.store.originals import Originals
from afirgen.store.register import next_number
from afirgen.store.verify import verify
from tests.store.conftest import run_on
from tests.store.kit import DRAFTED, FINALIZED, OFFICER, ORIGINAL, SOURCE, fir, new_case, version

pytestmark = pytest.mark.anyio


async def drafted(database: Database, count: int) -> list[str]:
    """Return the numbers of drafted FIRs."""
    store = CaseStore(database)
    texts = [fir() for _ in range(count)]
    for text in texts:
        case = (await new_case(store)).id
        await store.add_version(case, version(Step.FINAL), DRAFTED, fir=text, fir_number=text.number)
    return [text.number for text in texts]


async def test_firs_registered_at_once_by_two_programs_get_numbers_without_a_gap(
    database: Database, empty_url: str, tmp_path: Path
) -> None:
    other = Database(empty_url)
    numbers = await drafted(database, 16)
    stores = (FirStore(database, "Vijay Nagar"), FirStore(other, "Vijay Nagar"))
    # Each is asked for twice, once in each program.
    asked = [store.finalize(number, FINALIZED) for number in numbers for store in stores]
    given = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, StepConflictError) for answer in given) == 16
    entries = [answer for answer in given if isinstance(answer, RegisterEntry)]
    assert sorted(entry.number for entry in entries) == list(range(1, 17))
    kept = [(await stores[0].get(number)).register for number in numbers]
    assert sorted(map(str, kept)) == sorted(map(str, entries))
    Originals(tmp_path).put(ORIGINAL, SOURCE.sha256)
    assert (await verify(database, Originals(tmp_path))).faults == ()
    await other.close()


async def test_a_registration_that_is_undone_leaves_no_gap(database: Database) -> None:
    first, second = await drafted(database, 2)
    firs = FirStore(database)
    unwritable = Event(actor=OFFICER, action=Action.FIR_FINALIZED, details={"no JSON": object()})
    with pytest.raises(TypeError):
        await firs.finalize(first, unwritable)
    assert (await firs.get(first)).register is None
    assert (await firs.finalize(second, FINALIZED)).number == 1
    assert (await firs.finalize(first, FINALIZED)).number == 2


async def test_each_station_counts_for_itself_and_the_audit_log_has_the_number(database: Database) -> None:
    one, other = await drafted(database, 2)
    assert (await FirStore(database, "Vijay Nagar").finalize(one, FINALIZED)).number == 1
    assert (await FirStore(database, "Palasia").finalize(other, FINALIZED)).number == 1
    record = await FirStore(database).get(one)
    (entry,) = [e for e in await AuditLog(database).of_case(record.session_id or "") if e.action == "fir.finalized"]
    assert f'"register":"{record.register}"' in entry.payload
    assert (await FirStore(database).finalized([one, "FIR-00000000-20250101000000"])) == {one: record.register}


async def test_the_register_begins_anew_at_midnight_in_india(database: Database) -> None:
    moments = [datetime(2025, 12, 31, 18, minute, tzinfo=UTC) for minute in (0, 29, 30, 59)]
    given = [
        str(await database.write(lambda connection, at=moment: next_number(connection, "Palasia", at)))  # type: ignore[misc]
        for moment in moments
    ]
    assert given == ["1/2025", "2/2025", "1/2026", "2/2026"]


async def test_a_number_changed_from_outside_is_named(database: Database, empty_url: str, tmp_path: Path) -> None:
    (number,) = await drafted(database, 1)
    await FirStore(database).finalize(number, FINALIZED)
    Originals(tmp_path).put(ORIGINAL, SOURCE.sha256)
    await asyncio.to_thread(run_on, empty_url, "UPDATE fir_records SET register_number = 7")
    year = datetime.now(ZoneInfo("Asia/Kolkata")).year
    named = [f.record for f in (await verify(database, Originals(tmp_path))).faults]
    assert named == [f"fir:{number}", f"register::{year}"]


def test_the_register_can_be_taken_off_and_put_on_again(empty_url: str) -> None:
    upgrade(empty_url)
    downgrade(empty_url, "0004")
    upgrade(empty_url)
