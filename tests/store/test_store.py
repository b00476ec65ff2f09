import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afirgen.case.evidence import Source, SourceKind
from afirgen.case.session import FirStatus, SessionStatus, Step
from afirgen.errors import NotFoundError, StepConflictError, StorageError
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.firs import FirStore, new_fir_number
from afirgen.store.migrate import current, head, upgrade
from afirgen.store.originals import Originals

pytestmark = pytest.mark.anyio
SOURCE = Source(kind=SourceKind.TEXT, media_type="text/plain", sha256="a" * 64, size=3, filename="पत्र.txt")
NOW = datetime(2025, 3, 13, 4, 30, 5, 123456, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    upgrade(address)
    return address


async def test_a_case_comes_back_as_it_was_stored(url: str) -> None:
    database = Database(url)
    store = CaseStore(database)
    record = await store.create(SOURCE, language="hi", reported_on=NOW)
    found = await store.get(record.id)
    assert found == record
    assert found.reported_on == NOW
    assert found.reported_on.tzinfo is not None
    with pytest.raises(NotFoundError):
        await store.get("nothing")
    await database.close()


async def test_versions_are_numbered_and_never_changed(url: str) -> None:
    database = Database(url)
    store = CaseStore(database)
    case = (await store.create(SOURCE, language=None, reported_on=NOW)).id
    first = '{"text": "मेरा नाम"}'.encode()
    assert await store.add_version(case, Step.TRANSCRIPT, first, author="machine", models=("m",)) == 1
    assert await store.add_version(case, Step.TRANSCRIPT, b"{}", author="officer", status="awaiting_validation") == 2
    assert await store.add_version(case, Step.SUMMARY, b"{}", author="machine") == 1
    history = await store.history(case)
    assert [(v.step, v.version, v.author) for v in history] == [
        (Step.TRANSCRIPT, 1, "machine"),
        (Step.TRANSCRIPT, 2, "officer"),
        (Step.SUMMARY, 1, "machine"),
    ]
    assert history[0].content == first
    assert (await store.newest(case))[Step.TRANSCRIPT].version == 2
    assert (await store.get(case)).status is SessionStatus.AWAITING_VALIDATION
    await database.close()


async def test_a_failed_transaction_leaves_nothing(url: str) -> None:
    database = Database(url)
    store = CaseStore(database)
    with pytest.raises(StorageError):
        await store.add_version("no-such-case", Step.SUMMARY, b"{}", author="machine")
    assert await store.history("no-such-case") == ()
    await database.close()


async def test_firs_are_listed_newest_first_and_finalized_once(url: str) -> None:
    database = Database(url)
    firs = FirStore(database)
    numbers = [new_fir_number(NOW) for _ in range(3)]
    for number in numbers:
        await firs.put(number, session_id="s", complaint="c", content="text", violations="[]")
    await firs.put(numbers[0], session_id="s", complaint="c", content="newer", violations="[]")
    assert [r.fir_number for r in await firs.page(limit=2, offset=0)] == numbers[:0:-1]
    await firs.finalize(numbers[0])
    record = await firs.get(numbers[0])
    assert (record.status, record.content) == (FirStatus.FINALIZED, "newer")
    await firs.put(numbers[0], session_id="s", complaint="c", content="too late", violations="[]")
    assert (await firs.get(numbers[0])).content == "newer"
    with pytest.raises(StepConflictError):
        await firs.finalize(numbers[0])
    await database.close()


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
