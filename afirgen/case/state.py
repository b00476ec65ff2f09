"""A case as it stands: the newest version of each step."""

from datetime import datetime

from msgspec import Struct

from afirgen.case.evidence import Source, Transcript
from afirgen.case.facts import Facts
from afirgen.case.fir import Prose
from afirgen.case.law import LegalView


class CaseState(Struct, frozen=True, kw_only=True):
    """What a step may read. A step that has not run yet is None.

    ``reported_on`` is the moment of reporting (aware); ``language`` is the officer's choice, if any.
    """

    source: Source
    reported_on: datetime
    language: str | None = None
    transcript: Transcript | None = None
    facts: Facts | None = None
    summary: Prose | None = None
    law: LegalView | None = None
    narrative: Prose | None = None
    fir_number: str | None = None
