"""Brings the database to the newest form."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

_FOLDER = Path(__file__).resolve().parent.parent.parent / "migrations"


def upgrade(url: str) -> None:
    """Apply all migrations that are missing; a database of an earlier installation is adopted with its rows."""
    # Migrations use the async driver and so need a loop of their own, whatever loop the caller is on.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(command.upgrade, _config(url), "head").result()


def current(url: str) -> str | None:
    """Return the newest migration that the database has, None before the first."""
    engine = create_engine(sync_url(url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str | None:
    """Return the newest migration of this program."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def sync_url(url: str) -> str:
    """Return the URL of a blocking driver for the same database; migrations run outside the event loop."""
    return url.replace("+aiosqlite", "")


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
