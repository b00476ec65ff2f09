"""The order in which cases are listed."""

from alembic import op

from afirgen.store.migration_help import add_indexes

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_indexes("cases", ("created_at",))


def downgrade() -> None:
    op.drop_index("ix_cases_created_at", "cases")
