"""Making, checking and restoring backups."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from afirgen.backup.archive import Manifest, Unpacked, unpacked, write_archive
from afirgen.backup.own_files import put_own_files
from afirgen.backup.swap import take_place
from afirgen.backup.target import SUFFIX, Target
from afirgen.errors import AuditFaultError, DamagedFileError, StorageError
from afirgen.store.audit import AuditLog
from afirgen.store.database import Database
from afirgen.store.dump import require_empty, write_rows
from afirgen.store.migrate import is_known, upgrade
from afirgen.store.originals import Originals
from afirgen.store.verify import Verdict, verify

_STAMP = "%Y%m%dT%H%M%SZ"


class Made(Struct, frozen=True):
    """A backup that was made and read back: its name, bytes and content, and what the audit check said of it."""

    name: str
    size: int
    manifest: Manifest
    verdict: Verdict


class Checked(Struct, frozen=True):
    """A backup that was restored for a trial: its content and what the audit check said."""

    name: str
    manifest: Manifest
    verdict: Verdict


async def create_backup(database: Database, originals: Originals, target: Target, key: str, data: Path) -> Made:
    """Write a backup to ``target``, fetch it again and check every part of it.

    ``data`` is the data folder, which exists: its own forms and acts go along, temporary files are made in it.

    Records that are not as the audit log says are backed up all the same, and named in the verdict.

    Raises:
        DamagedFileError: What was read back is not what was written.
        StorageError: Database, disk or bucket refused.
    """
    name = f"{datetime.now(UTC).strftime(_STAMP)}-{secrets.token_hex(3)}{SUFFIX}"
    try:
        with TemporaryDirectory(dir=data, prefix="backup-") as folder:
            written, again = Path(folder) / "written", Path(folder) / "again"
            with written.open("wb") as out:
                manifest, verdict = await write_archive(database, originals, out, key, data)
            await asyncio.to_thread(target.put, written, name)
            await asyncio.to_thread(target.fetch, name, again)
            await asyncio.to_thread(_require_same, written, again)
            await asyncio.to_thread(_read_through, again, key, data)
            return Made(name, written.stat().st_size, manifest, verdict)
    except OSError as err:
        raise StorageError(
            "The backup could not be written. Check the disk's space and rights.", detail=str(err)
        ) from err


async def verify_backup(target: Target, name: str, key: str, data: Path) -> Checked:
    """Restore a backup into a database of its own beside the running one, check the audit chain, and remove it.

    Raises:
        DamagedFileError: The file is damaged or the key is another one.
        AuditFaultError: A record in it is not as the audit log says.
    """
    with TemporaryDirectory(dir=data, prefix="trial-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'trial.db'}"
        originals = Originals(Path(folder) / "originals")
        manifest, verdict = await restore_backup(target, name, key, url=url, originals=originals, data=Path(folder))
    return Checked(name, manifest, verdict)


async def restore_backup(
    target: Target, name: str, key: str, *, url: str, originals: Originals, data: Path
) -> tuple[Manifest, Verdict]:
    """Put a backup into an empty database and a data folder, bring it to the newest form and check the audit chain.

    Own forms and acts that are there with another content are kept beside. The records go in together: an interrupted
    restore leaves the database as empty as it was.

    Raises:
        InvalidInputError: The database is not empty.
        DamagedFileError: The file is damaged or the key is another one.
        AuditFaultError: A record in it is not as the audit log says.
    """
    with TemporaryDirectory(dir=data, prefix="restore-") as folder:
        file = Path(folder) / "backup"
        await asyncio.to_thread(target.fetch, name, file)
        with file.open("rb") as source, unpacked(source, key, data) as content:
            await asyncio.to_thread(_require_known_form, content.manifest)
            # First the form that the records were written in: the way from there is the migrations' business.
            await asyncio.to_thread(upgrade, url, content.manifest.form)
            await _fill(content, url, originals, data)
            await asyncio.to_thread(upgrade, url)
            return content.manifest, await _checked(url, originals)


async def replace_by_backup(
    target: Target, name: str, key: str, *, file: Path, originals: Originals, data: Path
) -> tuple[Manifest, Verdict, Path | None]:
    """Restore a backup beside the SQLite database ``file``, and let it take its place once it is whole and verified.

    The old database is kept under the name that is returned; originals are only added. Own forms and acts follow.

    Raises as :func:`restore_backup` does, and then nothing of what is there was changed.
    """
    with TemporaryDirectory(dir=file.parent, prefix="restore-") as folder:
        new = Path(folder) / "new.db"
        url = f"sqlite+aiosqlite:///{new}"
        manifest, verdict = await restore_backup(target, name, key, url=url, originals=originals, data=Path(folder))
        old = await asyncio.to_thread(take_place, new, file)
        await asyncio.to_thread(_put_own, Path(folder), data)
    return manifest, verdict, old


async def require_continued(database: Database, verdict: Verdict) -> None:
    """Raise :class:`AuditFaultError` unless the running audit log goes on from a backup's."""
    if verdict.entries and await AuditLog(database).hash_at(verdict.entries) != verdict.head:
        raise AuditFaultError("The audit log is not the continuation of the backup's. Run `afirgen audit verify`.")


async def _fill(content: Unpacked, url: str, originals: Originals, data: Path) -> None:
    database = Database(url)
    try:
        await require_empty(database, content.tables)
        await asyncio.to_thread(_put_originals, content, originals)
        await asyncio.to_thread(_put_own, content.own, data)
        await write_rows(database, content.rows())
    finally:
        await database.close()


async def _checked(url: str, originals: Originals) -> Verdict:
    database = Database(url)
    try:
        verdict = await verify(database, originals)
    finally:
        await database.close()
    if verdict.faults:
        raise AuditFaultError(
            f"The backup was restored, but {len(verdict.faults)} records are not as the audit log says. The first: "
            f"{verdict.faults[0].sentence}"
        )
    return verdict


def prune(target: Target, days: int, *, now: datetime | None = None) -> list[str]:
    """Delete backups older than ``days``, never the newest one; return the names of those deleted.

    Raises:
        NotAllowedError: The place takes backups but does not let them be deleted.
    """
    oldest = ((now or datetime.now(UTC)) - timedelta(days=days)).strftime(_STAMP)
    old = [name for name in target.names()[:-1] if name < oldest]
    for name in old:
        target.delete(name)
    return old


def _require_same(one: Path, other: Path) -> None:
    digests = []
    for path in (one, other):
        with path.open("rb") as file:
            digests.append(file_digest(file, "sha256").digest())
    if digests[0] != digests[1]:
        raise DamagedFileError("The backup reads back other than it was written. Check the disk or the bucket.")


def _read_through(path: Path, key: str, data: Path) -> None:
    """Decrypt every piece and check every part."""
    with path.open("rb") as source, unpacked(source, key, data):
        pass


def _require_known_form(manifest: Manifest) -> None:
    if not is_known(manifest.form):
        raise DamagedFileError(
            f"The backup was made by AFIRGen {manifest.program}, which is newer than this program. Update first."
        )


def _put_originals(content: Unpacked, originals: Originals) -> None:
    for hash_, path in content.originals():
        originals.put(path.read_bytes(), hash_)


def _put_own(source: Path, data: Path) -> None:
    try:
        put_own_files(source, data)
    except OSError as err:
        raise StorageError(
            "The station's own forms and acts could not be put back. Check the disk's space and rights, restore again.",
            detail=str(err),
        ) from err
