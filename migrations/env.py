"""Runs migrations over the async driver that the program itself uses."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from afirgen.store.migrate import migration_engine
from afirgen.store.tables import metadata


def _run(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        # Let go with the connection: of two programs that start at once, the second waits and finds nothing to do.
        connection.execute(text("SELECT GET_LOCK('afirgen_migration', 120)"))
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    engine = migration_engine(context.config.get_main_option("sqlalchemy.url") or "")
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_online())
