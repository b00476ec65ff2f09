"""The audit chain. What is already stored enters it as it stands; from here on nothing changes unseen."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa
from alembic import op

from afirgen.case.audit import GENESIS, MACHINE, Action, Event, link
from afirgen.store.migration_help import create_table, table_now, triggers_there
from afirgen.store.raw import as_text, case_key, fir_key, raw, row_hash, version_key
from afirgen.store.tables import LONG_TEXT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PROTECTED = ("audit_log", "step_versions")
_NO_TRIGGER_RIGHT = {1227, 1419}


def upgrade() -> None:
    create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("case_id", sa.String(36)),
        sa.Column("payload", LONG_TEXT, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        indexes=("case_id",),
    )
    create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    connection = op.get_bind()
    if connection.execute(sa.select(table_now("audit_head").c.id)).first() is None:
        _adopt(connection)
    for table in _PROTECTED:
        _protect(connection, table)


def _adopt(connection: sa.Connection) -> None:
    """Enter every stored record into the chain, then its head; on MySQL a stop before the end begins anew."""
    audit_log = table_now("audit_log")
    connection.execute(sa.delete(audit_log))
    seq, previous = 0, GENESIS
    for case_id, key, fingerprint in _stored(connection):
        seq += 1
        event = Event(actor=MACHINE, action=Action.ADOPTED)
        entry = link(
            event, seq=seq, previous=previous, at=datetime.now(UTC), case_id=case_id, records={key: fingerprint}
        )
        connection.execute(sa.insert(audit_log).values(msgspec.structs.asdict(entry)))
        previous = entry.hash
    connection.execute(sa.insert(table_now("audit_head")).values(id=1, seq=seq, hash=previous))


def _stored(connection: sa.Connection) -> Iterator[tuple[str | None, str, str]]:
    """Give the case, the name and the hash of every record."""
    for row in map(as_text, connection.execute(raw(table_now("cases"))).mappings().all()):
        yield row["id"], case_key(row["id"]), row_hash(row)
    for row in map(as_text, connection.execute(raw(table_now("step_versions"))).mappings().all()):
        yield row["case_id"], version_key(row["case_id"], row["step"], row["version"]), row_hash(row)
    for row in map(as_text, connection.execute(raw(table_now("fir_records"))).mappings().all()):
        yield None, fir_key(row["fir_number"]), row_hash(row)


def _protect(connection: sa.Connection, table: str) -> None:
    """Let the database refuse to change or delete rows of a table that only grows."""
    for event in ("UPDATE", "DELETE"):
        name = f"{table}_no_{event.lower()}"
        if connection.dialect.name == "sqlite":
            body = f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        else:
            body = f"FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{table} only grows'"
        try:
            if name not in triggers_there():
                op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {body}")
        except sa.exc.DBAPIError as err:
            # A server with a binary log may keep triggers to its administrators. The hashes tell all the same.
            if getattr(err.orig, "args", (None,))[0] not in _NO_TRIGGER_RIGHT:
                raise


def downgrade() -> None:
    for name in triggers_there():
        if name.startswith(_PROTECTED):
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("audit_head")
    op.drop_table("audit_log")
