"""Everyday words in a complaint that point to offences and facts, in any script and without a model."""

import re
import unicodedata
from functools import cache
from itertools import chain

from afirgen.legal_kb.ingredients import Offence, Words
from afirgen.legal_kb.offences import OffenceBook

_LETTER = r"[\w\u0900-\u0963\u0b80-\u0bff]"
# Joiners only change how letters are drawn; keyboards put them in or leave them out.
_JOINERS = str.maketrans("", "", "\u200c\u200d")


def word_hits(text: str, book: OffenceBook) -> dict[str, int]:
    """Count, for each offence id, how many of its everyday words ``text`` holds; none is left out."""
    plain = _plain(text)
    counts = {o.id: len(_found(plain, o.words)) for o in book.offences}
    return {offence_id: count for offence_id, count in counts.items() if count}


def worded_questions(text: str, book: OffenceBook) -> frozenset[str]:
    """Return the questions that belong to an offence of which an everyday word stands in ``text``."""
    found = [book.by_id[offence_id] for offence_id in word_hits(text, book)]
    return frozenset(q for offence in found for q in (*offence.all, *chain.from_iterable(offence.any)))


def words_found(text: str, offence: Offence) -> tuple[str, ...]:
    """Return the offence's everyday words that stand in ``text``."""
    return words_of(text, offence.words)


def words_of(text: str, words: Words) -> tuple[str, ...]:
    """Return those of ``words`` that stand in ``text``."""
    return _found(_plain(text), words)


def hints_in(text: str, hint: str) -> int:
    """Count the hint words and phrases, parted by commas, that ``text`` holds."""
    plain = _plain(text)
    return sum(_stands(word, plain) for word in hint.split(",") if word.strip())


def _found(plain: str, words: Words) -> tuple[str, ...]:
    listed = (w for _, group in words.by_language() for w in group)
    return tuple(w for w in dict.fromkeys(listed) if _stands(w, plain))


def _stands(word: str, plain: str) -> bool:
    """Look for the bare letters first: of thousands of words few are there, and only those need their pattern."""
    return all(letters in plain for letters in _letters(word)) and _pattern(word).search(plain) is not None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text.translate(_JOINERS)).casefold().split())


@cache  # the words of the law data, no more
def _letters(word: str) -> tuple[str, ...]:
    return tuple(part.rstrip("*") for part in _plain(word).split())


@cache
def _pattern(word: str) -> re.Pattern[str]:
    """Match a whole word or phrase; Indic vowel signs belong to their word, and a star leaves the ending open."""
    parts = _plain(word).split()
    body = r"\W+".join(re.escape(p.rstrip("*")) + (rf"{_LETTER}*" if p.endswith("*") else "") for p in parts)
    return re.compile(rf"(?<!{_LETTER}){body}(?!{_LETTER})")
