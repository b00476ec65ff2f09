"""Finds sections of the loaded law by number or by words, for somebody who adds one by hand."""

from msgspec import Struct

from afirgen.case.law import Attributes, SectionRef
from afirgen.legal_kb.lexical import Bm25
from afirgen.legal_kb.statutes import KnowledgeBase, StatuteSection


class FoundSection(Struct, frozen=True):
    """A section and what the schedule says of it."""

    ref: SectionRef
    title: str
    statement: str
    attributes: tuple[Attributes, ...]


class SectionFinder:
    """Searches titles and statements; needs no model."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        self._sections = [s for s in kb.sections() if kb.is_offence(s.ref)]
        self._index = Bm25([f"{s.ref.act} {s.title} {s.title} {s.statement}" for s in self._sections])

    def find(self, words: str, *, limit: int = 12) -> tuple[FoundSection, ...]:
        """Return sections whose number is among ``words``, then those with the words in them, best first."""
        numbers = {word.strip(",.;").upper() for word in words.split()}
        by_number = [s for s in self._sections if s.ref.number.upper() in numbers]
        scores = self._index.scores(words)
        best = [self._sections[int(n)] for n in scores.argsort()[::-1][:limit] if scores[int(n)] > 0]
        found = list(dict.fromkeys([*by_number, *best]))[:limit]
        return tuple(self._shown(section) for section in found)

    def _shown(self, section: StatuteSection) -> FoundSection:
        return FoundSection(section.ref, section.title, section.statement, self._kb.entries(section.ref))
