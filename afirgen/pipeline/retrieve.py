"""Step: the candidate sections, from screening answers, everyday words in any language and search."""

import math
from collections.abc import Collection, Mapping
from typing import Protocol

from msgspec import Struct

from afirgen.case.law import Candidate, Law, SectionRef
from afirgen.legal_kb.decide import Answer
from afirgen.legal_kb.everyday import word_hits
from afirgen.legal_kb.offences import Offence, OffenceBook
from afirgen.legal_kb.statutes import BNS

MOST_CANDIDATES = 30
# The first few that search finds stand among the first twenty: a model that misreads the complaint must not hide them.
_FIRST, _SURE = 20, 6
_PENAL = {Law.BNS: {BNS}, Law.IPC: {"IPC"}}
# How much each kind of sign says for an offence, in units of log odds, found on invented complaints.
_ONE_WORD, _MORE_WORDS, _MOST_WORDS = 1.2, 0.5, 4
_SEARCH_TOP, _SEARCH_DEPTH = 2.5, 12
_SCREEN_FOR, _SCREEN_AGAINST = 3.0, 1.0
_FAMILY = 0.3
_OPENED_FROM = 0.3
_CLOSED_BELOW = 0.03


class Searcher(Protocol):
    """Search over the loaded statutes."""

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        """Return sections, best first."""


class Opened(Struct, frozen=True):
    """An offence that something speaks for; ``origin`` says what, such as ``words+search``."""

    offence: Offence
    score: float
    origin: str


class Candidates(Struct, frozen=True):
    """Candidate sections, best first, and the opened offences, best first."""

    candidates: tuple[Candidate, ...]
    opened: tuple[Opened, ...]


def merge(
    text: str,
    searched: tuple[Candidate, ...],
    screened: Mapping[str, Answer],
    *,
    law: Law,
    book: OffenceBook,
    named: str = "",
) -> Candidates:
    """Merge what speaks for each section of ``law``; recall comes first, the assessment sorts out.

    ``named`` is what the model calls the wrong; its everyday words open offences as those of the complaint do.
    Before 2024-07-01 the candidates carry their IPC numbers; where the officer decides the law, both stand.
    """
    hits = word_hits(f"{text}\n{named}", book)
    ranks = {c.section: n for n, c in enumerate(searched)}
    opened = [_open(o, hits.get(o.id, 0), ranks, screened) for o in book.offences]
    ordered = sorted(_with_families([o for o in opened if o], book), key=lambda o: o.score, reverse=True)
    listed: dict[SectionRef, Candidate] = {}
    for each in ordered:
        for ref in numbers_of(each.offence, law):
            base = ref if ref.act not in {BNS, "IPC"} else SectionRef(ref.act, ref.base)
            listed.setdefault(base, Candidate(section=base, score=round(each.score, 3), origin=each.origin))
    penal = _PENAL.get(law, {BNS, "IPC"})
    for found in searched:
        if found.section.act not in {BNS, "IPC"} or found.section.act in penal:
            score = _search_score(ranks[found.section])
            listed.setdefault(found.section, Candidate(section=found.section, score=score, origin="search"))
    candidates = sorted(listed.values(), key=lambda c: c.score, reverse=True)
    sure = [f.section for f in searched if f.section.act in penal][:_SURE]
    return Candidates(tuple(_with_sure(candidates, sure)[:MOST_CANDIDATES]), tuple(ordered))


def _with_sure(candidates: list[Candidate], sure: Collection[SectionRef]) -> list[Candidate]:
    """Bring the sections that are sure of a place into the first twenty, at their end."""
    early, late = candidates[:_FIRST], candidates[_FIRST:]
    coming = [c for c in late if c.section in sure]
    staying = [c for c in early if c.section in sure]
    others = [c for c in early if c.section not in sure][: _FIRST - len(coming) - len(staying)]
    leading = [c for c in early if c in staying or c in others]
    return [*leading, *coming, *(c for c in candidates if c not in leading and c not in coming)]


def numbers_of(offence: Offence, law: Law) -> tuple[SectionRef, ...]:
    """Return the section as the governing law numbers it; an offence that the IPC had not gives none."""
    old = tuple(SectionRef("IPC", n) for n in offence.ipc)
    if offence.act != BNS or law is Law.BNS:
        return (offence.ref,)
    return old if law is Law.IPC else (offence.ref, *old)


def _open(
    offence: Offence, hits: int, ranks: Mapping[SectionRef, int], screened: Mapping[str, Answer]
) -> Opened | None:
    origin = []
    score = 0.0
    asked = _answered(offence.all, screened)
    asked += [max(opening)] if (opening := _answered(offence.opened_by, screened)) else []
    if asked and min(asked) < _CLOSED_BELOW and not hits:
        return None
    if asked:
        score += max(-_SCREEN_AGAINST, min(_SCREEN_FOR, _log_odds(min(asked))))
        origin += ["screening"] if min(asked) >= _OPENED_FROM else []
    if hits:
        score += _ONE_WORD + _MORE_WORDS * (min(hits, _MOST_WORDS) - 1)
        origin.append("words")
    elif offence.needs_words:
        return None
    rank = ranks.get(SectionRef(offence.act, offence.ref.base))
    if rank is not None:
        score += _search_score(rank)
        origin.append("search")
    return Opened(offence, score, "+".join(origin)) if origin else None


def _with_families(opened: list[Opened], book: OffenceBook) -> list[Opened]:
    """Let an offence that words or answers point to speak also for the graver ones that contain it."""
    scores = {o.offence.id: o for o in opened}
    for offence in book.offences:
        kin = [scores[i] for i in book.absorbed_by(offence.id) if i in scores and scores[i].origin != "search"]
        lent = round(_FAMILY * max((k.score for k in kin), default=0.0), 3)
        own = scores.get(offence.id)
        if lent > (own.score if own else 0.0) and not offence.needs_words:
            opened = [*(o for o in opened if o is not own), Opened(offence, lent, own.origin if own else "family")]
    return opened


def _answered(question_ids: tuple[str, ...], screened: Mapping[str, Answer]) -> list[float]:
    found = (screened.get(q, Answer()).probability for q in question_ids)
    return [p for p in found if p is not None]


def _search_score(rank: int) -> float:
    return round(_SEARCH_TOP / (1 + rank / _SEARCH_DEPTH), 3)


def _log_odds(probability: float) -> float:
    return math.log(max(probability, 1e-6) / max(1 - probability, 1e-6))
