"""Review sessions of earlier installations, kept word for word beside the cases."""

import sqlalchemy as sa
from alembic import op

from afirgen.store.migration_help import create_table
from afirgen.store.tables import LONG_TEXT, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "old_sessions",
        sa.Column("session_id", sa.String(255), primary_key=True),
        sa.Column("state", LONG_TEXT),
        sa.Column("status", sa.String(64)),
        sa.Column("created_at", sa.String(64)),
        sa.Column("last_activity", sa.String(64)),
        sa.Column("validation_history", LONG_TEXT),
        sa.Column("imported_at", UtcTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("old_sessions")
