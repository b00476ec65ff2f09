"""Step: the candidate sections, from everyday words in any language and from search over the statutes."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from afirgen.case.law import Candidate, Law, SectionRef
from afirgen.legal_kb.everyday import word_hits
from afirgen.legal_kb.offences import Offence, OffenceBook

MOST_CANDIDATES = 25
# Everyday words were written for offences, the statutes were not: one word hit is worth several ranks of search.
_RANK_CONSTANT = 20
_WORD_WEIGHT = 0.03


class Searcher(Protocol):
    """Search over the loaded statutes."""

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        """Return sections, best first."""


class Found(Struct, frozen=True):
    """Candidate sections, best first, and the offences among them that have ingredients."""

    candidates: tuple[Candidate, ...]
    offences: tuple[Offence, ...]


async def retrieve(text: str, *, law: Law, book: OffenceBook, searcher: Searcher) -> Found:
    """Bring up candidates for ``text``; recall comes first, the assessment sorts out.

    Before 2024-07-01 the candidates carry their IPC numbers.
    """
    hits = word_hits(text, book)
    searched = await searcher.search(text, limit=60)
    scores: dict[SectionRef, float] = {}
    origins: dict[SectionRef, list[str]] = {}
    for rank, candidate in enumerate(searched):
        scores[candidate.section] = 1 / (_RANK_CONSTANT + rank)
        origins[candidate.section] = ["search"]
    ranked_offences: dict[str, float] = {}
    for offence in book.offences:
        base = SectionRef(offence.act, offence.ref.base)
        found = scores.get(base, 0.0) + _WORD_WEIGHT * hits.get(offence.id, 0)
        if found:
            ranked_offences[offence.id] = found
        if offence.id in hits:
            origins.setdefault(base, []).append("words")
    for offence_id, score in ranked_offences.items():
        offence = book.by_id[offence_id]
        base = SectionRef(offence.act, offence.ref.base)
        scores[base] = max(scores.get(base, 0.0), score)
    ordered = sorted(scores, key=lambda ref: scores[ref], reverse=True)
    candidates = [
        Candidate(section=ref, score=scores[ref], origin="+".join(dict.fromkeys(origins[ref]))) for ref in ordered
    ]
    if law is Law.IPC:
        candidates = _as_ipc(candidates, book)
    offences = sorted(ranked_offences, key=lambda o: ranked_offences[o], reverse=True)
    return Found(tuple(candidates[:MOST_CANDIDATES]), tuple(book.by_id[o] for o in offences))


def _as_ipc(candidates: Sequence[Candidate], book: OffenceBook) -> list[Candidate]:
    """Put the IPC numbers in place of the BNS sections that have them; the rest of the BNS falls away."""
    numbers: dict[SectionRef, list[str]] = {}
    for offence in book.offences:
        if offence.act == "BNS":
            numbers.setdefault(SectionRef("BNS", offence.ref.base), []).extend(offence.ipc)
    listed: dict[SectionRef, Candidate] = {}
    for candidate in candidates:
        if candidate.section.act != "BNS":
            listed.setdefault(candidate.section, candidate)
        for number in dict.fromkeys(numbers.get(candidate.section, ())):
            ref = SectionRef("IPC", number)
            listed.setdefault(ref, Candidate(section=ref, score=candidate.score, origin=candidate.origin))
    return list(listed.values())
