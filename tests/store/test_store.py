import asyncio
import sqlite3
from pathlib import Path

import pytest

from afirgen.case.session import FirStatus, SessionStatus, Step
from afirgen.errors import NotFoundError, StepConflictError, StorageError
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.firs import FirStore, new_fir_number
from afirgen.store.migrate import current, head, upgrade
from afirgen.store.originals import Originals
from tests.store.kit import DRAFTED, FINALIZED, NOW, fir, new_case, version

pytestmark = pytest.mark.anyio


async def test_a_case_comes_back_as_it_was_stored(database: Database) -> None:
    store = CaseStore(database)
    record = await new_case(store, language="hi")
    found = await store.get(record.id)
    assert found == record
    assert found.reported_on == NOW
    assert found.reported_on.tzinfo is not None
    with pytest.raises(NotFoundError):
        await store.get("nothing")


async def test_versions_are_numbered_and_never_changed(database: Database) -> None:
    store = CaseStore(database)
    case = (await new_case(store)).id
    first = '{"text": "मेरा नाम 🙂"}'
    assert await store.add_version(case, version(Step.TRANSCRIPT, first), DRAFTED) == 1
    edit = version(Step.TRANSCRIPT, author="officer")
    assert await store.add_version(case, edit, DRAFTED, status="awaiting_validation") == 2
    assert await store.add_version(case, version(Step.SUMMARY), DRAFTED) == 1
    history = await store.history(case)
    assert [(v.step, v.version, v.author) for v in history] == [
        (Step.TRANSCRIPT, 1, "machine"),
        (Step.TRANSCRIPT, 2, "officer"),
        (Step.SUMMARY, 1, "machine"),
    ]
    assert history[0].content == first.encode()
    assert (await store.newest(case))[Step.TRANSCRIPT].version == 2
    assert (await store.get(case)).status is SessionStatus.AWAITING_VALIDATION


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    store = CaseStore(database)
    with pytest.raises(StorageError):
        await store.add_version("no-such-case", version(Step.SUMMARY), DRAFTED, fir=fir())
    assert await store.history("no-such-case") == ()
    assert await FirStore(database).page(limit=10, offset=0) == ()


async def test_a_long_form_in_any_script_is_kept_whole(database: Database) -> None:
    store = CaseStore(database)
    case = (await new_case(store)).id
    long = "घटना का विवरण 🙂 " * 20_000
    text = fir(content=long)
    await store.add_version(case, version(Step.FINAL), DRAFTED, fir=text)
    assert (await FirStore(database).get(text.number)).content == long


async def test_firs_are_listed_newest_first_and_finalized_once(database: Database) -> None:
    firs, store = FirStore(database), CaseStore(database)
    case = (await new_case(store)).id
    numbers = [new_fir_number(NOW) for _ in range(3)]
    for number in numbers:
        await store.add_version(case, version(Step.FINAL), DRAFTED, fir=fir(number))
    await store.add_version(case, version(Step.FINAL), DRAFTED, fir=fir(numbers[0], "newer"))
    assert [r.fir_number for r in await firs.page(limit=2, offset=0)] == numbers[:0:-1]
    await firs.finalize(numbers[0], FINALIZED)
    record = await firs.get(numbers[0])
    assert (record.status, record.content, record.session_id) == (FirStatus.FINALIZED, "newer", case)
    await store.add_version(case, version(Step.FINAL), DRAFTED, fir=fir(numbers[0], "too late"))
    assert (await firs.get(numbers[0])).content == "newer"
    with pytest.raises(StepConflictError):
        await firs.finalize(numbers[0], FINALIZED)


async def test_of_many_who_finalize_at_once_one_does(database: Database) -> None:
    firs, store = FirStore(database), CaseStore(database)
    text = fir()
    await store.add_version((await new_case(store)).id, version(Step.FINAL), DRAFTED, fir=text)
    results = await asyncio.gather(*(firs.finalize(text.number, FINALIZED) for _ in range(8)), return_exceptions=True)
    assert sorted(type(r).__name__ for r in results) == ["RegisterEntry", *["StepConflictError"] * 7]


async def test_versions_written_at_once_get_a_number_each(database: Database) -> None:
    store = CaseStore(database)
    case = (await new_case(store)).id
    drafts = (store.add_version(case, version(Step.SUMMARY), DRAFTED) for _ in range(12))
    assert sorted(await asyncio.gather(*drafts)) == list(range(1, 13))


async def test_a_database_of_an_earlier_installation_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE fir_records (id INTEGER PRIMARY KEY AUTOINCREMENT, fir_number VARCHAR(100) UNIQUE NOT NULL, "
            "session_id VARCHAR(100), complaint_text TEXT, fir_content TEXT, violations_json TEXT, "
            "status VARCHAR(10) DEFAULT 'pending', finalized_at TIMESTAMP NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        )
        old.execute(
            "INSERT INTO fir_records (fir_number, fir_content) VALUES ('FIR-0a1b2c3d-20240101000000', 'old text')"
        )
    old.close()
    url = f"sqlite+aiosqlite:///{path}"
    assert current(url) is None
    upgrade(url)
    assert current(url) == head()
    database = Database(url)
    record = await FirStore(database).get("FIR-0a1b2c3d-20240101000000")
    assert (record.content, record.status) == ("old text", FirStatus.PENDING)
    await database.close()


def test_originals_are_stored_once_by_their_hash(tmp_path: Path) -> None:
    originals = Originals(tmp_path)
    path = originals.put(b"abc", "ab" + "0" * 62)
    assert originals.put(b"other", "ab" + "0" * 62) == path
    assert path.read_bytes() == b"abc"
    assert not list(tmp_path.rglob(".part-*"))
