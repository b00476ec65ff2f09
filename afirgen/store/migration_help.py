"""What migrations share. MySQL commits every change of a table at once, so a migration must be able to go on."""

from typing import Any

import sqlalchemy as sa
from alembic import op

# What MySQL is told of every new table: all scripts, and texts that differ only in case are different.
_MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def tables_there() -> frozenset[str]:
    """Return the names of the database's tables."""
    return frozenset(sa.inspect(op.get_bind()).get_table_names())


def triggers_there() -> frozenset[str]:
    """Return the names of the database's triggers."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    return frozenset(connection.execute(sa.text(query)).scalars())


def table_now(name: str) -> sa.Table:
    """Return a table with the columns that it has at this point of the migrations."""
    return sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())


def create_table(name: str, *parts: Any, indexes: tuple[str, ...] = ()) -> None:
    """Create a table with an index on each column of ``indexes``, as far as they are not there."""
    if name not in tables_there():
        op.create_table(name, *parts, **_MYSQL)
    add_indexes(name, indexes)


def add_indexes(name: str, columns: tuple[str, ...]) -> None:
    """Add an index on each of the columns that none begins with."""
    inspector = sa.inspect(op.get_bind())
    begun = {index["column_names"][0] for index in inspector.get_indexes(name)}
    for column in columns:
        if column not in begun:
            op.create_index(f"ix_{name}_{column}", name, [column])


def add_columns(name: str, *columns: sa.Column[Any]) -> None:
    """Add the columns that a table does not have yet."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(name)}
    for column in columns:
        if column.name not in there:
            op.add_column(name, column)


def drop_columns(name: str, *columns: str) -> None:
    """Take columns off a table."""
    for column in columns:
        op.drop_column(name, column)
