"""Brings the database to the newest form, or back to an earlier one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, pool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from afirgen.errors import InvalidInputError, StorageError
from afirgen.store.database import mysql_options

T = TypeVar("T")
_HERE = Path(__file__).resolve().parent
# Beside this file where the program is installed as a package, at the top of the project otherwise.
_FOLDER = next(f for f in (_HERE / "migrations", _HERE.parent.parent / "migrations") if (f / "env.py").is_file())
_CONNECT_S = 10


def upgrade(url: str, revision: str | None = None) -> None:
    """Apply all migrations that are missing, or those up to ``revision``.

    A database of an earlier installation is adopted with its rows.

    Raises:
        StorageError: The database refused or could not be reached.
    """
    _apart(lambda: command.upgrade(_config(url), revision or "head"))


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to ``revision``, or all of them with ``base``; what only the newer form holds is lost.

    Raises:
        InvalidInputError: There is no such revision below the database's own.
        StorageError: The database refused or could not be reached.
    """
    try:
        _apart(lambda: command.downgrade(_config(url), revision))
    except CommandError as err:
        raise InvalidInputError(
            "There is no such earlier version. See `afirgen db current`, or use base.", detail=str(err)
        ) from err


def current(url: str) -> str | None:
    """Return the newest migration that the database has, None before the first.

    Raises:
        StorageError: The database could not be reached.
    """
    return _apart(lambda: asyncio.run(_current(url)))


def head() -> str | None:
    """Return the newest migration of this program."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def is_known(revision: str | None) -> bool:
    """Tell whether this program has the migration."""
    return revision in {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}


def require_head(url: str) -> None:
    """Raise :class:`StorageError` unless the database is at the newest version."""
    found, newest = current(url), head()
    if found != newest:
        raise StorageError(f"The database is at version {found or 'none'}, not {newest}. Run `afirgen db upgrade`.")


def migration_engine(url: str) -> AsyncEngine:
    """Return an engine that keeps no connection."""
    options = {} if url.startswith("sqlite") else mysql_options(_CONNECT_S, None)
    options = {name: value for name, value in options.items() if not name.startswith("pool_")}
    return create_async_engine(url, poolclass=pool.NullPool, hide_parameters=True, **options)


async def _current(url: str) -> str | None:
    def look(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    engine = migration_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def _apart(work: Callable[[], T]) -> T:
    """Run what needs an event loop of its own, whatever loop the caller is on."""
    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(work).result()
    except SQLAlchemyError as err:
        raise StorageError(
            "The database could not be used. Check its URL, that it runs and has space, then try again.",
            detail=str(err),
        ) from err


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
