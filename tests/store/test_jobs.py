"""Jobs are handed to one worker at a time, and ended in the transaction of what they did, on both databases."""

import asyncio
from uuid import uuid4

import pytest

from afirgen.case.job import Closing, JobState, NewJob
from afirgen.case.session import Step
from afirgen.errors import LostLeaseError, NotFoundError
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.jobs import JobStore, Lease
from afirgen.store.migrate import downgrade, upgrade
from tests.store.kit import ACCEPTED, DRAFTED, NOW, SOURCE, new_case, version

pytestmark = pytest.mark.anyio
ONE = Lease(owner="one", seconds=30)
TWO = Lease(owner="two", seconds=30)


async def opened(database: Database) -> NewJob:
    job = NewJob(id=str(uuid4()), step=Step.TRANSCRIPT)
    await CaseStore(database).create(SOURCE, ACCEPTED, language=None, reported_on=NOW, job=job)
    return job


async def test_one_of_many_workers_gets_a_job(database: Database) -> None:
    store, job = JobStore(database), await opened(database)
    leases = [Lease(owner=str(n), seconds=30) for n in range(8)]
    claimed = [c for c in await asyncio.gather(*(store.claim(job.id, lease) for lease in leases)) if c]
    assert [(c.state, c.attempt, c.step) for c in claimed] == [(JobState.RUNNING, 1, Step.TRANSCRIPT)]
    assert claimed[0].started_at is not None
    assert claimed[0].started_at.tzinfo is not None
    assert await store.free() == ()


async def test_a_job_without_a_sign_of_life_goes_to_another_worker(database: Database) -> None:
    store, job = JobStore(database), await opened(database)
    await store.claim(job.id, Lease(owner="one", seconds=-1))
    assert await store.free() == (job.id,)
    taken = await store.claim(job.id, TWO)
    assert taken is not None
    assert taken.attempt == 2
    assert await store.renew(ONE) == frozenset()
    assert await store.renew(TWO) == {job.id}
    case = taken.case_id
    late = Closing(job_id=job.id, state=JobState.DONE, owner="one")
    with pytest.raises(LostLeaseError):
        await CaseStore(database).add_version(case, version(Step.TRANSCRIPT), DRAFTED, job=late)
    assert await CaseStore(database).history(case) == ()
    done = Closing(job_id=job.id, state=JobState.DONE, owner="two")
    assert await CaseStore(database).add_version(case, version(Step.TRANSCRIPT), DRAFTED, job=done) == 1
    with pytest.raises(LostLeaseError):
        await CaseStore(database).update(case, DRAFTED, job=Closing(job_id=job.id, state=JobState.CANCELLED))
    assert [e.state.value for e in await store.events(job.id)] == ["queued", "running", "running", "done"]


async def test_a_sign_of_life_keeps_a_job(database: Database) -> None:
    store, job = JobStore(database), await opened(database)
    await store.claim(job.id, Lease(owner="one", seconds=-1))
    assert await store.renew(ONE) == {job.id}
    assert await store.free() == ()
    assert await store.claim(job.id, TWO) is None


async def test_what_is_given_back_is_free_and_the_attempt_does_not_count(database: Database) -> None:
    store, job = JobStore(database), await opened(database)
    await store.claim(job.id, ONE)
    await store.give_back("one")
    assert await store.free() == (job.id,)
    again = await store.claim(job.id, TWO)
    assert again is not None
    assert again.attempt == 1


async def test_events_are_counted_without_gaps_and_only_the_worker_tells(database: Database) -> None:
    store, job = JobStore(database), await opened(database)
    await store.claim(job.id, ONE)
    await asyncio.gather(*(store.tell(job.id, "one", "transcript", n / 10) for n in range(10)))
    await store.tell(job.id, "two", "transcript", 1.0)
    events = await store.events(job.id)
    assert [e.seq for e in events] == list(range(1, 13))
    assert sorted(e.share for e in events if e.share is not None) == [n / 10 for n in range(10)]
    assert [e.seq for e in await store.events(job.id, after=10)] == [11, 12]


async def test_jobs_are_listed_newest_first_with_their_place(database: Database) -> None:
    store = JobStore(database)
    ids = [(await opened(database)).id for _ in range(3)]
    listed = await store.page(only_open=True)
    assert [job.id for job in listed] == ids[::-1]
    assert [await store.before(job) for job in listed] == [2, 1, 0]
    assert await store.open_of(listed[0].case_id) == listed[0]
    assert await store.page(case_id=listed[0].case_id) == listed[:1]
    assert [job.id for job in await store.page(limit=1, offset=1)] == [ids[1]]
    with pytest.raises(NotFoundError):
        await store.get("none")


async def test_work_of_an_older_database_gets_a_job(empty_url: str) -> None:
    upgrade(empty_url)
    database = Database(empty_url)
    case = await new_case(CaseStore(database))
    await database.close()
    downgrade(empty_url, "0004")
    upgrade(empty_url)
    upgraded = Database(empty_url)
    (free,) = await JobStore(upgraded).free()
    job = await JobStore(upgraded).claim(free, ONE)
    assert job is not None
    assert (job.case_id, job.step, job.again) == (case.id, Step.TRANSCRIPT, False)
    await upgraded.close()
