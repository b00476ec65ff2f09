"""A small FIR document for tests of what is done with one."""

from datetime import UTC, datetime

from afirgen.case.evidence import Source, SourceKind, Span, Transcript
from afirgen.case.facts import Accused, Facts, Field, Informant, Occurrence, Property
from afirgen.case.fir import FirDocument, Provenance, Station
from afirgen.case.law import (
    Assessment,
    Attributes,
    Candidate,
    Cognizance,
    Law,
    LegalView,
    Route,
    SectionRef,
    Standing,
)
from afirgen.case.state import CaseState
from afirgen.pipeline.compose import compose
from afirgen.pipeline.narrate import narrate

TEXT = (
    "I am Anil Rao s/o Hari Rao. On 12.03.2025 at 7.30 pm Ravi took my motorcycle worth Rs 45,000 near the bank. "
    "घर के पास। Mob 9847012345."
)
NOW = datetime(2025, 3, 13, 4, 30, tzinfo=UTC)
THEFT = Assessment(
    section=SectionRef("BNS", "303(2)"),
    title="Theft",
    statement="Taking movable property dishonestly without consent is theft.",
    standing=Standing.PROPOSED,
    reason="All ingredients are met.",
    attributes=Attributes(
        offence="Theft",
        punishment="up to 3 years, or fine, or both",
        cognizable=Cognizance.YES,
        bailable=Cognizance.NO,
        court="Any Magistrate",
        max_months=36,
    ),
)


def field(words: str, value: str | None = None) -> Field:
    """Quote ``words`` of the text as a field."""
    start = TEXT.index(words)
    return Field(value=value or words, span=Span(start, start + len(words)))


def document(**changes: object) -> FirDocument:
    """Make the document; keyword arguments replace parts of it."""
    facts = Facts(
        informant=Informant(name=field("Anil Rao"), relative_name=field("Hari Rao"), phone=field("9847012345")),
        occurrence=Occurrence(
            date_from=field("12.03.2025", "2025-03-12"),
            time_from=field("7.30 pm", "19:30"),
            place=field("near the bank"),
        ),
        accused=(Accused(name=field("Ravi")),),
        property=(Property(item=field("motorcycle"), value_inr=field("Rs 45,000", "45000")),),
    )
    transcript = Transcript(text=TEXT, language="en")
    law = LegalView(
        law=Law.BNS,
        law_reason="The occurrence is on or after 2024-07-01.",
        candidates=(Candidate(section=THEFT.section, score=1.0, origin="search"),),
        assessments=(THEFT,),
        route=Route.FIR,
        route_reason="A cognizable offence is proposed.",
    )
    parts: dict[str, object] = {
        "source": Source(kind=SourceKind.TEXT, media_type="text/plain", sha256="0" * 64, size=len(TEXT)),
        "transcript": transcript,
        "facts": facts,
        "law": law,
        "narrative": narrate(transcript, facts),
        "reported_on": NOW,
    }
    station = changes.pop("station", Station())
    provenance = Provenance(program="AFIRGen", models=("a model",), drafted_at=NOW)
    case = CaseState(**{**parts, **changes})  # type: ignore[arg-type]
    return compose(case, station=station, provenance=provenance)  # type: ignore[arg-type]
