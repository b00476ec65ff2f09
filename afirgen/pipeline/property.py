"""The property of interest: things and sums that the complaint itself says were lost, harmed or paid."""

import re
from collections.abc import Sequence

from afirgen.case.evidence import Span, Transcript
from afirgen.case.facts import Field, Property
from afirgen.case.mentions import Mention
from afirgen.case.mentions.amounts import find_amounts
from afirgen.case.sentences import sentences
from afirgen.pipeline.grounding import locate
from afirgen.pipeline.record import Thing

_BODY = re.compile(
    r"\b(?:injur\w*|wounds?|stitch\w*|fracture\w*|bones?|hands?|legs?|fingers?|head|neck|body|bleeding)\b",
    re.IGNORECASE,
)
# A number to call is no thing, and neither is a vehicle's number by itself.
_NUMBER = re.compile(r"(?:\d[\s-]?){10,}")
# What became of a thing, in the plain words that complaints use.
_HARM = re.compile(
    r"\b(?:t(?:ook|ake\w*|aking)|stol\w*|steal\w*|theft|thief|thieves|snatch\w*|rob(?:bed|bery|bing)?|loot\w*|pickpocket\w*|pull(?:ed|ing)|"
    r"missing|lost|lose|gone|vanished|disappear\w*|not\s+(?:there|found|returned|given)|"
    r"damag\w*|br(?:oke\w*|eak\w*)|smash\w*|destroy\w*|burn\w*|fire|t(?:ore|orn)|cut|dent\w*|hit|kill\w*|poison\w*|thr(?:ew|own)|"
    r"paid|pay|payment|deposit\w*|transfer\w*|debit\w*|deduct\w*|withdr\w*|sent|gave|give\w*|handed|collect\w*|purchas\w*|b(?:uy|ought)|"
    r"cheat\w*|fraud\w*|scam\w*|forg\w*|fake|s(?:old|ale|ell)|register\w*|grab\w*|occup\w*|encroach\w*|misappropriat\w*|embezzl\w*|kept|"
    r"left|forgot\w*|value|worth|cost\w*|price|estimate)\b",
    re.IGNORECASE,
)
# Money that came to the informant is not lost.
_RECEIVED = re.compile(r"\b(?:gave|gives?|given|paid|pays?|sent|lent)\b[^.;]{0,40}\bto\s+(?:me|us)\b", re.IGNORECASE)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_TOTAL = re.compile(r"(?:\b(?:total|in\s+all|altogether)\b|कुल|மொத்தம்)\W*(?:\w+\W+){0,3}$", re.IGNORECASE)


def read_property(things: Sequence[Thing], transcript: Transcript) -> tuple[tuple[Property, ...], tuple[str, ...]]:
    """Return the things that the complaint's words say were lost, harmed or paid, and those left to the officer.

    ``things`` are the model's; each is looked up in the complaint, and one that only occurs there, with nothing
    said to have become of it, is not taken for property of the case.
    """
    amounts = find_amounts(transcript.text)
    items: dict[str, Property] = {}
    unclear: dict[str, str] = {}
    for thing in things:
        span = locate(thing.thing, transcript.text)
        quoted = " ".join(transcript.quote(span).split()) if span else ""
        if span is None or _BODY.search(quoted) or _NUMBER.search(quoted):
            continue
        if not _is_lost(span, quoted, transcript):
            unclear.setdefault(quoted.casefold(), quoted)
            continue
        value = _value(thing.rupees, amounts)
        items.setdefault(quoted.casefold(), Property(item=Field(value=quoted, span=span), value_inr=value))
    return tuple(items.values()), tuple(unclear.values())


def _is_lost(span: Span, quoted: str, transcript: Transcript) -> bool:
    """Tell whether a sentence that names the thing says what became of it, or what it is worth."""
    names = _names(quoted)
    for sentence in sentences(transcript.text):
        words = transcript.quote(sentence)
        here = sentence.start <= span.start < sentence.end
        if here and _RECEIVED.search(words):
            return False
        if (here or names & _names(words)) and _HARM.search(words):
            return True
    return False


def _names(words: str) -> set[str]:
    """Return the words by which a thing may be named again, such as "motorcycle"."""
    return {w.casefold() for w in _LONG_WORD.findall(words)}


def _value(rupees: str, amounts: Sequence[Mention]) -> Field | None:
    digits = {m.value for m in find_amounts(f"Rs {rupees}")}
    found = next((m for m in amounts if m.value in digits), None)
    return Field(value=found.value, span=found.span) if found else None


def stated_total(text: str) -> Field | None:
    """Take a sum that the complaint itself calls the total; sums are never added up for the informant."""
    totals = [m for m in find_amounts(text) if _TOTAL.search(text[max(0, m.span.start - 30) : m.span.start])]
    if len({m.value for m in totals}) != 1:
        return None
    return Field(value=totals[0].value, span=totals[0].span)
