"""Officers, their sessions on the page, and failed sign-ins."""

import sqlalchemy as sa
from alembic import op

from afirgen.store.migration_help import create_table
from afirgen.store.tables import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "officers",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(150), nullable=False, unique=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("key_hash", sa.String(64), unique=True),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("disabled_at", UtcTime),
    )
    create_table(
        "page_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("officer_id", sa.Integer, sa.ForeignKey("officers.id")),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        indexes=("expires_at",),
    )
    create_table(
        "sign_in_failures",
        sa.Column("name_key", sa.String(150), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", UtcTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("sign_in_failures")
    op.drop_table("page_sessions")
    op.drop_table("officers")
