"""A piece of drafting: what is to be drafted for which case, and how far it is."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from afirgen.case.session import Step


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more happens in such a job."""
        return self not in OPEN


OPEN = (JobState.QUEUED, JobState.RUNNING)


class NewJob(Struct, frozen=True, kw_only=True):
    """A job to be done on a case's current step; ``again`` asks for a new draft, ``note`` says what of it."""

    id: str
    step: Step
    again: bool = False
    note: str | None = None


class Closing(Struct, frozen=True, kw_only=True):
    """The end of a job. With ``owner`` only whoever holds its lease may end it; ``error`` is a public sentence."""

    job_id: str
    state: JobState
    owner: str | None = None
    error: str | None = None


class Job(Struct, frozen=True, kw_only=True):
    """A job as stored. ``attempt`` counts how often it was begun; times are UTC."""

    id: str
    case_id: str
    step: Step
    again: bool
    note: str | None
    state: JobState
    attempt: int
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobEvent(Struct, frozen=True, kw_only=True):
    """Something that happened in a job; ``seq`` counts from 1 in each job, ``share`` is the stage's part done, 0..1."""

    seq: int
    at: datetime
    state: JobState
    stage: str | None = None
    share: float | None = None
