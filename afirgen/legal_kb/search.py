"""Search over the statutes: meaning and words together, by the whole complaint and by each of its sentences."""

import math
import re
import unicodedata
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from afirgen.case.law import Candidate
from afirgen.case.sentences import sentences
from afirgen.legal_kb.index import Embedder, Index
from afirgen.legal_kb.statutes import KnowledgeBase

_WORD = re.compile(r"[^\W_][\w\u0900-\u0963\u0966-\u0dff]*")
_RANK_CONSTANT = 60
_MOST_SENTENCES = 20
_K1, _B = 1.2, 0.75


class StatuteSearch:
    """Finds sections by their passages; the best passage speaks for its section.

    The vectors are searched exactly in memory: at this size that is faster than an approximate index and gives
    the same answer every time.
    """

    def __init__(self, index: Index, embedder: Embedder, kb: KnowledgeBase) -> None:
        rows = [n for n, p in enumerate(index.passages) if kb.is_offence(p.section)]
        passages = [index.passages[n] for n in rows]
        self._embedder = embedder
        self._vectors = index.vectors[rows]
        self._sections = list(dict.fromkeys(p.section for p in passages))
        position = {section: n for n, section in enumerate(self._sections)}
        self._owner = np.array([position[p.section] for p in passages])
        self._words = [Counter[str]() for _ in self._sections]
        for passage in passages:
            self._words[position[passage.section]].update(_terms(passage.text))
        self._lengths = [sum(words.values()) for words in self._words]
        self._spread = Counter(word for words in self._words for word in words)
        self._cache: dict[str, tuple[Candidate, ...]] = {}

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        """Return sections for ``text``, best first; equal queries are answered from memory."""
        if text not in self._cache:
            if len(self._cache) >= 256:  # noqa: PLR2004 - some days' complaints
                self._cache.clear()
            self._cache[text] = await self._search(text)
        return self._cache[text][:limit]

    async def _search(self, text: str) -> tuple[Candidate, ...]:
        parts = [text[s.start : s.end] for s in sentences(text)][:_MOST_SENTENCES]
        queries = await self._embedder.embed([text, *parts], kind="query")
        likeness = queries @ self._vectors.T
        best = np.full((len(queries), len(self._sections)), -1.0, np.float32)
        for row in range(len(queries)):
            np.maximum.at(best[row], self._owner, likeness[row])
        rankings = [best[0], best[1:].max(axis=0) if len(queries) > 1 else best[0], self._lexical(text)]
        fused = np.zeros(len(self._sections))
        for scores in rankings:
            order = np.argsort(-scores, kind="stable")
            fused[order] += 1.0 / (_RANK_CONSTANT + np.arange(len(order)))
        return tuple(
            Candidate(section=self._sections[n], score=float(fused[n]), origin="search")
            for n in np.argsort(-fused, kind="stable")
        )

    def _lexical(self, text: str) -> NDArray[np.float64]:
        """Score sections by BM25."""
        mean = sum(self._lengths) / max(1, len(self._lengths))
        scores = np.zeros(len(self._sections))
        for word in set(_terms(text)) & self._spread.keys():
            rarity = math.log(1 + (len(self._sections) - self._spread[word] + 0.5) / (self._spread[word] + 0.5))
            for n, words in enumerate(self._words):
                if count := words.get(word):
                    scores[n] += rarity * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * self._lengths[n] / mean))
        return scores


def _terms(text: str) -> list[str]:
    return [_stem(w) for w in _WORD.findall(unicodedata.normalize("NFC", text).casefold())]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s") if word.isascii() else ():
        if word.endswith(ending) and len(word) - len(ending) > len("ab"):
            return word[: -len(ending)]
    return word
