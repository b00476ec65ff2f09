"""Small makers for tests of the store, and a database with one finished case."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.audit import Action, Actor, Channel, Event, Role
from afirgen.case.evidence import Source, SourceKind
from afirgen.case.job import Closing, JobState, NewJob
from afirgen.case.session import Step
from afirgen.store.cases import CaseRecord, CaseStore, NewVersion
from afirgen.store.database import Database
from afirgen.store.firs import FirStore, FirText, new_fir_number
from afirgen.store.jobs import JobStore, Lease
from afirgen.store.migrate import upgrade
from afirgen.store.originals import Originals
from afirgen.store.verify import verify

ORIGINAL = "मेरा फ़ोन चोरी हो गया।".encode()
SOURCE = Source(
    kind=SourceKind.TEXT,
    media_type="text/plain",
    sha256=sha256(ORIGINAL).hexdigest(),
    size=len(ORIGINAL),
    filename="पत्र.txt",
)
NOW = datetime(2025, 3, 13, 4, 30, 5, 123456, tzinfo=UTC)
OFFICER = Actor(name="A. Officer", role=Role.RECORDING_OFFICER, channel=Channel.PAGE, address="10.0.0.7")
FINALIZED = Event(actor=OFFICER, action=Action.FIR_FINALIZED)
DRAFTED = Event(actor=OFFICER, action=Action.STEP_DRAFTED)
ACCEPTED = Event(actor=OFFICER, action=Action.CASE_ACCEPTED)


def version(step: Step, content: str = "{}", author: str = "machine", **more: str) -> NewVersion:
    return NewVersion(step=step, content=content.encode(), author=author, models=("m",), note=more.get("note"))


async def new_case(store: CaseStore, language: str | None = None, job: NewJob | None = None) -> CaseRecord:
    return await store.create(SOURCE, ACCEPTED, language=language, reported_on=NOW, job=job)


def fir(number: str | None = None, content: str = "प्राथमिकी") -> FirText:
    return FirText(number=number or new_fir_number(NOW), complaint="शिकायत", content=content, violations="[]")


_TRIGGERS = ("audit_log_no_update", "audit_log_no_delete", "step_versions_no_update", "step_versions_no_delete")


class Station:
    """A database with one finished case, and its originals."""

    def __init__(self, url: str, folder: Path) -> None:
        upgrade(url)
        self.url = url
        self.database = Database(url)
        self.originals = Originals(folder / "originals")
        self.cases = CaseStore(self.database)
        self.firs = FirStore(self.database, "थाना")
        self.jobs = JobStore(self.database)
        self.case = ""
        self.job = ""
        self.number = ""

    async def fill(self) -> None:
        """Take a case from its acceptance to a finalized FIR."""
        await self.fill_without_form()
        approved = Event(actor=OFFICER, action=Action.STEP_APPROVED, details={"version": 2})
        await self.cases.update(self.case, approved, step=Step.FINAL.value, status="processing")
        text_ = fir()
        self.number = text_.number
        await self.cases.add_version(self.case, version(Step.FINAL), DRAFTED, fir=text_, fir_number=text_.number)
        await self.firs.finalize(self.number, FINALIZED)

    async def fill_without_form(self) -> None:
        """Take a case to its corrected transcript."""
        self.originals.put(ORIGINAL, SOURCE.sha256)
        self.job = str(uuid4())
        job = NewJob(id=self.job, step=Step.TRANSCRIPT, note="जल्दी")
        self.case = (await new_case(self.cases, language="hi", job=job)).id
        await self.jobs.claim(self.job, Lease(owner="w", seconds=60))
        await self.jobs.tell(self.job, "w", "transcript", 1.0)
        done = Closing(job_id=self.job, state=JobState.DONE, owner="w")
        drafted = version(Step.TRANSCRIPT, '{"text":"मेरा"}', note="जल्दी")
        await self.cases.add_version(self.case, drafted, DRAFTED, job=done)
        edited = Event(actor=OFFICER, action=Action.STEP_EDITED)
        await self.cases.add_version(self.case, version(Step.TRANSCRIPT, '{"text":"मेरा फ़ोन"}', "officer"), edited)

    async def faults(self) -> list[str]:
        return [fault.record for fault in (await verify(self.database, self.originals)).faults]

    async def change(self, *statements: str) -> None:
        """Change the database as somebody with all rights would, who first removes the triggers."""

        async def work(connection: AsyncConnection) -> None:
            for statement in (*(f"DROP TRIGGER IF EXISTS {name}" for name in _TRIGGERS), *statements):
                await connection.execute(text(statement))

        await self.database.write(work)
