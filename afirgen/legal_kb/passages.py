"""Short passages by which search finds a section.

One vector for a whole section says too little, so each section gives several: its title, each sentence of its
statement, each line of the schedule, the everyday words of its offences in each language, and tellings of it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from afirgen.case.law import SectionRef
from afirgen.case.sentences import sentences
from afirgen.legal_kb.statutes import KnowledgeBase, StatuteSection
from afirgen.legal_kb.tellings import Telling

# Longer sentences are cut at commas: the embedding model blurs them, and each costs as much time as it has words.
_LONGEST = 260
# A vector of a few like words is near a complaint that uses one of them; one of many words is near none.
_WORDS_TOGETHER = 3


class PassageKind(StrEnum):
    """Where a passage comes from."""

    TITLE = "title"
    STATEMENT = "statement"
    SCHEDULE = "schedule"
    EVERYDAY = "everyday"
    TELLING = "telling"


class Passage(Struct, frozen=True, kw_only=True):
    """A piece of text that stands for ``section``, which is a base section ("303")."""

    section: SectionRef
    kind: PassageKind
    text: str
    language: str = "en"


class Everyday(Struct, frozen=True, kw_only=True):
    """How people tell of an offence under ``section``, in one language; ``text`` is words between commas."""

    section: SectionRef
    language: str
    text: str


def passages_of(
    kb: KnowledgeBase, everyday: Iterable[Everyday] = (), tellings: Iterable[Telling] = ()
) -> tuple[Passage, ...]:
    """Return the passages of every section of ``kb``, imported texts included, each text once a section."""
    unique: dict[tuple[SectionRef, str], Passage] = {}
    for passage in _all(kb, everyday, tellings):
        unique.setdefault((passage.section, passage.text), passage)
    return tuple(unique.values())


def _all(kb: KnowledgeBase, everyday: Iterable[Everyday], tellings: Iterable[Telling]) -> Iterator[Passage]:
    known = {_base(s.ref) for s in kb.sections()}
    for section in (*kb.sections(), *kb.imported()):
        if _base(section.ref) in known:
            yield from _of_section(section)
    for entry in kb.scheduled():
        yield Passage(section=_base(entry.section), kind=PassageKind.SCHEDULE, text=entry.attributes.offence)
    for each in everyday:
        words = [w.strip() for w in each.text.split(",")]
        for start in range(0, len(words), _WORDS_TOGETHER):
            text = ", ".join(words[start : start + _WORDS_TOGETHER])
            yield Passage(section=_base(each.section), kind=PassageKind.EVERYDAY, text=text, language=each.language)
    for told in tellings:
        yield Passage(section=told.section, kind=PassageKind.TELLING, text=told.text, language=told.language)


def _of_section(section: StatuteSection) -> Iterator[Passage]:
    ref = _base(section.ref)
    if section.title:
        yield Passage(section=ref, kind=PassageKind.TITLE, text=section.title)
    for span in sentences(section.statement):
        for piece in _pieces(section.statement[span.start : span.end]):
            text = f"{section.title}: {piece}" if section.title else piece
            yield Passage(section=ref, kind=PassageKind.STATEMENT, text=text)


def _pieces(sentence: str) -> Iterator[str]:
    """Cut a long sentence at its semicolons and commas into pieces of a bearable length."""
    piece = ""
    for part in sentence.replace(";", ";\n").replace(", ", ",\n").split("\n"):
        if piece and len(piece) + len(part) > _LONGEST:
            yield piece.strip()
            piece = ""
        piece += f" {part.strip()}"
    if piece.strip():
        yield piece.strip()


def _base(ref: SectionRef) -> SectionRef:
    return SectionRef(ref.act, ref.base)
