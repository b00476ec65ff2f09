"""Sections of law as they are proposed, with the reason for each."""

from enum import StrEnum

from msgspec import Struct

from afirgen.case.evidence import Span


class Law(StrEnum):
    """The penal law that governs an occurrence; it changed on 2024-07-01."""

    BNS = "BNS"
    IPC = "IPC"
    OFFICER_DECIDES = "officer_decides"


class SectionRef(Struct, frozen=True, order=True):
    """A provision, as ``act`` ("BNS", "IPC", "IT Act 2000", ...) and ``number`` ("303(2)")."""

    act: str
    number: str

    @property
    def base(self) -> str:
        """The section's number without sub-section or clause."""
        return self.number.split("(", 1)[0]

    def __str__(self) -> str:
        return f"{self.act} {self.number}"


class Cognizance(StrEnum):
    """What the First Schedule of the BNSS says; it never defaults."""

    YES = "yes"
    NO = "no"
    OFFICER_DECIDES = "officer_decides"


class Attributes(Struct, frozen=True, kw_only=True):
    """One entry of the First Schedule of the BNSS, in this program's own words."""

    offence: str
    punishment: str
    cognizable: Cognizance
    bailable: Cognizance
    court: str
    condition: str | None = None
    max_months: int | None = None
    life: bool = False
    death: bool = False


class Verdict(StrEnum):
    """What the complaint says of one ingredient."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_STATED = "not_stated"
    NOT_CHECKED = "not_checked"


class Ingredient(Struct, frozen=True, kw_only=True):
    """One condition of an offence and what the complaint says of it.

    ``score`` is the calibrated probability of "yes", None where no model was asked.
    ``excludes`` marks a condition that must be absent.
    """

    question_id: str
    question: str
    verdict: Verdict
    excludes: bool = False
    score: float | None = None
    evidence: tuple[Span, ...] = ()


class Standing(StrEnum):
    """What the rules say of a candidate section."""

    PROPOSED = "proposed"
    POSSIBLE = "possible"
    REJECTED = "rejected"


class Assessment(Struct, frozen=True, kw_only=True):
    """A candidate section with its ingredient table."""

    section: SectionRef
    title: str
    statement: str
    standing: Standing
    reason: str
    ingredients: tuple[Ingredient, ...] = ()
    attributes: Attributes | None = None
    score: float = 0.0
    ask: tuple[str, ...] = ()


class Candidate(Struct, frozen=True, kw_only=True):
    """A section that search or screening brought up, best first; ``origin`` says which."""

    section: SectionRef
    score: float
    origin: str


class Route(StrEnum):
    """Which record the station makes (BNSS 173, 174)."""

    FIR = "fir"
    NON_COGNIZABLE_REPORT = "ncr"
    DIARY_ENTRY = "diary_entry"
    OFFICER_DECIDES = "officer_decides"


class LegalView(Struct, frozen=True, kw_only=True):
    """The section step's result: law, candidates, assessed sections, route, and what is left to ask."""

    law: Law
    law_reason: str
    candidates: tuple[Candidate, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    route: Route = Route.OFFICER_DECIDES
    route_reason: str = ""
    duties: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def proposed(self) -> tuple[Assessment, ...]:
        """The sections that the rules propose, in order."""
        return tuple(a for a in self.assessments if a.standing is Standing.PROPOSED)

    @property
    def possible(self) -> tuple[Assessment, ...]:
        """The sections that lack one or more stated ingredients."""
        return tuple(a for a in self.assessments if a.standing is Standing.POSSIBLE)
