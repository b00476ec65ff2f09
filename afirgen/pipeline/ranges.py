"""Ranges of days and times in a complaint: "from 20.03.2023 to 15.06.2023", "9 to 10 pm"."""

import re
from collections.abc import Sequence

from afirgen.case.mentions import Mention
from afirgen.case.sentences import sentence_at, sentences

_JOINED = re.compile(r"^\s*(?:to|till|until|and|-|–|se|से|முதல்)\s*$", re.IGNORECASE)
_OPENED = re.compile(r"(?:\bfrom|\bbetween|दिनांक)\W*$", re.IGNORECASE)
_REACH = 20
# A range that an agreement or an employment ran is no range of the occurrence.
_TERM = re.compile(
    r"\b(?:tenan\w+|leas\w+|rent\w*|agreement|contract|policy|warranty|employ\w*|worked|working|service|studied|studying)\b",
    re.IGNORECASE,
)


def range_end(first: Mention | None, mentions: Sequence[Mention], text: str) -> Mention | None:
    """Return the mention that "from FIRST to ..." or "between FIRST and ..." ends with."""
    following = next((m for m in mentions if first and m.span.start >= first.span.end), None)
    if first is None or following is None:
        return None
    between = text[first.span.end : following.span.start]
    opened = _OPENED.search(text[max(0, first.span.start - _REACH) : first.span.start])
    joined = _JOINED.match(between) and (opened or not re.search(r"\band\b", between))
    return following if joined else None


def is_of_term(mention: Mention | None, text: str) -> bool:
    """Tell whether the sentence of ``mention`` speaks of an agreement, an employment or the like."""
    sentence = sentence_at(sentences(text), mention.span.start) if mention else None
    return sentence is not None and _TERM.search(text[sentence.start : sentence.end]) is not None


def begins_term(first: Mention, mentions: Sequence[Mention], text: str) -> bool:
    """Tell whether ``first`` begins the range of a term: it is no day of an occurrence."""
    return range_end(first, mentions, text) is not None and is_of_term(first, text)


def only_range(mentions: Sequence[Mention], text: str) -> Mention | None:
    """Return the beginning of the one range that is no term, None where there is none or more than one."""
    begun = [m for m in mentions if range_end(m, mentions, text) and not is_of_term(m, text)]
    return begun[0] if len(begun) == 1 else None
