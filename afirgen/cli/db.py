"""`afirgen db`: the database's form."""

import click

from afirgen.errors import StorageError
from afirgen.settings import load_settings
from afirgen.store.migrate import current, head, upgrade


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


@db.command("current")
def current_command() -> None:
    """Print the database's version."""
    click.echo(current(load_settings().sqlalchemy_url) or "none")


@db.command("check")
def check_command() -> None:
    """Fail unless the database is at the newest version."""
    found = current(load_settings().sqlalchemy_url)
    if found != head():
        raise StorageError(f"The database is at version {found or 'none'}, not {head()}. Run `afirgen db upgrade`.")
    click.echo("The database is up to date.")
