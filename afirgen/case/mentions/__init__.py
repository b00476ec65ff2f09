"""Finders for what is written in a fixed form: dates, times, sums, phones, vehicle numbers.

Each finder returns mentions in text order, each with its normal form and its place. They know English,
romanised Hindi, Hindi and Tamil; Indic digits are read as digits.
"""

from msgspec import Struct

from afirgen.case.evidence import Span


class Mention(Struct, frozen=True, kw_only=True):
    """A value found in the text: ``value`` is its normal form, ``span`` its place."""

    value: str
    span: Span


def ascii_digits(text: str) -> str:
    """Replace the decimal digits of every script by 0-9; the length does not change."""
    return "".join(str(int(c)) if c.isdecimal() and not c.isascii() else c for c in text)
