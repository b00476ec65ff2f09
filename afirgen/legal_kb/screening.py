"""Facts that plain rules settle, so that the model need not be asked for them."""

import re

from afirgen.case.evidence import Span
from afirgen.legal_kb.decide import Answer

_SUNSET, _SUNRISE = 19, 6
_LATE_DAY = 18
_MAJORITY, _SIXTEEN, _TWELVE = 18, 16, 12
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


_NUMBERS = {
    word: n
    for n, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(), 1
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100}
# The number of no time, date or range's end: "6 pm a boy", "22/06/25 evening 2 boys".
_PEOPLE = re.compile(
    r"(?<![\d.:/-])\b(\d{1,3}|" + "|".join(_NUMBERS) + r")\b(?![.:/]\d|\s*[ap]\.?m\b)"
    r"(?:\s*(?:-|to|or)\s*(?:\d{1,3}|" + "|".join(_NUMBERS) + r"))?"
    r"\s+(?:[^\W\d]+\s+){0,2}?(?:men|m[ae]n|persons?|people|boys?|youths?|goons?|robbers?|dacoits?|others|women|accused|miscreants?)\b",
    re.IGNORECASE,
)
# What such persons do to somebody, said straight after them.
_ACTING = re.compile(
    r"(?:(?!\b(?:which|family|injured|passengers)\b)[^.;?!]){0,60}?\b(?:came|come|entered|barged|burst|rushed|surrounded|stopped|attacked|broke|got\s+(?:down|in|into)|jumped|"
    r"gathered|assembled|armed|beat|with\s+(?:\w+\s+){0,3}(?:guns?|pistols?|rifles?|lathis?|sticks?|rods?|swords?|knives|"
    r"weapons?|faces|masks?))\b",
    re.IGNORECASE,
)
_MANY = re.compile(r"\b(?:mob|crowd|gang|many|several|supporters|villagers|group|etc|and others)\b", re.IGNORECASE)
_FIVE, _MOST_PEOPLE = 5, 200
# A number of persons who act is most likely that of the wrongdoers, not surely.
_READ = 0.85
_UNBROKEN = re.compile(
    r"\b(?:no|not\s+any|without)\s+(?:bone\b|fracture|bones\b|serious\s+injur|grievous)", re.IGNORECASE
)


def known_answers(text: str, *, time_from: str | None, time_to: str | None) -> dict[str, Answer]:
    """Return the questions that need no model.

    Night goes by the clock (``HH:MM``), childhood by the ages, a group by the number of persons that the complaint
    states; a fracture that it denies is not asked about.
    """
    known = {**_night(text, time_from, time_to), **_age(text), **_group(text)}
    if _UNBROKEN.search(text):
        known["bone_broken"] = Answer(0.0)
    return known


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
        return {"under_twelve": Answer(1.0, _span(small)), "under_sixteen": Answer(1.0, _span(small))}
    known: dict[str, Answer] = {}
    if young:
        below = next((m for age, m in young if age < _SIXTEEN), None)
        known["under_sixteen"] = Answer(1.0, _span(below)) if below else Answer(0.0)
    if young or _YOUNG.search(text) is None:
        known["under_twelve"] = Answer(0.0)
    if not young and _YOUNG.search(text) is None:
        known |= {"child_victim": Answer(0.0), "under_sixteen": Answer(0.0)}
    return known


def _group(text: str) -> dict[str, Answer]:
    found = [(_NUMBERS.get(m[1].casefold()) or int(m[1]), m) for m in _PEOPLE.finditer(text)]
    acting = next((m for n, m in found if _FIVE <= n <= _MOST_PEOPLE and _ACTING.match(text, m.end())), None)
    if acting:
        return {"group_of_five": Answer(_READ, _span(acting))}
    if found and max(n for n, _ in found) < _FIVE and _MANY.search(text) is None:
        return {"group_of_five": Answer(0.0), "five_robbers": Answer(0.0)}
    return {}


def _span(match: re.Match[str] | None) -> tuple[Span, ...]:
    return (Span(match.start(), match.end()),) if match else ()
