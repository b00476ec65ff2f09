"""Search by words: BM25 with a tokeniser that keeps the vowel signs of Indic scripts."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_K1, _B = 1.2, 0.75
# Python counts Indic vowel signs as no part of a word; these ranges put them back.
_WORD = re.compile(r"[^\W_][\w\u0900-\u0963\u0966-\u0dff\u200c\u200d]*")
_ENDINGS = ("ing", "ed", "es", "s")
_SHORTEST_STEM = 3


class Bm25:
    """Okapi BM25 over documents numbered from 0 (K1 1.2, b 0.75)."""

    def __init__(self, documents: Sequence[str]) -> None:
        counts = [Counter(terms_of(text)) for text in documents]
        lengths = np.array([sum(c.values()) for c in counts], dtype=np.float64)
        self._size = len(documents)
        self._floor = _K1 * (1 - _B + _B * lengths / max(1.0, float(lengths.mean()) if self._size else 1.0))
        postings: dict[str, list[tuple[int, int]]] = {}
        for number, count in enumerate(counts):
            for term, times in count.items():
                postings.setdefault(term, []).append((number, times))
        self._postings = {
            term: (np.array([n for n, _ in found]), np.array([t for _, t in found], dtype=np.float64))
            for term, found in postings.items()
        }

    def scores(self, query: str) -> NDArray[np.float64]:
        """Return one score a document; 0 where it shares no term with ``query``."""
        scores = np.zeros(self._size)
        for term in set(terms_of(query)) & self._postings.keys():
            documents, times = self._postings[term]
            rarity = math.log(1 + (self._size - len(documents) + 0.5) / (len(documents) + 0.5))
            scores[documents] += rarity * times * (_K1 + 1) / (times + self._floor[documents])
        return scores


def terms_of(text: str) -> list[str]:
    """Return the case-folded words of ``text``, the commonest English endings cut off."""
    return [_stem(word) for word in _WORD.findall(unicodedata.normalize("NFC", text).casefold())]


def _stem(word: str) -> str:
    for ending in _ENDINGS if word.isascii() else ():
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word
