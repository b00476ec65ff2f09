"""The draft's text parts and the First Information Report itself (Integrated Investigation Form I)."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from afirgen.case.evidence import Source, Span, Transcript
from afirgen.case.facts import Author, Facts
from afirgen.case.law import Assessment, LegalView, Route


class SentenceKind(StrEnum):
    """How a sentence of a summary or narrative came about."""

    REWRITTEN = "rewritten"
    VERBATIM = "verbatim"
    OFFICER = "officer"


class Sentence(Struct, frozen=True, kw_only=True):
    """One sentence, the source words it rests on, and what is wrong with it, if anything.

    A sentence with a ``problem`` blocks approval until the officer removes, edits or owns it: ``own_knowledge`` says
    that an officer stands for it.
    """

    text: str
    kind: SentenceKind
    spans: tuple[Span, ...] = ()
    author: Author = Author.MACHINE
    problem: str | None = None
    own_knowledge: bool = False


class Prose(Struct, frozen=True, kw_only=True):
    """A summary or a narrative as checked sentences."""

    sentences: tuple[Sentence, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The sentences joined as one paragraph."""
        return " ".join(s.text for s in self.sentences)


class Station(Struct, frozen=True, kw_only=True):
    """Set-up data of the police station; anything not set stays blank on the form."""

    name: str | None = None
    district: str | None = None
    state: str | None = None


class RegisterEntry(Struct, frozen=True):
    """The place of a registered FIR in its station's register: ``number`` counts from 1 in each ``year`` (in India)."""

    number: int
    year: int

    def __str__(self) -> str:
        return f"{self.number}/{self.year}"


class Provenance(Struct, frozen=True, kw_only=True):
    """Which program and models helped, and when (UTC)."""

    program: str
    models: tuple[str, ...]
    drafted_at: datetime


class Features(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Physical features of the suspect as the informant gives them (attachment to item 7)."""

    sex: str | None = None
    birth: str | None = None
    build: str | None = None
    height: str | None = None
    complexion: str | None = None
    marks: str | None = None
    deformities: str | None = None
    teeth: str | None = None
    hair: str | None = None
    eyes: str | None = None
    habits: str | None = None
    dress: str | None = None
    language: str | None = None
    burn_mark: str | None = None
    leucoderma: str | None = None
    mole: str | None = None
    scar: str | None = None
    tattoo: str | None = None


class Particulars(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What only the officer can fill in; the program leaves every one of these blank.

    ``information_type`` is ``written``, ``oral`` or ``electronic`` where the officer says so. ``action`` is item 13(1)
    as the officer words it, ``directed`` names the officer of item 13(2), ``read_over`` says when, in which language
    and by whom the record was read over. ``unknown`` lists the blanks that the informant was asked for and does not
    know. ``features`` are what of the suspect's features ``suspect`` has no place for.
    """

    time_period: str | None = None
    diary_entry: str | None = None
    information_type: str | None = None
    direction: str | None = None
    outside: str | None = None
    permanent_address: str | None = None
    uid: str | None = None
    passport: str | None = None
    identity: str | None = None
    accused_more: str | None = None
    inquest: str | None = None
    features: str | None = None
    action: str | None = None
    directed: str | None = None
    refused_because: str | None = None
    transferred_to: str | None = None
    transferred_district: str | None = None
    magistrate: str | None = None
    read_over: str | None = None
    officer: str | None = None
    dispatch: str | None = None
    suspect: Features = Features()
    unknown: tuple[str, ...] = ()


DIARY_BLANK = "3(c) general diary entry"
"""The blank that goes when the officer enters the diary's number."""


class FirDocument(Struct, frozen=True, kw_only=True):
    """All that a print of the draft needs. Items 13 to 15 are blank until the officer fills ``particulars``.

    ``blanks`` names the form items for which the complaint gave nothing; ``needs_officer`` lists what must
    be decided or done before approval.
    """

    route: Route
    station: Station
    reported_on: datetime
    source: Source
    statement: Transcript
    facts: Facts
    law: LegalView
    sections: tuple[Assessment, ...]
    narrative: Prose
    provenance: Provenance
    total_value_inr: int | None = None
    blanks: tuple[str, ...] = ()
    needs_officer: tuple[str, ...] = ()
    fir_number: str | None = None
    particulars: Particulars = Particulars()

    @property
    def open_blanks(self) -> tuple[str, ...]:
        """The blanks that are neither filled by the officer nor marked as not known to the informant."""
        own = self.particulars
        settled = {*own.unknown, *((DIARY_BLANK,) if own.diary_entry else ())}
        return tuple(blank for blank in self.blanks if blank not in settled)
