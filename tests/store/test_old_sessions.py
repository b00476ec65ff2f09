"""Sessions of an earlier installation are taken over whole and once."""

import json
import sqlite3
from pathlib import Path

import pytest

from afirgen.case.audit import text_hash
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import DamagedFileError, InvalidInputError, NotFoundError
from afirgen.store.database import Database
from afirgen.store.export import export_case
from afirgen.store.old_sessions import OldSessions
from afirgen.store.originals import Originals
from afirgen.store.verify import verify
from tests.store.kit import OFFICER

pytestmark = pytest.mark.anyio
_ROWS = [
    (
        "id-1",
        json.dumps({"current_step": "summary_review", "text": "मेरा 🙂"}, ensure_ascii=False),
        "awaiting_validation",
    ),
    ("id-2", "{}", "completed"),
    ("id-3", "not json", "processing"),
    ("id-4", None, None),
    ("id-5", '{"current_step": 7}', "error"),
]


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.db"
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE sessions (session_id TEXT PRIMARY KEY, state TEXT, status TEXT, created_at TEXT, "
            "last_activity TEXT, validation_history TEXT)"
        )
        for session, state, status in _ROWS:
            values = (session, state, status, "2024-05-01T10:00:00", "2024-05-01T10:05:00", "[]")
            file.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", values)
    file.close()
    return path


async def test_all_sessions_come_over_once(database: Database, old_file: Path, tmp_path: Path) -> None:
    sessions = OldSessions(database)
    before = text_hash(old_file.read_bytes())  # noqa: ASYNC240 - nothing else runs
    assert await sessions.take_over(old_file, OFFICER) == (5, 0)
    assert await sessions.take_over(old_file, OFFICER) == (0, 5)
    assert text_hash(old_file.read_bytes()) == before  # noqa: ASYNC240 - the same
    found = [await sessions.get(f"id-{number}") for number in range(1, 6)]
    assert [(s.status, s.step) for s in found] == [
        (SessionStatus.EXPIRED, Step.SUMMARY),
        (SessionStatus.COMPLETED, Step.TRANSCRIPT),
        (SessionStatus.EXPIRED, Step.TRANSCRIPT),
        (SessionStatus.EXPIRED, Step.TRANSCRIPT),
        (SessionStatus.ERROR, Step.TRANSCRIPT),
    ]
    assert found[0].created_at == "2024-05-01T10:00:00"
    with pytest.raises(NotFoundError):
        await sessions.get("id-6")
    verdict = await verify(database, Originals(tmp_path))
    assert (verdict.faults, verdict.records, verdict.entries) == ((), 5, 1)
    assert len(await export_case(database, Originals(tmp_path), "id-1", OFFICER, {})) > 0


async def test_what_is_no_such_file_is_refused(database: Database, tmp_path: Path) -> None:
    sessions = OldSessions(database)
    with pytest.raises(InvalidInputError):
        await sessions.take_over(tmp_path / "missing.db", OFFICER)
    for content in (b"", b"no database at all" * 100):
        (tmp_path / "wrong.db").write_bytes(content)
        with pytest.raises(DamagedFileError):
            await sessions.take_over(tmp_path / "wrong.db", OFFICER)
