"""The order in which the cases of one status are listed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NAME = "ix_cases_status_created_at"


def upgrade() -> None:
    if _NAME not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("cases")}:
        op.create_index(_NAME, "cases", ["status", "created_at"])


def downgrade() -> None:
    op.drop_index(_NAME, "cases")
