"""Sentences of a complaint with their places, for Latin and Indic scripts."""

import re

from afirgen.case.evidence import Span

# A full stop after these does not end a sentence.
_ABBREVIATIONS = frozenset(
    """rs no nos mr mrs ms smt shri sri km dr md mohd col capt maj adv prof dt mob ph tel st rd
    ps p.s h.no r.no sec opp nr approx vs etc ltd pvt co inr a.m p.m i.e e.g s d w jr sr insp const
    hc asi si u.d g.d regd viz""".split()
)
_END = re.compile(r"[.!?।॥]+[\"'”’)\]]*(?=\s|$)|\n+")
# A line at least this share of the longest one was broken by the margin, not by its writer.
_WRAPPED_SHARE = 0.7
_LAST_WORD = re.compile(r"([^\W\d_][\w./]*|[^\W\d_])$")


def sentences(text: str) -> tuple[Span, ...]:
    """Split ``text`` into sentences; each span is trimmed of white space and not empty."""
    spans: list[Span] = []
    start = 0
    full_line = max((len(line) for line in text.split("\n")), default=0)
    for match in _END.finditer(text):
        if match.group() == "\n" and _is_wrapped(text, match.start(), full_line):
            continue
        if match.group()[0] == "." and _is_abbreviation(text[start : match.start()], text, match):
            continue
        _add(spans, text, start, match.end())
        start = match.end()
    _add(spans, text, start, len(text))
    return tuple(spans)


def sentence_at(spans: tuple[Span, ...], position: int) -> Span | None:
    """Return the sentence that covers ``position``, or None between sentences."""
    return next((s for s in spans if s.start <= position < s.end), None)


def _is_wrapped(text: str, position: int, full_line: int) -> bool:
    """Tell whether the line break only wraps a line: the line is long, or the next one goes on in small letters."""
    line_start = text.rfind("\n", 0, position) + 1
    following = text[position + 1 :].lstrip(" \t")[:1]
    return position - line_start >= _WRAPPED_SHARE * full_line or following.islower()


def _is_abbreviation(before: str, text: str, match: re.Match[str]) -> bool:
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    token = word.group().casefold()
    if token in _ABBREVIATIONS:
        return match.end() < len(text.rstrip())
    following = text[match.end() :].lstrip()[:1]
    single_initial = len(token) == 1 and token.isalpha()
    return (single_initial and following.isupper()) or following.islower()


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip())
    finish = start + len(piece.rstrip())
    if finish > begin:
        spans.append(Span(begin, finish))
