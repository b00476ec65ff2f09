"""Whatever officers do in whatever order, and whenever the program stops, no invariant of a case is broken."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from afirgen.case.audit import Action, Actor, Channel, Event, Role
from afirgen.case.evidence import Source, Transcript
from afirgen.case.job import OPEN
from afirgen.case.session import REGENERABLE, SessionStatus, Step
from afirgen.errors import AfirgenError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import CaseView
from afirgen.pipeline.run import OnProgress, Original
from afirgen.store.audit import AuditLog
from afirgen.store.originals import Originals
from afirgen.store.verify import verify
from tests.web.installation import COMPLAINT, Installation

T = TypeVar("T")
NAMES = ("Asha Rao", "Bala Iyer", "Chitra Das")
OFFICERS = tuple(Actor(name=name, role=Role.RECORDING_OFFICER, channel=Channel.PAGE) for name in NAMES)
WHO = st.sampled_from(OFFICERS)
WRITING = {Action.CASE_ACCEPTED, Action.STEP_EDITED}
REFUSALS = {"wrong_step", "invalid_input", "not_allowed", "changed_meanwhile", "not_found", "job_over"}


class Gate:
    """Lets the reading of complaints wait while it is shut."""

    def __init__(self, installation: Installation) -> None:
        self.renew()
        self._read = installation.pipeline.read
        installation.pipeline.read = self._wait  # type: ignore[method-assign]

    def renew(self) -> None:
        """Open the gate, for another event loop too."""
        self.open = asyncio.Event()
        self.open.set()

    async def _wait(self, original: Original, on_progress: OnProgress) -> tuple[Source, Transcript]:
        await self.open.wait()
        return await self._read(original, on_progress)


async def _nothing(owner: str) -> None:
    """Stand for what a process that was killed does not do any more."""
    del owner


class Station(RuleBasedStateMachine):
    """Officers at work on cases, with what must always hold."""

    cases: Bundle[str] = Bundle("cases")
    station: Installation
    gate: Gate
    empty: Path
    reached: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.gate.renew()
        self.station.folder = Path(self.folder.name)
        database = shutil.copy(self.empty, self.station.folder / "test.db")
        self.station.url = f"sqlite+aiosqlite:///{database}"
        self.station.pipeline.fail_next = False
        self.station.open()
        self.written: dict[tuple[str, Step, int], bytes] = {}
        self.finalized: dict[str, str] = {}
        self.writers: dict[str, set[str]] = defaultdict(set)

    def run(self, work: Awaitable[T]) -> T | None:
        """Do something; a refusal that an officer can meet is no fault."""

        async def bounded() -> T:
            return await asyncio.wait_for(work, 20)

        try:
            return self.loop.run_until_complete(bounded())
        except AfirgenError as err:
            if err.code not in REFUSALS:
                raise
            return None

    @rule(target=cases, by=WHO)
    def accept(self, by: Actor) -> str:
        data = COMPLAINT.encode()
        record = self.run(self.station.reception.accept(data, Original(data=data), by=by))
        assert record is not None
        self.writers[record.id].add(by.name)
        return record.id

    @rule(case=cases, by=WHO)
    def go_through_all_steps(self, case: str, by: Actor) -> None:
        """Approve what can be approved, the form by whoever may, so that the end is met as often as the beginning."""
        self.gate.open.set()
        self.station.pipeline.fail_next = False
        self.run(self.ended(case))
        self.retry(case, by)
        self.run(self.ended(case))
        for step in Step:
            for officer in OFFICERS if step is Step.FINAL else (by,):
                self.approve(case, officer, "wait")

    @rule(case=cases, by=WHO, how=st.sampled_from(["wait", "go on"]))
    def approve(self, case: str, by: Actor, how: str) -> None:
        before = self.view(case).record
        wait = how == "wait" and self.gate.open.is_set()
        after = self.run(self.station.review.approve(case, by=by, wait=wait))
        if after is None:
            return
        if before.step is Step.FINAL:
            self.reached.add("completed")
            assert after.record.status is SessionStatus.COMPLETED
            assert by.name not in self.writers[case]
        else:
            assert after.record.step is before.step.following

    @rule(case=cases, by=WHO, text=st.sampled_from(["A man took it near the temple.", "", "BNS 304(2)"]))
    def save(self, case: str, by: Actor, text: str) -> None:
        view = self.view(case)
        newest = view.versions.get(view.record.step)
        seen = Seen(view.record.step, newest.version if newest else 1)
        if self.run(self.station.review.save(case, text, by=by, seen=seen)) is not None:
            self.writers[case].add(by.name)

    @rule(case=cases, by=WHO)
    def save_what_is_not_the_newest(self, case: str, by: Actor) -> None:
        step = self.view(case).record.step
        kept = self.run(self.station.review.save(case, "Too late.", by=by, seen=Seen(step, 99)))
        assert kept is None

    @rule(case=cases, by=WHO, step=st.sampled_from(sorted(REGENERABLE)))
    def regenerate(self, case: str, by: Actor, step: Step) -> None:
        self.run(self.station.review.regenerate(case, step, by=by, note="look again", wait=False))

    @rule(case=cases, by=WHO, step=st.sampled_from(Step))
    def reopen(self, case: str, by: Actor, step: Step) -> None:
        before = self.view(case).record.step
        after = self.run(self.station.review.reopen(case, step, by=by))
        if after is not None:
            assert list(Step).index(step) < list(Step).index(before)
            assert (after.record.step, after.record.status) == (step, SessionStatus.AWAITING_VALIDATION)

    @rule(case=cases, by=WHO)
    def keep(self, case: str, by: Actor) -> None:
        self.run(self.station.review.reject(case, by=by))

    @rule(case=cases, by=WHO)
    def retry(self, case: str, by: Actor) -> None:
        self.run(self.station.review.retry(case, by=by, wait=False))

    @rule(case=cases, by=WHO)
    def by_hand(self, case: str, by: Actor) -> None:
        self.run(self.station.review.by_hand(case, by=by))

    @rule(target=cases, by=WHO)
    def stop_a_job(self, by: Actor) -> str:
        self.gate.open.clear()
        case = self.accept(by)
        job = self.run(self.station.jobs.open_of(case))
        assert job is not None
        assert self.run(self.station.review.cancel(job.id, by=by)) is not None
        self.reached.add("stopped")
        return case

    @rule(case=consumes(cases), by=WHO)
    def register(self, case: str, by: Actor) -> None:
        self.go_through_all_steps(case, by)
        view = self.view(case)
        number = view.record.fir_number
        if view.record.status is SessionStatus.COMPLETED and number:
            self.run(self.station.firs.finalize(number, Event(actor=by, action=Action.FIR_FINALIZED)))
            record = self.run(self.station.firs.get(number))
            assert record is not None
            self.finalized.setdefault(number, record.content or "")
            self.reached.add("registered")

    @rule()
    def the_model_fails_or_works_again(self) -> None:
        self.station.pipeline.fail_next = not self.station.pipeline.fail_next

    @rule()
    def reading_waits_or_goes_on(self) -> None:
        if self.gate.open.is_set():
            self.gate.open.clear()
        else:
            self.gate.open.set()

    @rule()
    def restart(self) -> None:
        self.run(self.station.casework.close())
        self.start()

    @rule()
    def crash(self) -> None:
        """Stop without giving anything back: the leases have to run out."""
        self.reached.add("crashed")
        self.station.board._store.give_back = _nothing  # type: ignore[method-assign]
        self.run(self.station.casework.close())
        self.run(asyncio.sleep(self.station.lease_s))
        self.start()

    def start(self) -> None:
        self.run(self.station.database.close())
        self.station.open()
        self.run(self.station.board.resume())

    def view(self, case: str) -> CaseView:
        found = self.run(self.station.review.view(case))
        assert found is not None
        return found

    @invariant()
    def versions_are_numbered_and_never_change(self) -> None:
        for case in self.writers:
            counted: dict[Step, int] = defaultdict(int)
            for version in self.run(self.station.cases.history(case)) or ():
                counted[version.step] += 1
                assert version.version == counted[version.step]
                key = (case, version.step, version.version)
                assert self.written.setdefault(key, version.content) == version.content

    @invariant()
    def a_case_is_worked_on_by_one_job_or_waits(self) -> None:
        for case in self.writers:
            jobs = self.run(self.station.jobs.page(case_id=case, limit=100)) or ()
            assert sum(job.state in OPEN for job in jobs) <= 1
            assert self.run(self.agree(case))

    async def agree(self, case: str) -> bool:
        """Tell whether a case and its jobs say the same; a job may end between two looks, but not between four."""
        for _ in range(2):
            working = await self.station.jobs.open_of(case) is not None
            status = (await self.station.review.view(case)).record.status
            if working is (status is SessionStatus.PROCESSING):
                return True
        return False

    @invariant()
    def a_registered_form_stays_as_it_is(self) -> None:
        for number, content in self.finalized.items():
            record = self.run(self.station.firs.get(number))
            assert record is not None
            assert record.content == content

    def teardown(self) -> None:
        """Let all work end: every accepted complaint is there, whole and attributed."""
        self.gate.open.set()
        self.run(self.station.board.resume())
        for case in self.writers:
            self.run(self.ended(case))
        for case, writers in self.writers.items():
            entries = self.run(AuditLog(self.station.database).of_case(case)) or ()
            assert entries[0].action == Action.CASE_ACCEPTED
            assert {e.actor for e in entries if e.action in WRITING} == writers
        verdict = self.run(verify(self.station.database, Originals(self.station.folder / "originals")))
        assert verdict is not None
        assert verdict.faults == ()
        self.run(self.station.casework.close())
        self.run(self.station.database.close())
        self.loop.close()
        self.folder.cleanup()

    async def ended(self, case: str) -> None:
        job = await self.station.jobs.open_of(case)
        if job is not None:
            await self.station.board.ended(job.id)
        assert await self.agree(case)


def test_no_order_of_acts_breaks_a_case(tmp_path: Path) -> None:
    installation = Installation(tmp_path, capacity=1000)
    installation.separate_approver = True
    installation.lease_s = 0.15
    Station.station, Station.gate, Station.empty = installation, Gate(installation), tmp_path / "test.db"
    Station.reached = set()
    run_state_machine_as_test(
        Station,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Station.reached == {"completed", "registered", "crashed", "stopped"}
