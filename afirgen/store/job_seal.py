"""Under which hash a job stands in the audit log.

What a job was opened with never changes and counts from its beginning. What changes while it is worked on (its state,
its lease, its events) counts from its end on, together with all its events.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import hash_of
from afirgen.case.job import OPEN
from afirgen.store.raw import Row, as_text, job_key, raw, row_hashes
from afirgen.store.tables import job_events, jobs

_OPEN = frozenset(state.value for state in OPEN)
_OPENED_WITH = ("id", "case_id", "step", "again", "note", "created_at")
Folded = tuple[str, ...]
NO_EVENTS: Folded = ("", "", "")
"""What events are folded into, for each form that a row can have."""


def fold(so_far: Folded, event: Row) -> Folded:
    """Take the next event of a job."""
    row = {**event, "share": _share(event.get("share"))}
    return tuple(hash_of([before, own]) for before, own in zip(so_far, row_hashes(row), strict=True))


def job_hashes(job: Row, events: Folded) -> Iterator[str]:
    """Give the hash of a job, and those that it has in a database of another kind."""
    if job.get("state") in _OPEN:
        yield from row_hashes({name: job.get(name) for name in _OPENED_WITH})
    else:
        yield from (hash_of([own, folded]) for own, folded in zip(row_hashes(job), events, strict=True))


async def job_record(connection: AsyncConnection, job_id: str) -> dict[str, str]:
    """Return the hash of a job by its name in the audit log, as part of a transaction."""
    found = await connection.execute(raw(jobs).where(jobs.c.id == job_id))
    job = as_text(found.mappings().one())
    events = NO_EVENTS
    if job.get("state") not in _OPEN:
        for event in await _events(connection, job_id):
            events = fold(events, as_text(event))
    return {job_key(job_id): next(job_hashes(job, events))}


async def _events(connection: AsyncConnection, job_id: str) -> list[RowMapping]:
    query = raw(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.seq)
    found: Any = await connection.execute(query)
    return list(found.mappings())


def _share(text: str | None) -> str | None:
    """Return a share of 0 to 1 in the one form that both databases can be brought to; a damaged one as it is."""
    try:
        return text if text is None else f"{float(text):g}"
    except ValueError:
        return text
