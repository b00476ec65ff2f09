"""`afirgen db`: the database's form."""

import asyncio
from pathlib import Path

import click

from afirgen.cli.operator import operator
from afirgen.jobs.retention import Released, Retention, policy_of
from afirgen.settings import Settings, load_settings
from afirgen.store.audit import AuditLog
from afirgen.store.database import open_database
from afirgen.store.migrate import current, downgrade, head, require_head, upgrade
from afirgen.store.old_sessions import OldSessions
from afirgen.store.retention import RetentionStore
from afirgen.store.s3_originals import open_originals


@click.group()
def db() -> None:
    """Create and migrate the database."""


@db.command("upgrade")
def upgrade_command() -> None:
    """Bring the database to the newest form; the rows of an earlier installation are kept."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if current(settings.sqlalchemy_url) != head():
        upgrade(settings.sqlalchemy_url)
    click.echo(f"The database is at version {head()}.")


@db.command("downgrade")
@click.argument("revision")
@click.confirmation_option(prompt="What only the newer form holds is lost, the audit log too. Go on?")
def downgrade_command(revision: str) -> None:
    """Take the database back to REVISION, or to its beginning with "base"."""
    url = load_settings().sqlalchemy_url
    downgrade(url, revision)
    click.echo(f"The database is at version {current(url) or 'none'}.")


@db.command("current")
def current_command() -> None:
    """Print the database's version."""
    click.echo(current(load_settings().sqlalchemy_url) or "none")


@db.command("check")
def check_command() -> None:
    """Fail unless the database is at the newest version."""
    require_head(load_settings().sqlalchemy_url)
    click.echo("The database is up to date.")


@db.command("import-sessions")
@click.argument("file", type=click.Path(path_type=Path))
def import_sessions_command(file: Path) -> None:
    """Take over the review sessions of an earlier installation from its sessions.db; FILE itself stays as it is."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    new, known = asyncio.run(_import(settings, file))
    click.echo(f"{new} sessions were taken over, {known} were there already.")


@db.command("retention")
def retention_command() -> None:
    """Let go now of what the program lets go of every ten minutes: idle sessions, leftovers, originals by policy."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    released = asyncio.run(_release(settings))
    click.echo(
        f"{released.cases} idle sessions have expired, {released.sign_ins} sign-ins have run out, "
        f"{released.originals} originals and {released.files} leftover files were removed."
    )


async def _release(settings: Settings) -> Released:
    database = open_database(settings)
    originals = open_originals(settings)
    store, audit = RetentionStore(database), AuditLog(database)
    try:
        return await Retention(store, audit, originals, settings.data_dir, policy_of(settings)).run(operator())
    finally:
        await database.close()


async def _import(settings: Settings, file: Path) -> tuple[int, int]:
    database = open_database(settings)
    try:
        return await OldSessions(database).take_over(file, operator())
    finally:
        await database.close()
