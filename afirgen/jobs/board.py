"""Jobs at work in this process: taken under a lease, given signs of life, told about, stopped, taken up again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from uuid import uuid4

import structlog
from msgspec import Struct

from afirgen.case.job import Job, JobEvent
from afirgen.errors import AfirgenError
from afirgen.jobs.ending import end_tasks
from afirgen.pipeline.run import OnProgress
from afirgen.store.jobs import JobStore, Lease

_log = structlog.get_logger(__name__)
_TELL_EVERY_S = 0.5
_LOOK_EVERY_S = 1.0


class Progress(Struct, frozen=True):
    """How far the work on a case is: the stage's name and the share of it done, 0..1."""

    stage: str
    share: float


class JobBoard:
    """Runs jobs; ``work`` does one, tells how far it is, and ends it in the database under the owner that it is given.

    ``lease_s`` is how long a job counts as being worked on after the last sign of life.
    """

    def __init__(
        self, store: JobStore, work: Callable[[Job, str, OnProgress], Awaitable[None]], *, lease_s: float
    ) -> None:
        self._store = store
        self._work = work
        self._lease = Lease(owner=uuid4().hex, seconds=lease_s)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Progress] = {}
        self._held: set[str] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()

    @property
    def busy(self) -> int:
        """How many jobs are at work here."""
        return len(self._running)

    @property
    def worker(self) -> str:
        """The name under which jobs are taken here."""
        return self._lease.owner

    @property
    def alive(self) -> bool:
        """Whether the loop that gives the signs of life runs, or was not needed yet."""
        return self._keeper is None or not self._keeper.done()

    def start(self, job_id: str) -> "asyncio.Task[None]":
        """Begin a job here, unless another worker has it; return its task."""
        if job_id in self._running:
            return self._running[job_id]
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        task = asyncio.create_task(self._run(job_id))
        self._running[job_id] = task
        task.add_done_callback(lambda _task: self._forget(job_id))
        self._ring()
        return task

    async def resume(self) -> int:
        """Take up every job that nobody works on; return how many."""
        waiting = [job_id for job_id in await self._store.free() if job_id not in self._running]
        for job_id in waiting:
            self.start(job_id)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        return len(waiting)

    def stop(self, job_id: str) -> None:
        """Stop a job here if it is at work; ending it in the database is the caller's part."""
        if job_id in self._running:
            self._running[job_id].cancel()
        self._ring()

    async def close(self) -> None:
        """Stop all work and queue it again, for whoever starts next."""
        pending = [*self._running.values(), *([self._keeper] if self._keeper else [])]
        await end_tasks(*pending)
        self._keeper = None
        if pending:
            with suppress(AfirgenError):
                # If it fails, the leases run out by themselves.
                await self._store.give_back(self._lease.owner)

    def progress(self, case_id: str) -> Progress | None:
        """Return how far the job of a case is, None when none has told anything here."""
        return self._progress.get(case_id)

    async def follow(self, job_id: str, after: int = 0) -> AsyncIterator[JobEvent]:
        """Give the job's events with a number above ``after`` as they come, until the job is over.

        Raises:
            NotFoundError: There is no such job.
        """
        while True:
            # In this order nothing is missed: whatever ended the job is among the events that are read after it.
            bell = self._bell
            over = (await self._store.get(job_id)).state.over
            for event in await self._store.events(job_id, after=after):
                after = event.seq
                yield event
            if over:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), _LOOK_EVERY_S)

    async def ended(self, job_id: str) -> None:
        """Wait until a job is over, whoever does it; it goes on also when nobody waits for it any more."""
        async for _event in self.follow(job_id):
            pass

    async def _run(self, job_id: str) -> None:
        job = await self._store.claim(job_id, self._lease)
        if job is None:
            return
        self._held.add(job_id)
        teller = asyncio.create_task(self._tell(job))
        try:
            await self._work(job, self._lease.owner, partial(self._note, job.case_id))
        finally:
            self._progress.pop(job.case_id, None)
            await end_tasks(teller)

    def _forget(self, job_id: str) -> None:
        task = self._running.pop(job_id)
        self._held.discard(job_id)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease runs out, and the job is taken up again.
            _log.error("job_interrupted", job=job_id, exc_info=error)
        self._ring()

    def _note(self, case_id: str, stage: str, share: float) -> None:
        """Note how far the job of a case is; those who follow it are told within a second."""
        self._progress[case_id] = Progress(stage, share)

    async def _tell(self, job: Job) -> None:
        """Keep the progress of a job whenever it has changed."""
        told: Progress | None = None
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            now = self._progress.get(job.case_id)
            if now is not None and now != told:
                told = now
                with suppress(AfirgenError):
                    # What is not kept now is kept the next time; the work itself goes on.
                    await self._store.tell(job.id, self._lease.owner, now.stage, round(now.share, 3))
                self._ring()

    async def _keep(self) -> None:
        """Give signs of life, stop what was taken away, and take up what others left."""
        while True:
            await asyncio.sleep(self._lease.seconds / 3)
            try:
                held = frozenset(self._held)
                for job_id in held - (await self._store.renew(self._lease) if held else held):
                    self.stop(job_id)
                await self.resume()
            except AfirgenError as err:
                _log.warning("jobs_not_kept", code=err.code, detail=err.detail)

    def _ring(self) -> None:
        """Wake everybody who follows a job."""
        self._bell.set()
        self._bell = asyncio.Event()
