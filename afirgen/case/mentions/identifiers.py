"""Phone and vehicle numbers."""

import re

from afirgen.case.evidence import Span
from afirgen.case.mentions import Mention, ascii_digits

_PHONE = re.compile(r"(?<![\w.,])(?:\+?91[\s-]?|0)?([6-9]\d{4}[\s-]?\d{5})(?![\w])")
_VEHICLE = re.compile(r"(?<!\w)([A-Z]{2})[\s-]?(\d{1,2})[\s-]?([A-Z]{1,3})[\s-]?(\d{4})(?!\w)", re.IGNORECASE)


def find_phones(text: str) -> tuple[Mention, ...]:
    """Find Indian mobile numbers as ten digits."""
    return tuple(
        Mention(value=re.sub(r"\D", "", m[1]), span=Span(m.start(1), m.end(1)))
        for m in _PHONE.finditer(ascii_digits(text))
    )


def find_vehicles(text: str) -> tuple[Mention, ...]:
    """Find vehicle registration numbers in the form ``UP 78 FK 4471``."""
    return tuple(
        Mention(value=" ".join(g.upper() for g in m.groups()), span=Span(m.start(), m.end()))
        for m in _VEHICLE.finditer(text)
    )
