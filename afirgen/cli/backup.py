"""`afirgen backup`: encrypted backups of everything, checked when they are made, and the way back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import make_url

from afirgen.backup.run import Made, create_backup, move_aside, prune, restore_backup, verify_backup
from afirgen.backup.target import Target, open_target
from afirgen.errors import InvalidInputError, NotFoundError
from afirgen.settings import Settings, load_settings
from afirgen.store.database import open_database
from afirgen.store.migrate import require_head
from afirgen.store.s3_originals import open_originals
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
    with _figures(settings, BACKUPS, BACKUP_FAILURES), BACKUP_SECONDS.timed():
        made = asyncio.run(_create(settings, target, key))
    manifest = made.manifest
    click.echo(
        f"{made.name}: {manifest.cases} cases, {manifest.originals} originals, {made.size / _MIB:.1f} MiB, read back "
        "and checked."
    )
    for name in prune(target, settings.backup_retention_days):
        click.echo(f"{name} was older than {settings.backup_retention_days} days and is deleted.")
    if kept_here:
        click.echo(f"The key is in {_key_file(settings)}. Keep a copy elsewhere: without it no backup can be opened.")


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
@click.pass_context
def drill(ctx: click.Context) -> None:
    """Verify the newest backup; a unit of systemd does this every month."""
    with _figures(load_settings(), RESTORE_DRILLS, RESTORE_DRILL_FAILURES):
        ctx.invoke(verify)


@backup.command()
@click.argument("name", required=False)
@click.option("--replace", is_flag=True, help="Move the present SQLite database and originals aside first.")
def restore(name: str | None, *, replace: bool) -> None:
    """Put the backup NAME (default: the newest) into the empty database of the settings. Stop the program first."""
    settings = load_settings()
    target = _target(settings)
    chosen = name or _newest(target)
    key = _key(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if replace:
        click.confirm("The present records are moved aside. Go on?", abort=True)
        _move_aside(settings)
    originals = open_originals(settings)
    manifest, verdict = asyncio.run(
        restore_backup(target, chosen, key, url=settings.sqlalchemy_url, originals=originals, work=settings.data_dir)
    )
    click.echo(
        f"{manifest.cases} cases of {manifest.made_at:%Y-%m-%d %H:%M} UTC are restored; {verdict.records} records, "
        f"{verdict.originals} originals and {verdict.entries} audit entries are as they were written."
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


def _move_aside(settings: Settings) -> None:
    file = make_url(settings.sqlalchemy_url).database
    if not settings.sqlalchemy_url.startswith("sqlite") or not file:
        raise InvalidInputError(
            "Only an SQLite database is moved aside. Make an empty MySQL database and name it in MYSQL_DB."
        )
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    paths = [Path(file), Path(f"{file}-wal"), Path(f"{file}-shm"), settings.data_dir / "originals"]
    move_aside(paths, settings.data_dir / f"before-restore-{stamp}")
