"""Times of day as people say them, in 24-hour form."""

import re

from afirgen.case.evidence import Span
from afirgen.case.mentions import Mention, ascii_digits

_NOON = 12
_HOURS = 24
_MINUTES = 60
# Which half of the day a word names: (words, hours that it moves to the afternoon or night).
_MORNING = r"a\.?\s?m\b\.?|(?:in\s(?:the\s)?)?(?:early\s)?morning|subah|savere|सुबह|प्रातः|காலை"
_AFTERNOON = r"noon|(?:in\s(?:the\s)?)?after\s?noon|dopahar|दोपहर|दिन|மதியம்|பிற்பகல்"
_EVENING = r"p\.?\s?m\b\.?|(?:in\s(?:the\s)?)?evening|shaam|sham|शाम|सायं|மாலை"
_NIGHT = r"(?:at\s|in\s(?:the\s)?)?(?:mid)?night|raat|rat|रात|இரவு"
_PART = rf"(?:{_MORNING}|{_AFTERNOON}|{_EVENING}|{_NIGHT})"
_CLOCK_WORD = r"(?:o'?\s?clock|hours|hrs|baje|bajkar|बजे|बजकर|மணிக்கு|மணி)"
_MINUTE_WORD = r"(?:\s?(?:minute|मिनट)\s?(?:par|पर)?)?"
_NUMBER = r"(\d{1,2})(?:\s?[.:]\s?(\d{2})(?!\d))?"
_GAP = r"(?:\s(?:ke|में|में|को|ko|me|के|at|about|around|करीब|लगभग|karib|kareeb|thereabouts))*[\s,]{0,2}"
_AFTER = re.compile(
    rf"(?<![\d.,:/-]){_NUMBER}(?:\s?{_CLOCK_WORD}\s?(?:(\d{{1,2}}){_MINUTE_WORD})?)?{_GAP}({_PART})(?!\w)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?<!\w)({_PART}){_GAP}{_NUMBER}(?![\d/-])(?:\s?({_CLOCK_WORD})\s?(?:(\d{{1,2}})\s?(?:minute|मिनट))?)?",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?<![\d.,:/-]){_NUMBER}\s?({_CLOCK_WORD})(?!\w)|(?<![\d.,:/-])(\d{{1,2}}):(\d{{2}})(?![\d:])",
    re.IGNORECASE,
)


def find_times(text: str) -> tuple[Mention, ...]:
    """Find times of day as ``HH:MM``; a time whose half of the day is not said and not certain is left out."""
    plain = ascii_digits(text)
    found: list[Mention] = []
    for match in _AFTER.finditer(plain):
        _keep(found, match, match[1], match[2] or match[3], match[4])
    for match in _BEFORE.finditer(plain):
        if match[3] or match[4] or _sure_hour(match, plain):
            _keep(found, match, match[2], match[3] or match[5], match[1])
    for match in _BARE.finditer(plain):
        _keep(found, match, match[1] or match[4], match[2] or match[5], None)
    return tuple(sorted(found, key=lambda m: m.span))


def _sure_hour(match: re.Match[str], text: str) -> bool:
    """Tell whether "morning 7" is followed by nothing that makes the number a count or a date."""
    following = text[match.end() : match.end() + 12].lstrip(" .")
    return not re.match(r"[^\W\d_]{3,}", following) or following.startswith(("when", "while"))


def _keep(found: list[Mention], match: re.Match[str], hour: str, minute: str | None, part: str | None) -> None:
    value = _clock(int(hour), int(minute or 0), (part or "").casefold().replace(".", ""))
    span = Span(match.start(), match.start() + len(match.group().rstrip(" ,")))
    if value and not any(m.span.start < span.end and span.start < m.span.end for m in found):
        found.append(Mention(value=value, span=span))


def _clock(hour: int, minute: int, part: str) -> str | None:
    if hour >= _HOURS or minute >= _MINUTES:
        return None
    if not part:
        # "19:40" is certain, "7:40" is not.
        return f"{hour:02}:{minute:02}" if hour > _NOON or hour == 0 else None
    if hour > _NOON:
        return f"{hour:02}:{minute:02}"
    return f"{_hour_in(part, hour):02}:{minute:02}"


def _hour_in(part: str, hour: int) -> int:
    if re.fullmatch(_MORNING.replace(r"\.?", ""), part) or part.startswith(("a m", "am")):
        return hour % _NOON
    if re.fullmatch(_NIGHT, part):
        # 12, 1, 2, 3 at night are after midnight.
        last_small_hour = 4
        return hour % _NOON if hour == _NOON or hour <= last_small_hour else hour + _NOON
    return hour % _NOON + _NOON
