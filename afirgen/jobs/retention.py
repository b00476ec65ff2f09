"""Lets go of what is over: idle sessions, leftover files, originals by the station's policy. What is held stays."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from afirgen.case.audit import MACHINE, Action, Actor, Event
from afirgen.case.rights import Right, allow
from afirgen.errors import AfirgenError, InvalidInputError
from afirgen.jobs.ending import end_tasks
from afirgen.settings import Settings
from afirgen.store.audit import AuditLog
from afirgen.store.originals import Originals
from afirgen.store.retention import RetentionStore

_log = structlog.get_logger(__name__)
_EVERY_S = 600
_LEFTOVER_S = 3600.0
_LONGEST_REASON = 2000
OWN_FOLDERS = "afirgen-tmp-"
"""How the names of temporary folders begin, followed by the number of the process that they belong to."""


class Released(Struct, frozen=True, kw_only=True):
    """What one run has let go of."""

    cases: int
    sign_ins: int
    originals: int
    files: int


@dataclass(frozen=True)
class Policy:
    """How long things are kept.

    A case may wait ``idle_s`` seconds for a decision. Originals go ``originals_days`` days after the last case that
    they belong to is over; None keeps them for ever.
    """

    idle_s: int
    originals_days: int | None = None


def policy_of(settings: Settings) -> Policy:
    """Return how long an installation keeps things."""
    return Policy(idle_s=settings.session_timeout_s, originals_days=settings.originals_days)


class Retention:
    """Carries out the policy, once or every ten minutes; every run that removes something is in the audit log."""

    def __init__(
        self, store: RetentionStore, audit: AuditLog, originals: Originals, data_dir: Path, policy: Policy
    ) -> None:
        self._store = store
        self._audit = audit
        self._originals = originals
        self._data_dir = data_dir
        self._policy = policy
        self._task: asyncio.Task[None] | None = None

    async def run(self, by: Actor = MACHINE) -> Released:
        """Let go of everything that is over now.

        Raises:
            StorageError: The database or a folder could not be used.
        """
        released = Released(
            cases=await self._expire(),
            sign_ins=await self._store.end_sign_ins(),
            originals=await self._release_originals(by),
            files=await asyncio.to_thread(self._sweep),
        )
        if any(msgspec.structs.astuple(released)):
            await self._audit.note(
                Event(actor=by, action=Action.RETENTION_RAN, details=msgspec.structs.asdict(released))
            )
        return released

    def start(self) -> None:
        """Begin to run every ten minutes."""
        self._task = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Stop running."""
        if self._task is not None:
            await end_tasks(self._task)

    @property
    def alive(self) -> bool:
        """Whether the loop runs, or was not begun yet."""
        return self._task is None or not self._task.done()

    async def _keep(self) -> None:
        while True:
            try:
                await self.run()
            except (AfirgenError, OSError) as err:
                _log.warning("retention_failed", reason=type(err).__name__, detail=getattr(err, "detail", None))
            await asyncio.sleep(_EVERY_S)

    async def _expire(self) -> int:
        before = datetime.now(UTC) - timedelta(seconds=self._policy.idle_s)
        return sum([await self._store.expire(case_id, before) for case_id in await self._store.idle(before)])

    async def _release_originals(self, by: Actor) -> int:
        if self._policy.originals_days is None:
            return 0
        before = datetime.now(UTC) - timedelta(days=self._policy.originals_days)
        gone = 0
        for original in await self._store.removable(before):
            # First the record, then the file: a stop between the two leaves a file that the next run removes.
            if original.on_record:
                goes = self._originals.is_here(original.sha256)
            else:
                goes = await self._store.release(original, before, by)
            if goes:
                remove = partial(self._originals.remove, original.sha256, arrived_before=before.timestamp())
                gone += await asyncio.to_thread(remove)
        return gone

    def _sweep(self) -> int:
        count = 0
        for path in (*self._originals.leftovers(_LEFTOVER_S), *_parts(self._data_dir), *_orphaned_folders()):
            with suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                count += 1
        return count


class Holds:
    """Puts cases on hold and lifts holds; only a station house officer may."""

    def __init__(self, store: RetentionStore) -> None:
        self._store = store

    async def set(self, case_id: str, reason: str, by: Actor) -> None:
        """Put a case on hold.

        Raises:
            NotAllowedError: The role may not.
            InvalidInputError: No reason is given, or a very long one.
            NotFoundError: There is no such case.
        """
        allow(by, Right.HOLD)
        kept = " ".join(reason.split())
        if not kept or len(kept) > _LONGEST_REASON:
            raise InvalidInputError("Say why the case is to be held, in 1 to 2,000 characters.")
        await self._store.hold(case_id, kept, by)

    async def lift(self, case_id: str, by: Actor) -> None:
        """Lift a hold.

        Raises:
            NotAllowedError: The role may not.
            StepConflictError: The case is not on hold.
        """
        allow(by, Right.HOLD)
        await self._store.lift(case_id, by)


def _parts(data_dir: Path) -> Iterator[Path]:
    """Give files that an import of law has not finished."""
    for path in (data_dir / "kb").rglob("*.part"):
        if path.stat().st_mtime < time.time() - _LEFTOVER_S:
            yield path


def _orphaned_folders() -> Iterator[Path]:
    """Give temporary folders of our own whose process is gone."""
    for path in Path(tempfile.gettempdir()).glob(f"{OWN_FOLDERS}*"):
        number = path.name.removeprefix(OWN_FOLDERS).split("-")[0]
        if number.isdigit() and path.stat().st_uid == os.getuid() and not _runs(int(number)):
            yield path


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
