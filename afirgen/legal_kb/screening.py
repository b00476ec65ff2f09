"""Facts that plain rules settle, so that the model need not be asked for them."""

import re

from afirgen.case.evidence import Span
from afirgen.legal_kb.decide import Answer

_SUNSET, _SUNRISE = 19, 6
_LATE_DAY = 18
_MAJORITY, _TWELVE = 18, 12
_NIGHT = re.compile(r"(?:\b(?:night|midnight|raat)\b|रात|இரவ|நள்ளிரவ)", re.IGNORECASE)
_YOUNG = re.compile(
    r"\b(?:minor|child|children|daughter|son|school|class|girls?|boys?|student|tuition|kid|baby|infant|teen\w*|"
    r"nabalig|bachch\w*|beti|beta|ladk[ai])\b|नाबालिग|बच्च|बेटी|बेटा|लड़की|लड़का|சிறுமி|மகள்|மகன்|குழந்தை",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\b(?:aged?(?:\s+(?:is|about|around))?\s*:?\s*(\d{1,2})\b"
    r"|(\d{1,2})[\s-]*(?:years?|yrs?)[\s-]*(?:old|of\s+age)\b"
    r"|(?:daughter|son|girl|boy|child|sister|brother)(?:\s+(?:is|was|of|named\s+\w+|\w+))?,?\s+(\d{1,2})\b(?!\s*(?:am|pm|rupees|lakh)))",
    re.IGNORECASE,
)
_AGE_WORDS = re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven)\s+years?[\s-]+old\b", re.IGNORECASE)


def known_answers(text: str, *, time_from: str | None, time_to: str | None) -> dict[str, Answer]:
    """Return the questions that need no model: night by the clock (``HH:MM``), childhood by the ages stated."""
    return {**_night(text, time_from, time_to), **_age(text)}


def _night(text: str, time_from: str | None, time_to: str | None) -> dict[str, Answer]:
    hours = [int(t[:2]) for t in (time_from, time_to) if t]
    word = _NIGHT.search(text)
    if any(h >= _SUNSET or h < _SUNRISE for h in hours):
        return {"at_night": Answer(1.0, _span(word))}
    if hours and word is None and max(hours) <= _LATE_DAY:
        return {"at_night": Answer(0.0)}
    return {}


def _age(text: str) -> dict[str, Answer]:
    found = [(int(next(g for g in m.groups() if g)), m) for m in _AGE.finditer(text)]
    young = [(age, m) for age, m in found if age < _MAJORITY]
    small = _AGE_WORDS.search(text) or next((m for age, m in young if age < _TWELVE), None)
    if small:
        return {"under_twelve": Answer(1.0, _span(small))}
    known: dict[str, Answer] = {}
    if young or _YOUNG.search(text) is None:
        known["under_twelve"] = Answer(0.0)
    if not young and _YOUNG.search(text) is None:
        known["child_victim"] = Answer(0.0)
    return known


def _span(match: re.Match[str] | None) -> tuple[Span, ...]:
    return (Span(match.start(), match.end()),) if match else ()
