"""Invented complaints in a few sentences, by the section that they make out: how people tell of each offence.

Statutes and complaints share few words. A complaint is near another complaint of the same offence, so search compares
it with these too. They are for search alone: no fact and no section is ever taken from them.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable

from msgspec import Struct

from afirgen.case.law import SectionRef
from afirgen.errors import DataFileError
from afirgen.legal_kb.statutes import KnowledgeBase, numbered_rows

_FILE = files("afirgen.legal_kb") / "data" / "tellings.jsonl"


class Telling(Struct, frozen=True):
    """A telling of an offence under ``section``, which is a base section ("303")."""

    section: SectionRef
    language: str
    text: str


class _Row(Struct, frozen=True, forbid_unknown_fields=True):
    act: str
    number: str
    language: str
    text: str


def load_tellings(kb: KnowledgeBase, file: Traversable = _FILE) -> tuple[Telling, ...]:
    """Read the tellings, one JSON object a line.

    Raises:
        DataFileError: A line is no telling, tells of a section that ``kb`` has not, or stands there twice.
    """
    known = {SectionRef(s.ref.act, s.ref.base) for s in kb.sections()}
    found: dict[Telling, int] = {}
    for number, row in numbered_rows(file, _Row, "telling"):
        telling = Telling(SectionRef(row.act, row.number), row.language, row.text)
        if telling.section not in known:
            raise DataFileError(f"{file.name}, line {number}: there is no section {telling.section}.")
        if telling in found:
            raise DataFileError(f"{file.name}, line {number}: the same stands in line {found[telling]}.")
        found[telling] = number
    return tuple(found)
