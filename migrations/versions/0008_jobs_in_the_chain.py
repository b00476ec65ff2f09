"""Jobs enter the audit chain as they stand. Whoever is signed in to the page signs in anew, which enters it too."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa
from alembic import op

from afirgen.case.audit import MACHINE, Action, Event, link
from afirgen.store.job_seal import NO_EVENTS, Folded, fold, job_hashes
from afirgen.store.migration_help import table_now
from afirgen.store.raw import as_text, job_key, raw

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PART = 500


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.delete(table_now("page_sessions")))
    log, end = table_now("audit_log"), table_now("audit_head")
    head = connection.execute(sa.select(end.c.seq, end.c.hash)).one()
    seq, previous = head.seq, head.hash
    for records in _parts(connection):
        seq += 1
        event = Event(actor=MACHINE, action=Action.ADOPTED)
        entry = link(event, seq=seq, previous=previous, at=datetime.now(UTC), case_id=None, records=records)
        connection.execute(sa.insert(log).values(msgspec.structs.asdict(entry)))
        previous = entry.hash
    connection.execute(sa.update(end).values(seq=seq, hash=previous))


def _parts(connection: sa.Connection) -> Iterator[dict[str, str]]:
    """Give the names and hashes of all jobs, some hundreds at a time."""
    events: dict[str | None, Folded] = {}
    told = table_now("job_events")
    for row in map(as_text, connection.execute(raw(told).order_by(told.c.job_id, told.c.seq)).mappings()):
        events[row["job_id"]] = fold(events.get(row["job_id"], NO_EVENTS), row)
    jobs = table_now("jobs")
    found = [as_text(row) for row in connection.execute(raw(jobs).order_by(jobs.c.id)).mappings()]
    for start in range(0, len(found), _PART):
        part = found[start : start + _PART]
        yield {job_key(row["id"]): next(job_hashes(row, events.get(row["id"], NO_EVENTS))) for row in part}


def downgrade() -> None:
    """Leave the chain as it is: what was entered is never taken out."""
