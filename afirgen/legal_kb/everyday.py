"""Everyday words in a complaint that point to offences, in any script and without a model."""

import re
import unicodedata
from functools import lru_cache

from afirgen.legal_kb.offences import Offence, OffenceBook

_MOST = 4


def word_hits(text: str, book: OffenceBook) -> dict[str, int]:
    """Count, for each offence id, how many of its everyday words ``text`` holds (at most four; none is left out)."""
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    counts = {o.id: sum(_pattern(w).search(plain) is not None for w in o.words) for o in book.offences}
    return {offence_id: min(count, _MOST) for offence_id, count in counts.items() if count}


def words_found(text: str, offence: Offence) -> tuple[str, ...]:
    """Return the offence's everyday words that stand in ``text``."""
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return tuple(w for w in offence.words if _pattern(w).search(plain))


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    """Match a whole word or phrase; Indic vowel signs belong to their word, and a star leaves the ending open."""
    body = re.escape(unicodedata.normalize("NFC", word).casefold().rstrip("*")).replace(r"\ ", r"\W+")
    end = "" if word.endswith("*") else r"(?![\w\u0900-\u0963\u0b80-\u0bff])"
    return re.compile(rf"(?<![\w\u0900-\u0963\u0b80-\u0bff]){body}{end}")
