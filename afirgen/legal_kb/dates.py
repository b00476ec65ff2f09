"""Which penal law governs, by the day of the occurrence (BNS 1(2), 358; IPC until 2024-06-30)."""

import re
from collections.abc import Sequence
from datetime import date

from afirgen.case.evidence import Span
from afirgen.case.law import Law

BNS_FROM = date(2024, 7, 1)
# A time without a calendar date that may lie before the change of the law, whatever dates stand beside it.
_UNDATED = re.compile(
    r"(?<!since\s)(?<!from\s)\b(?:last|previous)\s+(?:year|(?:diwali|deepawali|deepavali|holi|eid|id|bakrid|muharram|navratri|durga\s+puja|dussehra|dasara|"
    r"rakhi|raksha\s+bandhan|pongal|onam|ugadi|baisakhi|bihu|lohri|christmas|chhath|ganesh\s+chaturthi|janmashtami)\b)"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|some|several|a\s+few|few|many|\d+)\s+years?\s+(?:ago|back)\b|\ba\s+year\s+(?:ago|back)\b"
    r"|\b(?:pichh?l[ei]|pichh?li)\s+(?:saal|sal|diwali|holi|eid|dussehra|navratri|rakhi|chhath)\b|\b(?:saal|sal)\s+pehle\b"
    r"|पिछल[ेी]\s+(?:साल|वर्ष|दिवाली|दीवाली|दीपावली|होली|ईद|दशहर|नवरात्र|रक्षाबंधन|छठ)|(?:साल|वर्ष)\s+(?:पहले|पूर्व)"
    r"|(?:கடந்த|போன)\s+(?:ஆண்டு|வருட|வருஷ|தீபாவளி|பொங்கல்)|(?:ஆண்டு|வருட)\S*\s+முன்",
    re.IGNORECASE,
)
_BEGINS_BEFORE = re.compile(
    r"\b(?:since|ever\s+since|starting\s+(?:from|on)|beginning\s+(?:from|on))\W+(?:the\s+)?$", re.IGNORECASE
)
_BEGINS_AFTER = re.compile(
    r"^\W*(?:onwards?\b|till\s+(?:date|now|today)\b|until\s+(?:now|today)\b|up\s*to\s+(?:date|now)\b|से\s+(?:लगातार|अब\s+तक|आज\s+तक|रोज)"
    r"|se\s+(?:lagatar|ab\s+tak|aaj\s+tak|roz)\b|முதல்\s+(?:தொடர்ந்து|இன்று\s+வரை))",
    re.IGNORECASE,
)


def undated(text: str) -> bool:
    """Tell whether the complaint speaks of a time such as "last Diwali" or "two years ago", which no date fixes."""
    return _UNDATED.search(text) is not None


def goes_on(text: str, day: Span | None) -> bool:
    """Tell whether the words around ``day`` say that the occurrence began then and went on: "since 01.05.2024"."""
    if day is None:
        return False
    before, after = text[max(0, day.start - 24) : day.start], text[day.end : day.end + 24]
    return bool(_BEGINS_BEFORE.search(before) or _BEGINS_AFTER.search(after))


def law_for(
    first: date | None,
    last: date | None,
    named: Sequence[date] = (),
    *,
    undated: bool = False,
    goes_on: bool = False,
) -> tuple[Law, str]:
    """Return the governing law and the reason, for an occurrence from ``first`` to ``last``.

    ``named`` are all days that the complaint names: where the day of the occurrence is not known among them and
    all are on or after 2024-07-01, so was the occurrence; an earlier one proves nothing, nor does any where the
    complaint also speaks of an ``undated`` time. Without a date, or with a range across that day, the officer
    decides; so it is where the occurrence began before and ``goes_on``.
    """
    if first is None and named and min(named) >= BNS_FROM and not undated:
        return Law.BNS, "Every day that the complaint names is on or after 01.07.2024: the BNS applies."
    if first is None:
        return Law.OFFICER_DECIDES, "The day of the occurrence is not known; the law depends on it."
    end = last or first
    if first >= BNS_FROM:
        return Law.BNS, "The occurrence is on or after 01.07.2024: the Bharatiya Nyaya Sanhita 2023 applies."
    if end < BNS_FROM and not (goes_on and last is None):
        return Law.IPC, "The occurrence is before 01.07.2024: the Indian Penal Code 1860 applies."
    return (
        Law.OFFICER_DECIDES,
        "The occurrence began before 01.07.2024 and went on after it: the officer decides the law.",
    )
