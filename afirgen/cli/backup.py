"""`afirgen backup`: encrypted backups of everything, checked when they are made, and the way back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

import click
from sqlalchemy import make_url

from afirgen.backup.archive import Manifest
from afirgen.backup.run import (
    Checked,
    Made,
    create_backup,
    prune,
    replace_by_backup,
    require_continued,
    restore_backup,
    verify_backup,
)
from afirgen.backup.target import Target, open_target
from afirgen.errors import AuditFaultError, InvalidInputError, NotAllowedError, NotFoundError
from afirgen.settings import Settings, load_settings
from afirgen.store.database import open_database
from afirgen.store.lock import RUNNING, in_use
from afirgen.store.migrate import require_head
from afirgen.store.s3_originals import open_originals
from afirgen.store.verify import Verdict
from afirgen.telemetry import emf
from afirgen.telemetry.metrics import (
    BACKUP_FAILURES,
    BACKUP_SECONDS,
    BACKUPS,
    RESTORE_DRILL_FAILURES,
    RESTORE_DRILLS,
    Count,
)
from afirgen.web.keys import kept_key

_MIB = 2**20


@click.group()
def backup() -> None:
    """Back everything up, check backups, and restore them."""


@backup.command()
def create() -> None:
    """Make a backup, read it back, and let go of those older than BACKUP_RETENTION_DAYS."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    target = _target(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    kept_here = settings.backup_key is None and not _key_file(settings).exists()
    key = _key(settings)
    with _figures(settings, BACKUPS, BACKUP_FAILURES):
        with BACKUP_SECONDS.timed():
            made = asyncio.run(_create(settings, target, key))
        _tell(made, key_file=_key_file(settings) if kept_here else None)
    _let_go(target, settings.backup_retention_days)


@backup.command("list")
def list_command() -> None:
    """List the backups, the oldest first."""
    names = _target(load_settings()).names()
    click.echo("\n".join(names) or "There is no backup yet. Make one with `afirgen backup create`.")


@backup.command()
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Restore NAME (default: the newest) beside the running program, check its audit chain, and remove it again."""
    settings = load_settings()
    target = _target(settings)
    checked = asyncio.run(verify_backup(target, name or _newest(target), _key(settings), settings.data_dir))
    verdict = checked.verdict
    click.echo(
        f"{checked.name}: {checked.manifest.cases} cases, {verdict.records} records, {verdict.originals} originals and "
        f"{verdict.entries} audit entries are as they were written."
    )


@backup.command()
@click.option("--once-a-month", is_flag=True, help="Do nothing where a drill has gone well this month.")
def drill(*, once_a_month: bool) -> None:
    """Restore the newest backup beside the running program, check it, and compare the two; run by a timer."""
    settings = load_settings()
    target = _target(settings)
    # Kept beside the backups: an instance that starts anew each morning remembers nothing.
    done = f"drill-{datetime.now(UTC):%Y-%m}"
    if once_a_month and target.holds(done):
        click.echo("This month's drill has gone well already.")
        return
    with _figures(settings, RESTORE_DRILLS, RESTORE_DRILL_FAILURES):
        checked = asyncio.run(_drill(settings, target, _newest(target), _key(settings)))
    hours = (datetime.now(UTC) - checked.manifest.made_at).total_seconds() / 3600
    click.echo(
        f"{checked.name}: {checked.manifest.cases} cases and {checked.verdict.entries} audit entries came back as they "
        f"were written, and the running audit log goes on from them. The backup is {hours:.1f} hours old."
    )
    with NamedTemporaryFile(dir=settings.data_dir) as note:
        note.write(f"{checked.name}\n".encode())
        note.flush()
        target.put(Path(note.name), done)


@backup.command()
@click.argument("name", required=False)
@click.option("--replace", is_flag=True, help="Take the place of the present SQLite database, which is kept beside.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(name: str | None, *, replace: bool, yes: bool) -> None:
    """Put the backup NAME (default: the newest) into the empty database of the settings. Stop the program first."""
    settings = load_settings()
    target = _target(settings)
    chosen = name or _newest(target)
    key = _key(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if replace and not yes:
        click.prompt(
            f"What was recorded after {chosen} was made is set aside. Type replace", type=click.Choice(["replace"])
        )
    with in_use(settings.data_dir, RUNNING, "The program runs on this data folder. Stop it first."):
        manifest, verdict, old = asyncio.run(_restore(settings, target, chosen, key, replace=replace))
    click.echo(
        f"{manifest.cases} cases of {manifest.made_at:%Y-%m-%d %H:%M} UTC are restored; {verdict.records} records, "
        f"{verdict.originals} originals and {verdict.entries} audit entries are as they were written."
    )
    if manifest.own_files:
        click.echo(
            f"{manifest.own_files} of the station's own forms and acts are back; what they replace is kept beside them."
        )
    if old:
        click.echo(f"The database that was here is kept as {old}.")


def _tell(made: Made, key_file: Path | None) -> None:
    """Say what a backup holds. One of changed records counts as failed; older ones stay: they may be the last good."""
    manifest, faults = made.manifest, made.verdict.faults
    click.echo(
        f"{made.name}: {manifest.cases} cases, {manifest.originals} originals, {manifest.own_files} own forms and "
        f"acts, {made.size / _MIB:.1f} MiB, read back and checked."
    )
    if key_file:
        click.echo(f"The key is in {key_file}. Keep a copy elsewhere: without it no backup can be opened.")
    if faults:
        raise AuditFaultError(
            f"The backup was made, but {len(faults)} records in it are not as the audit log says. "
            f"{faults[0].sentence} Run `afirgen audit verify`."
        )


@contextmanager
def _figures(settings: Settings, good: Count, bad: Count) -> Iterator[None]:
    """Count how the block ends, and put that into the log for CloudWatch where it is wanted."""
    if settings.cloudwatch:
        emf.turn_on(settings.cloudwatch)
    try:
        yield
        good.add()
        # An alarm over a sum needs the zero too.
        bad.add(amount=0)
    except BaseException:
        bad.add()
        raise
    finally:
        emf.turn_off()


async def _create(settings: Settings, target: Target, key: str) -> Made:
    database = open_database(settings)
    try:
        return await create_backup(database, open_originals(settings), target, key, settings.data_dir)
    finally:
        await database.close()


async def _drill(settings: Settings, target: Target, name: str, key: str) -> Checked:
    checked = await verify_backup(target, name, key, settings.data_dir)
    database = open_database(settings)
    try:
        await require_continued(database, checked.verdict)
    finally:
        await database.close()
    return checked


async def _restore(
    settings: Settings, target: Target, name: str, key: str, *, replace: bool
) -> tuple[Manifest, Verdict, Path | None]:
    originals, url = open_originals(settings), settings.sqlalchemy_url
    if not replace:
        restored = await restore_backup(target, name, key, url=url, originals=originals, data=settings.data_dir)
        return *restored, None
    file = make_url(url).database
    if not url.startswith("sqlite") or not file:
        raise InvalidInputError(
            "Only an SQLite database is replaced. Make an empty MySQL database and name it in MYSQL_DB."
        )
    return await replace_by_backup(target, name, key, file=Path(file), originals=originals, data=settings.data_dir)


def _let_go(target: Target, days: int) -> None:
    """Delete old backups; where the place keeps that to itself, its own rules do."""
    try:
        for name in prune(target, days):
            click.echo(f"{name} was older than {days} days and is deleted.")
    except NotAllowedError as err:
        click.echo(err.public)


def _target(settings: Settings) -> Target:
    return open_target(settings.backup_target or str(settings.data_dir / "backups"))


def _key_file(settings: Settings) -> Path:
    return settings.data_dir / "backup_key"


def _key(settings: Settings) -> str:
    return settings.backup_key.get_secret_value() if settings.backup_key else kept_key(_key_file(settings))


def _newest(target: Target) -> str:
    names = target.names()
    if not names:
        raise NotFoundError("There is no backup yet. Make one with `afirgen backup create`.")
    return names[-1]
