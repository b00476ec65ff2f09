"""Sums of money in whole rupees."""

import re

from afirgen.case.evidence import Span
from afirgen.case.mentions import Mention, ascii_digits

_SCALES = {
    "thousand": 1_000,
    "hazar": 1_000,
    "hazaar": 1_000,
    "हजार": 1_000,
    "हज़ार": 1_000,
    "ஆயிரம்": 1_000,
    "lakh": 100_000,
    "lakhs": 100_000,
    "lac": 100_000,
    "lacs": 100_000,
    "लाख": 100_000,
    "லட்சம்": 100_000,
    "crore": 10_000_000,
    "करोड़": 10_000_000,
    "கோடி": 10_000_000,
}
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_SIGN = r"(?:rs|inr|rupees?|₹|रु|रू|ரூ)\s?\.?\s?"
_WORD = r"(?:rupees?|rupay[ea]?|rupy[ae]|rupaye|rs|/-|रुपये|रुपए|रुपया|रूपये|ரூபாய்)"
_NUMBER = r"(\d{1,3}(?:,\d{2,3})+|\d+)(\.\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?P<sign>(?<!\w){_SIGN})?(?<![\d.,/:-])(?P<number>{_NUMBER})(?![\d:])\s?(?P<scale>(?:{_SCALE})(?!\w))?"
    rf"\s?(?P<word>{_WORD}(?!\w))?",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2})*,\d{3}$")


def find_amounts(text: str) -> tuple[Mention, ...]:
    """Find sums of money as whole rupees in digits.

    A number counts as money when a rupee sign or word, or a scale such as "lakh", stands beside it, or when
    it is written with Indian grouping ("3,20,000").
    """
    plain = ascii_digits(text)
    found = []
    for match in _AMOUNT.finditer(plain):
        grouped = _GROUPED.fullmatch(match["number"])
        if not (match["sign"] or match["word"] or match["scale"] or grouped):
            continue
        scale = _SCALES[match["scale"].casefold()] if match["scale"] else 1
        digits, _, fraction = match["number"].replace(",", "").partition(".")
        rupees = int(digits) * scale + int((fraction or "0").ljust(2, "0")) * scale // 100
        end = match.start() + len(match.group().rstrip())
        found.append(Mention(value=str(rupees), span=Span(match.start(), end)))
    return tuple(found)
