"""Cases, step versions, and the FIR table of earlier installations, which is adopted when it is there."""

import sqlalchemy as sa
from alembic import op

from afirgen.store.migration_help import add_indexes, create_table, tables_there
from afirgen.store.tables import LONG_TEXT, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_FIR_INDEXES = ("session_id", "status", "created_at")


def upgrade() -> None:
    create_table(
        "cases",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("original", sa.String(64), nullable=False),
        sa.Column("source", LONG_TEXT, nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("reported_on", UtcTime, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("last_activity", UtcTime, nullable=False),
        sa.Column("fir_number", sa.String(100)),
        sa.Column("error", sa.Text),
        indexes=("status", "last_activity"),
    )
    create_table(
        "step_versions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(36), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("author", sa.String(32), nullable=False),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.UniqueConstraint("case_id", "step", "version", name="uq_step_versions_version"),
    )
    if "fir_records" in tables_there():
        _adopt_fir_records()
    else:
        _create_fir_records()


def _create_fir_records() -> None:
    create_table(
        "fir_records",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("fir_number", sa.String(100), nullable=False, unique=True),
        sa.Column("session_id", sa.String(100)),
        sa.Column("complaint_text", sa.Text),
        sa.Column("fir_content", LONG_TEXT),
        sa.Column("violations_json", LONG_TEXT),
        sa.Column("status", sa.Enum("pending", "finalized", name="fir_status"), server_default="pending"),
        sa.Column("finalized_at", sa.DateTime),
        sa.Column("created_at", sa.DateTime, server_default=sa.func.current_timestamp()),
        indexes=_FIR_INDEXES,
    )


def _adopt_fir_records() -> None:
    """Widen the old table where it cannot hold every script or a long form; its rows stay."""
    if op.get_bind().dialect.name == "mysql":
        op.execute("ALTER TABLE fir_records CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        op.execute("ALTER TABLE fir_records MODIFY fir_content LONGTEXT, MODIFY violations_json LONGTEXT")
    add_indexes("fir_records", _FIR_INDEXES)


def downgrade() -> None:
    op.drop_table("step_versions")
    op.drop_table("cases")
