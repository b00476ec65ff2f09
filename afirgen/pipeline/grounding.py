"""Whether a value or a sentence rests on the complaint's own words."""

import re
import unicodedata
from collections.abc import Iterable

from afirgen.case.evidence import Span
from afirgen.case.mentions import ascii_digits
from afirgen.case.mentions.amounts import find_amounts
from afirgen.case.mentions.dates import find_dates

_TOKEN = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0900-\u0963\u0966-\u0dff]+[^\W_]*)*", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")

# Words that a faithful third-person sentence may add: grammar, and what a report calls the people in it.
_FRAME_WORDS = frozenset(
    """a about after again against all also an and any are as at be because been before being both but by
    can could did do does during each for from further had has have he her here him his how however i if in
    informant informant's into is it its itself me mine more most my myself no nor not of off on once one
    only or other our out over own reported reports said same say says she so some stated states such than
    that the their them then there these they this those through to told too under until up upon us was we
    were what when where which while who whom whose why will with would you your that's didn't who's himself
    herself themselves complainant complainant's police station report complaint incident matter requested
    requests alleged alleges according accused person persons unknown later same""".split()
)


def tokens(text: str) -> list[tuple[str, Span]]:
    """Split into case-folded words with their places; Indic vowel signs stay with their letters."""
    plain = ascii_digits(unicodedata.normalize("NFC", text))
    return [(m.group().casefold(), Span(m.start(), m.end())) for m in _TOKEN.finditer(plain)]


def locate(value: str, text: str) -> Span | None:
    """Find where ``text`` says ``value``: the same words in the same order, case and punctuation aside.

    Returns None when it does not: the value is then not a fact.
    """
    wanted = [t for t, _ in tokens(value)]
    if not wanted:
        return None
    have = tokens(text)
    for start in range(len(have) - len(wanted) + 1):
        if all(have[start + k][0] == word for k, word in enumerate(wanted)):
            return Span(have[start][1].start, have[start + len(wanted) - 1][1].end)
    return None


def problem_with(sentence: str, sources: Iterable[str]) -> str | None:
    """Say what in ``sentence`` the ``sources`` do not support, or None when all of it is supported.

    Every number must be in the sources in some written form, and every word that carries meaning must be a
    form of a word there.
    """
    source = "\n".join(sources)
    numbers = _unsupported_numbers(sentence, source)
    if numbers:
        return f"Not in the complaint: {', '.join(numbers)}."
    known = {_stem(t) for t, _ in tokens(source)}
    strange = [t for t, _ in tokens(sentence) if t not in _FRAME_WORDS and not t.isdecimal() and _stem(t) not in known]
    if strange:
        return f"Not in the complaint: {', '.join(dict.fromkeys(strange))}."
    return None


def _unsupported_numbers(sentence: str, source: str) -> list[str]:
    allowed = _number_forms(source)
    return [n for n in _NUMBER.findall(ascii_digits(sentence)) if not (_forms_of_number(n) & allowed)]


def _number_forms(text: str) -> set[str]:
    plain = ascii_digits(text)
    forms: set[str] = set()
    for number in _NUMBER.findall(plain):
        forms |= _forms_of_number(number)
    forms |= {m.value for m in find_amounts(plain)}
    for mention in find_dates(plain):
        year, month, day = mention.value.split("-")
        forms |= {mention.value, year, month, day, day.lstrip("0"), month.lstrip("0")}
    return forms


def _forms_of_number(number: str) -> set[str]:
    parts = re.split(r"[./:-]", number)
    return {number, number.replace(",", ""), ":".join(parts), ".".join(parts)}


def _stem(word: str) -> str:
    """Reduce an English word so that tenses and plurals meet; other scripts stay as they are."""
    if not word.isascii() or len(word) <= len("four"):
        return word
    for ending in ("ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "s", "ly", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= len("abc"):
            return word[: -len(ending)]
    return word
