"""Search over the statutes: meaning and words together, by the whole complaint and by each of its sentences."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from afirgen.case.law import Candidate
from afirgen.case.sentences import sentences
from afirgen.legal_kb.index import Embedder, Index
from afirgen.legal_kb.lexical import Bm25
from afirgen.legal_kb.passages import PassageKind
from afirgen.legal_kb.statutes import KnowledgeBase

_RANK_CONSTANT = 20
# A longer complaint gives longer pieces instead of more, so that all of it is searched in bounded time.
_MOST_PIECES = 20
_SHORTEST_PIECE = 16
_CACHED = 256
# Much in a telling is by chance, as names and places are: its words count less than those of the law.
_TOLD = 0.5

Scores = NDArray[np.floating]


class StatuteSearch:
    """Finds offences by the passages of ``index``; the best passage speaks for its section.

    Sections that punish nothing are left out. The vectors are compared exactly in memory: with a few thousand
    passages that takes under a millisecond, less than an approximate index, and always gives the same answer.
    """

    def __init__(self, index: Index, embedder: Embedder, kb: KnowledgeBase) -> None:
        rows = [n for n, p in enumerate(index.passages) if kb.is_offence(p.section)]
        passages = [index.passages[n] for n in rows]
        self._embedder = embedder
        self._sections = list(dict.fromkeys(p.section for p in passages))
        position = {section: n for n, section in enumerate(self._sections)}
        owner = np.array([position[p.section] for p in passages], dtype=np.intp)
        # Rows of one section stand together, so that its best passage is the maximum of a slice.
        grouped = np.argsort(owner, kind="stable")
        self._vectors = index.vectors[rows][grouped].T
        self._starts = np.searchsorted(owner[grouped], np.arange(len(self._sections)))
        law: list[list[str]] = [[] for _ in self._sections]
        told: list[list[str]] = [[] for _ in self._sections]
        for passage in passages:
            (told if passage.kind is PassageKind.TELLING else law)[position[passage.section]].append(passage.text)
        self._words = Bm25(["\n".join(found) for found in law])
        self._told = Bm25(["\n".join(found) for found in told])
        self._cache: OrderedDict[bytes, tuple[Candidate, ...]] = OrderedDict()

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        """Return the sections that ``text`` most likely tells of, best first; remembers its last answers."""
        key = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        found = self._cache.get(key)
        if found is None:
            found = await self._search(text)
            if len(self._cache) >= _CACHED:
                self._cache.popitem(last=False)
        self._cache[key] = found
        self._cache.move_to_end(key)
        return found[:limit]

    async def _search(self, text: str) -> tuple[Candidate, ...]:
        queries = await self._embedder.embed([text, *_pieces(text)], kind="query")
        likeness = np.maximum.reduceat(queries @ self._vectors, self._starts, axis=1)
        fused = _fused([likeness[0], _best_piece(likeness[1:] if len(likeness) > 1 else likeness)])
        for words, weight in ((self._words, 1.0), (self._told, _TOLD)):
            scores = words.scores(text)
            fused += weight * np.where(scores > 0, _fused([scores]), 0.0)
        order = np.argsort(-fused, kind="stable")
        return tuple(Candidate(section=self._sections[n], score=float(fused[n]), origin="search") for n in order)


def _pieces(text: str) -> list[str]:
    """Return the sentences; of a long text, runs of neighbouring sentences that together cover it."""
    spans = [s for s in sentences(text) if s.end - s.start >= _SHORTEST_PIECE]
    step = -(-len(spans) // _MOST_PIECES) or 1
    runs = [spans[start : start + step] for start in range(0, len(spans), step)]
    return [text[run[0].start : run[-1].end] for run in runs]


def _best_piece(likeness: Scores) -> Scores:
    """Return each section's best standing with any piece, a piece's likenesses brought to a common scale.

    Without that, a vague sentence that is a little like everything outdoes one that is much like one section.
    """
    spread = likeness.std(axis=1, keepdims=True)
    scaled: Scores = (likeness - likeness.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    best: Scores = scaled.max(axis=0)
    return best


def _fused(rankings: Iterable[Scores]) -> NDArray[np.float64]:
    """Fuse rankings by reciprocal rank."""
    parts = []
    for scores in rankings:
        ranks = np.empty(len(scores))
        ranks[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
        parts.append(1.0 / (_RANK_CONSTANT + ranks))
    total: NDArray[np.float64] = np.sum(parts, axis=0)
    return total
