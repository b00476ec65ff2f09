"""Dates as people write them in complaints, and the days they mean."""

import re
from datetime import date

from afirgen.case.evidence import Span
from afirgen.case.mentions import Mention, ascii_digits
from afirgen.case.mentions.relative_days import relative_days

_MONTH_WORDS: dict[int, str] = {
    1: "january jan जनवरी ஜனவரி",
    2: "february feb फरवरी फ़रवरी பிப்ரவரி",
    3: "march mar मार्च மார்ச்",
    4: "april apr अप्रैल ஏப்ரல்",
    5: "may मई மே",
    6: "june jun जून ஜூன்",
    7: "july jul जुलाई ஜூலை",
    8: "august aug अगस्त ஆகஸ்ட்",
    9: "september sept sep सितंबर सितम्बर செப்டம்பர்",
    10: "october oct अक्टूबर अक्तूबर அக்டோபர்",
    11: "november nov नवंबर नवम्बर நவம்பர்",
    12: "december dec दिसंबर दिसम्बर டிசம்பர்",
}
_MONTHS = {word: number for number, words in _MONTH_WORDS.items() for word in words.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMERIC = re.compile(r"(?<![\d./-])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?![\d/-]|\.\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<![\d.])(\d{{1,2}})\s?(?:st|nd|rd|th)?\s?(?:of\s)?[\s.,-]?({_MONTH})\b\.?(?:[\s,.-]*(\d{{4}})(?!\d))?",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    rf"\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s?[:.]\d)(?:,?\s(\d{{4}})(?!\d))?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?<![\d./])(\d{1,2})/(\d{1,2})(?![\d/])")
_CENTURY = 2000
_EARLIEST = 1950


def find_dates(text: str, *, reported_on: date | None = None) -> tuple[Mention, ...]:
    """Find the calendar days that ``text`` names, as ISO dates.

    A date without a year takes the year of the nearest full date before it, else after it, else is taken as
    the last such day before ``reported_on``; with none of these it is left out. Words like "yesterday"
    count only where ``reported_on`` is known and no date is written out: beside one, "today" repeats it.
    """
    plain = ascii_digits(text)
    full, partial = _absolute(plain)
    taken = [m.span for m in full]
    for span, day, month in partial:
        year = _year_for(span, day, month, full, reported_on)
        value = _iso(year, month, day) if year else None
        if value and not _overlaps(span, taken):
            full.append(Mention(value=value, span=span))
            taken.append(span)
    if reported_on and not full:
        full += [Mention(value=day.isoformat(), span=span) for span, day in relative_days(plain, reported_on)]
    return tuple(sorted(full, key=lambda m: m.span))


def _absolute(text: str) -> tuple[list[Mention], list[tuple[Span, int, int]]]:
    full: list[Mention] = []
    partial: list[tuple[Span, int, int]] = []

    def keep(match: re.Match[str], year: int | None, month: int, day: int) -> None:
        span = Span(match.start(), match.start() + len(match.group().rstrip(" ,.-")))
        if _overlaps(span, [m.span for m in full]) or _overlaps(span, [p[0] for p in partial]):
            return
        if year is None:
            partial.append((span, day, month))
        elif value := _iso(year, month, day):
            full.append(Mention(value=value, span=span))

    for m in _ISO.finditer(text):
        keep(m, int(m[1]), int(m[2]), int(m[3]))
    for m in _NUMERIC.finditer(text):
        year = int(m[4]) if len(m[4]) == len("2024") else _CENTURY + int(m[4])
        keep(m, year, int(m[3]), int(m[1]))
    for m in _DAY_MONTH.finditer(text):
        keep(m, int(m[3]) if m[3] else None, _MONTHS[m[2].casefold()], int(m[1]))
    for m in _MONTH_DAY.finditer(text):
        keep(m, int(m[3]) if m[3] else None, _MONTHS[m[1].casefold()], int(m[2]))
    for m in _SHORT.finditer(text):
        keep(m, None, int(m[2]), int(m[1]))
    return full, partial


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat() if year >= _EARLIEST else None
    except ValueError:
        return None


def _year_for(span: Span, day: int, month: int, full: list[Mention], reported_on: date | None) -> int | None:
    before = [m for m in full if m.span < span]
    near = max(before, key=lambda m: m.span, default=None) or min(full, key=lambda m: m.span, default=None)
    if near is not None:
        return int(near.value[:4])
    if reported_on is None:
        return None
    this_year = _iso(reported_on.year, month, day)
    return reported_on.year - 1 if this_year and this_year > reported_on.isoformat() else reported_on.year


def _overlaps(span: Span, others: list[Span]) -> bool:
    return any(o.start < span.end and span.start < o.end for o in others)
