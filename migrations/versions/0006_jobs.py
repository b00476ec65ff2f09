"""Jobs with leases and their events; what was being worked on gets a job."""

import sqlalchemy as sa
from alembic import op

from afirgen.store.migration_help import add_indexes, create_table, table_now
from afirgen.store.tables import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", UtcTime),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        indexes=("case_id", "state", "created_at"),
    )
    create_table(
        "job_events",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(32)),
        sa.Column("share", sa.Float),
    )
    # The list of cases is read by it.
    add_indexes("cases", ("created_at",))
    _take_up()


def _take_up() -> None:
    """Open a job, under the case's own id, for each case that was being worked on."""
    cases, jobs = table_now("cases"), table_now("jobs")
    there = sa.select(jobs.c.id).scalar_subquery()
    waiting = sa.select(
        cases.c.id, cases.c.id, cases.c.step, sa.false(), sa.literal("queued"), sa.literal(0), sa.literal(0),
        cases.c.last_activity,
    ).where(cases.c.status == "processing", cases.c.id.not_in(there))  # fmt: skip
    columns = ["id", "case_id", "step", "again", "state", "attempt", "events", "created_at"]
    op.get_bind().execute(sa.insert(jobs).from_select(columns, waiting))


def downgrade() -> None:
    op.drop_index("ix_cases_created_at", "cases")
    op.drop_table("job_events")
    op.drop_table("jobs")
