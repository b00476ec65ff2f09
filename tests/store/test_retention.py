"""What is over goes, with a record of it; what is held, or still needed, stays."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from afirgen.case.audit import Actor, Channel, Role
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import AuthenticationError, InvalidInputError, NotAllowedError, NotFoundError, StepConflictError
from afirgen.jobs.retention import OWN_FOLDERS, Holds, Policy, Released, Retention
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.export import export_case
from afirgen.store.firs import FirStore
from afirgen.store.migrate import upgrade
from afirgen.store.originals import Originals
from afirgen.store.retention import Removable, RetentionStore
from afirgen.store.sign_in import SignIn
from afirgen.store.tables import sign_in_failures
from afirgen.store.verify import verify
from tests.store.conftest import run_on
from tests.store.kit import ACCEPTED, DRAFTED, FINALIZED, NOW, SOURCE, fir, version

pytestmark = pytest.mark.anyio
SHO = Actor(name="S. House", role=Role.STATION_HOUSE_OFFICER, channel=Channel.PAGE)
_NOTHING = Released(cases=0, sign_ins=0, originals=0, files=0)


class Office:
    """A database, its originals, and the policy: an hour of waiting, thirty days of originals."""

    def __init__(self, url: str, folder: Path) -> None:
        upgrade(url)
        self.url = url
        self.folder = folder
        self.database = Database(url)
        self.cases = CaseStore(self.database)
        self.originals = Originals(folder / "originals")
        self.store = RetentionStore(self.database)
        self.holds = Holds(self.store)
        self.retention = self.with_policy(Policy(idle_s=3600, originals_days=30))

    def with_policy(self, policy: Policy) -> Retention:
        return Retention(self.store, AuditLog(self.database), self.originals, self.folder, policy)

    async def case(self, text: str, *, status: SessionStatus, days: int = 40, registered: bool = False) -> str:
        """Take in a case of so many days ago."""
        data = text.encode()
        source = replace(SOURCE, sha256=sha256(data).hexdigest(), size=len(data))
        self.originals.put(data, source.sha256)
        event = replace(ACCEPTED, details={"source": {"sha256": source.sha256}})
        case = (await self.cases.create(source, event, language="hi", reported_on=NOW)).id
        written = fir()
        await self.cases.add_version(case, version(Step.FINAL), DRAFTED, fir=written, fir_number=written.number)
        await self.cases.update(case, DRAFTED, status=status.value)
        if registered:
            await FirStore(self.database).finalize(written.number, FINALIZED)
        await self.age(case, days)
        return case

    async def age(self, case: str, days: int) -> None:
        """Let so many days pass for a case, its FIR and its original."""
        record = await self.cases.get(case)
        then = datetime.now(UTC) - timedelta(days=days)
        at = f"'{then:%Y-%m-%d %H:%M:%S.%f}'"
        await asyncio.to_thread(
            run_on,
            self.url,
            f"UPDATE cases SET last_activity = {at} WHERE id = '{case}'",  # noqa: S608 - our own words
            f"UPDATE fir_records SET finalized_at = {at} WHERE session_id = '{case}' AND status = 'finalized'",  # noqa: S608
        )
        os.utime(self.originals.path(record.original), (then.timestamp(), then.timestamp()))

    async def there(self, case: str) -> bool:
        return self.originals.path((await self.cases.get(case)).original).exists()

    async def faults(self) -> list[str]:
        """Name what is wrong, but for the times that the test has changed."""
        verdict = await verify(self.database, self.originals)
        return [f.record for f in verdict.faults if f.record.startswith(("original:", "audit:"))]

    async def actions(self, case: str) -> list[str]:
        return [entry.action for entry in await AuditLog(self.database).of_case(case)]


@pytest.fixture
async def office(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    # What other programs have left in the machine's own folder for such things is not to be counted.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = Office(empty_url, tmp_path)
    yield opened
    await opened.database.close()


async def test_a_session_that_waited_too_long_expires_unless_it_is_on_hold(office: Office) -> None:
    idle = await office.case("a", status=SessionStatus.AWAITING_VALIDATION, days=1)
    fresh = await office.case("b", status=SessionStatus.AWAITING_VALIDATION, days=0)
    working = await office.case("c", status=SessionStatus.PROCESSING, days=1)
    held = await office.case("d", status=SessionStatus.AWAITING_VALIDATION, days=1)
    await office.holds.set(held, "Called for by the court.", SHO)
    assert await office.retention.run() == replace(_NOTHING, cases=1)
    statuses = [(await office.cases.get(case)).status.value for case in (idle, fresh, working, held)]
    assert statuses == ["expired", "awaiting_validation", "processing", "awaiting_validation"]
    assert (await office.actions(idle))[-1] == "case.expired"
    assert await office.retention.run() == _NOTHING


async def test_originals_go_when_every_case_of_theirs_is_over_for_long(office: Office) -> None:
    gone = await office.case("expired", status=SessionStatus.EXPIRED)
    done = await office.case("registered", status=SessionStatus.COMPLETED, registered=True)
    kept = [
        await office.case("not registered", status=SessionStatus.COMPLETED),
        await office.case("expired lately", status=SessionStatus.EXPIRED, days=20),
        await office.case("failed", status=SessionStatus.ERROR),
        await office.case("shared", status=SessionStatus.EXPIRED),
        await office.case("held", status=SessionStatus.EXPIRED),
    ]
    await office.case("shared", status=SessionStatus.PROCESSING, days=0)
    await office.holds.set(kept[-1], "Called for by the court.", SHO)
    assert (await office.retention.run()).originals == 2
    assert [await office.there(case) for case in (gone, done)] == [False, False]
    assert [await office.there(case) for case in kept] == [True] * 5
    for case in (gone, done):
        assert "original.removed" in await office.actions(case)
    assert await office.faults() == []
    assert (await office.retention.run()).originals == 0
    archive = await export_case(office.database, office.originals, gone, SHO, {})
    assert not [name for name in zipfile.ZipFile(BytesIO(archive)).namelist() if name.startswith("original/")]


async def test_without_a_policy_originals_stay(office: Office) -> None:
    case = await office.case("a", status=SessionStatus.EXPIRED, days=4000)
    assert (await office.with_policy(Policy(idle_s=3600)).run()).originals == 0
    assert await office.there(case)


async def test_an_original_that_was_removed_otherwise_is_still_named(office: Office) -> None:
    removed = await office.case("a", status=SessionStatus.EXPIRED)
    await office.retention.run()
    other = await office.case("b", status=SessionStatus.EXPIRED)
    path = office.originals.path((await office.cases.get(other)).original)
    path.unlink()
    assert await office.faults() == [f"original:{path.name}"]
    # The same complaint comes again: from then on its original has to be there.
    again = await office.case("a", status=SessionStatus.PROCESSING, days=0)
    path.write_bytes(b"b")
    assert await office.faults() == []
    office.originals.path((await office.cases.get(again)).original).unlink()
    assert await office.faults() == [f"original:{(await office.cases.get(removed)).original}"]


async def test_a_removal_that_was_stopped_after_its_record_is_finished(office: Office) -> None:
    case = await office.case("a", status=SessionStatus.EXPIRED)
    before = datetime.now(UTC) - timedelta(days=30)
    (found,) = await office.store.removable(before)
    await office.store.release(found, before, SHO)
    assert await office.faults() == []
    entries = len(await office.actions(case))
    assert (await office.retention.run()).originals == 1
    assert not await office.there(case)
    assert len(await office.actions(case)) == entries
    assert (await office.retention.run()).originals == 0


async def test_an_original_that_arrives_during_its_removal_is_there_afterwards(office: Office) -> None:
    case = await office.case("a", status=SessionStatus.EXPIRED)
    original = (await office.cases.get(case)).original
    before = datetime.now(UTC) - timedelta(days=30)
    (found,) = await office.store.removable(before)
    assert found == Removable(original, (case,), on_record=False)
    assert await office.store.release(found, before, SHO) is True
    office.originals.put(b"a", original)
    assert office.originals.remove(original, arrived_before=before.timestamp()) is False
    assert office.originals.path(original).read_bytes() == b"a"
    await office.case("a", status=SessionStatus.PROCESSING, days=0)
    entries = len(await office.actions(case))
    assert await office.store.release(found, before, SHO) is False
    assert len(await office.actions(case)) == entries


async def test_a_hold_is_for_the_station_house_officer_and_on_record(office: Office) -> None:
    case = await office.case("a", status=SessionStatus.AWAITING_VALIDATION)
    for role in (Role.RECORDING_OFFICER, Role.ADMINISTRATOR, Role.API_CLIENT):
        with pytest.raises(NotAllowedError):
            await office.holds.set(case, "Why", replace(SHO, role=role))
        with pytest.raises(NotAllowedError):
            await office.holds.lift(case, replace(SHO, role=role))
    with pytest.raises(InvalidInputError):
        await office.holds.set(case, "  ", SHO)
    with pytest.raises(NotFoundError):
        await office.holds.set("nothing", "Why", SHO)
    with pytest.raises(StepConflictError):
        await office.holds.lift(case, SHO)
    await office.holds.set(case, "An appeal\nis pending.", SHO)
    await office.holds.set(case, "An appeal\nis pending.", SHO)
    assert (await office.cases.get(case)).hold == "An appeal is pending."
    await office.holds.lift(case, SHO)
    assert (await office.cases.get(case)).hold is None
    assert (await office.actions(case))[-3:] == ["case.hold_set", "case.hold_set", "case.hold_lifted"]
    assert [f.record for f in (await verify(office.database, office.originals)).faults] == []


async def test_run_out_sign_ins_are_forgotten(office: Office) -> None:
    await SignIn(office.database).with_key(None)
    await SignIn(office.database, lambda: datetime.now(UTC) - timedelta(hours=13)).with_key(None)
    for minutes in (16, 14):
        sign_in = SignIn(office.database, partial(ago, minutes))
        with pytest.raises(AuthenticationError):
            await sign_in.with_password(f"nobody {minutes}", "wrong", None)
    assert (await office.retention.run()).sign_ins == 1
    left = await office.database.fetch(select(sign_in_failures.c.name_key))
    assert left.scalars().all() == ["nobody 14"]


def ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """Give a temporary folder of this process, which runs."""
    folder = Path(tempfile.mkdtemp(prefix=f"{OWN_FOLDERS}{os.getpid()}-"))
    yield folder
    folder.rmdir()


def orphan() -> Path:
    """Return a temporary folder of a process that is gone."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{OWN_FOLDERS}{int(gone.stdout)}-"))
    (folder / "below").mkdir()
    return folder


async def test_leftovers_of_a_stop_in_the_middle_are_removed_and_nothing_else(office: Office, own_folder: Path) -> None:
    case = await office.case("a", status=SessionStatus.PROCESSING, days=0)
    folder = office.originals.path((await office.cases.get(case)).original).parent
    imports = office.folder / "kb" / "own"
    imports.mkdir(parents=True)
    old = [folder / ".part-x", folder / ".removed-y", imports / "tmp1.part"]
    kept = [folder / ".part-fresh", imports / "law.jsonl", own_folder]
    for path in (*old, *kept[:2]):
        path.write_bytes(b"x")
    for path in (*old, kept[1]):
        os.utime(path, (time.time() - 7200,) * 2)
    old.append(orphan())
    assert (await office.retention.run()).files == 4
    assert [path.exists() for path in old] == [False] * 4
    assert [path.exists() for path in kept] == [True] * 3
    assert await office.there(case)


async def test_the_program_looks_by_itself_and_says_whether_it_does(office: Office) -> None:
    await office.case("a", status=SessionStatus.AWAITING_VALIDATION, days=1)
    assert office.retention.alive
    office.retention.start()
    for _ in range(500):
        if not await office.store.idle(datetime.now(UTC) - timedelta(hours=1)):
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("the session did not expire")
    assert office.retention.alive
    await office.retention.close()
    assert not office.retention.alive
