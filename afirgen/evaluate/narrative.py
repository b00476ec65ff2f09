"""How well the narrative keeps to the complaint: what it adds, and which known facts it carries. Pure functions."""

import re
from collections.abc import Callable, Iterable, Iterator

from afirgen.case.evidence import Span
from afirgen.case.mentions import Mention, ascii_digits
from afirgen.case.mentions.amounts import find_amounts
from afirgen.case.mentions.dates import find_dates
from afirgen.case.mentions.identifiers import find_phones, find_vehicles
from afirgen.case.mentions.times import find_times
from afirgen.evaluate.cases import Case
from afirgen.evaluate.fields import UNKNOWN_PERSON, words

_FINDERS: tuple[Callable[[str], tuple[Mention, ...]], ...] = (
    find_dates,
    find_times,
    find_amounts,
    find_phones,
    find_vehicles,
)
_CLOCK = re.compile(r"\b\d{2}:\d{2}\b")
# Numbers, capitalised words, and every word of a script without capitals.
_TOKEN = re.compile(
    r"(?<!\w)\d[\w\u0900-\u0dff.,:/-]*[\w\u0900-\u0dff]|(?<!\w)\d|[A-Z][\w'’]+|[\u0900-\u0dff][\u0900-\u0963\u0966-\u0dff\u200c\u200d]*"
)
_PLACE_SHARE = 0.5


def invented_facts(narrative: str, given: Iterable[str], frame: frozenset[str]) -> tuple[str, ...]:
    """Return what ``narrative`` states and none of the ``given`` texts holds, in its order.

    Dates, times, sums, phone and vehicle numbers count by value, so another way of writing the same one is no
    invention. Of the rest, numbers, capitalised words and Indic words count by their letters. ``frame`` is the
    case-folded vocabulary of the program's own phrases.
    """
    source = "\n".join(given)
    have = set(words(source)) | frame
    plain = " ".join(source.casefold().split())
    found: list[tuple[Span, bool]] = []
    for finder in _FINDERS:
        known = {m.value for m in finder(source)}
        for mention in finder(narrative):
            said = mention.value in known or _stands_in(narrative[mention.span.start : mention.span.end], plain)
            found.append((mention.span, not said))
    for match in _TOKEN.finditer(narrative):
        if not any(s.start <= match.start() < s.end for s, _ in found):
            found.append((Span(match.start(), match.end()), not set(words(match.group())) <= have))
    return tuple(narrative[s.start : s.end] for s, invented in sorted(found) if invented)


def _stands_in(piece: str, plain: str) -> bool:
    """Tell whether ``piece`` stands in ``plain``, not as part of a longer number or word."""
    letters = re.escape(" ".join(piece.casefold().split()))
    return re.search(rf"(?<!\w)(?<!\d[.,:/-]){letters}(?!\w|[.,:/-]\d)", plain) is not None


def carried(case: Case, text: str) -> tuple[int, int]:
    """Count the labelled facts that ``text`` carries, and all of them.

    A name is carried by one of its words, a place by half of them, a property by a word of it; dates, times,
    sums and phone numbers by value.
    """
    checks = list(_checks(case, text))
    return sum(checks), len(checks)


def _checks(case: Case, text: str) -> Iterator[bool]:
    have = set(words(text))
    dates, times, sums, phones = ({m.value for m in find(text)} for find in _FINDERS[:4])
    names = [case.complainant_name, *case.accused, *case.witnesses]
    for name in names:
        if name and not UNKNOWN_PERSON.search(name):
            yield bool(set(words(name)) & have)
    if case.place:
        place = set(words(case.place))
        yield len(place & have) >= _PLACE_SHARE * len(place)
    if case.phone:
        yield case.phone in phones or case.phone in ascii_digits(text)
    for day in (case.incident_date, case.incident_date_end):
        if day:
            yield day in dates
    if clocks := _CLOCK.findall(case.incident_time or ""):
        yield bool(set(clocks) & times)
    for item in case.property:
        yield bool(set(words(item.item)) & have)
        if item.value_inr:
            yield str(item.value_inr) in sums
