"""The station's register with its counters, and holds on cases."""

import sqlalchemy as sa
from alembic import op

from afirgen.store.migration_help import add_columns, add_indexes, create_table, drop_columns
from afirgen.store.tables import REGISTER_STATION_LENGTH

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ENTRY = ("register_station", "register_year", "register_number")
_UNIQUE = "uq_fir_records_register"


def upgrade() -> None:
    create_table(
        "register_counters",
        sa.Column("station", sa.String(REGISTER_STATION_LENGTH), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
    )
    add_columns(
        "fir_records",
        sa.Column("register_station", sa.String(REGISTER_STATION_LENGTH)),
        sa.Column("register_year", sa.Integer),
        sa.Column("register_number", sa.Integer),
    )
    if _UNIQUE not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("fir_records")}:
        op.create_index(_UNIQUE, "fir_records", list(_ENTRY), unique=True)
    add_columns("cases", sa.Column("hold", sa.Text))
    add_indexes("cases", ("original",))


def downgrade() -> None:
    op.drop_index("ix_cases_original", "cases")
    drop_columns("cases", "hold")
    op.drop_index(_UNIQUE, "fir_records")
    drop_columns("fir_records", *_ENTRY)
    op.drop_table("register_counters")
