"""How well the form's fields keep to the complaint: pure functions."""

import re
import unicodedata
from enum import StrEnum

from msgspec import Struct

from afirgen.case.facts import Facts, Field
from afirgen.evaluate.cases import Case


class Outcome(StrEnum):
    """What became of one field; ``blank`` is a gold blank rightly left blank."""

    RIGHT = "right"
    MISSED = "missed"
    WRONG = "wrong"
    INVENTED = "invented"
    BLANK = "blank"


class FieldScore(Struct, frozen=True):
    """A field's outcome with the value drafted, for the error list."""

    name: str
    outcome: Outcome
    value: str = ""


_HONORIFICS = frozenset("smt shri sri mr mrs ms md mohd dr late kum km श्री श्रीमती स्व the".split())
_WORD = re.compile(r"[^\W_][\w\u0900-\u0963\u0966-\u0dff]*")
_CLOCK = re.compile(r"\b\d{2}:\d{2}\b")
UNKNOWN_PERSON = re.compile(r"unknown|not known|अज्ञात|அடையாளம்|no name", re.IGNORECASE)
_NAMES_ALIKE = 0.6
_PLACES_ALIKE = 0.3


def words(text: str) -> list[str]:
    """Return case-folded words and numbers, titles left out."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return [w for w in _WORD.findall(folded) if w not in _HONORIFICS]


def overlap(a: str, b: str) -> float:
    """Return the share of common words (Dice), 0..1."""
    left, right = set(words(a)), set(words(b))
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0


def score_fields(case: Case, facts: Facts, source: str) -> tuple[FieldScore, ...]:
    """Give the outcome of each labelled field; list fields give one outcome an entry."""
    who, when = facts.informant, facts.occurrence
    scores: list[FieldScore] = []

    def one(label: str, field: Field | None, *, right: bool, in_words: bool = True) -> None:
        if case.has(label):
            scores.append(_single(label, field, getattr(case, label), source if in_words else None, right=right))

    one("complainant_name", who.name, right=_same_name(who.name, case.complainant_name, case.complainant_name_latin))
    one(
        "father_or_husband_name",
        who.relative_name,
        right=_same_name(who.relative_name, case.father_or_husband_name, case.father_or_husband_name_latin),
    )
    one("phone", who.phone, right=_value(who.phone) == (case.phone or ""), in_words=False)
    one("incident_date", when.date_from, right=_value(when.date_from) == case.incident_date, in_words=False)
    one("incident_date_end", when.date_to, right=_value(when.date_to) == case.incident_date_end, in_words=False)
    one("incident_time", when.time_from, right=_same_time(when.time_from, case.incident_time), in_words=False)
    one("place", when.place, right=overlap(_value(when.place), case.place or "") >= _PLACES_ALIKE)
    one("delay_reason", facts.delay_reason, right=facts.delay_reason is not None)
    scores += _list_scores(case, facts, source)
    return tuple(scores)


def _single(label: str, field: Field | None, gold: str | None, source: str | None, *, right: bool) -> FieldScore:
    if field is None:
        return FieldScore(label, Outcome.MISSED if gold else Outcome.BLANK)
    if not gold or (source is not None and not _in_source(field.value, source)):
        return FieldScore(label, Outcome.INVENTED, field.value)
    return FieldScore(label, Outcome.RIGHT if right else Outcome.WRONG, field.value)


def _list_scores(case: Case, facts: Facts, source: str) -> list[FieldScore]:
    accused = [_value(a.name or a.description) for a in facts.accused]
    items = [(p.item.value, int(p.value_inr.value) if p.value_inr else None) for p in facts.property]
    gold_items = [(p.item, p.value_inr) for p in case.property]
    scores: list[FieldScore] = []
    if case.has("accused"):
        named = [a for a in case.accused if not UNKNOWN_PERSON.search(a)]
        scores += _entries("accused", accused, named, source, spare=len(named) < len(case.accused))
    if case.has("witnesses"):
        scores += _entries("witnesses", [f.value for f in facts.witnesses], list(case.witnesses), source)
    if case.has("property"):
        for item, value in items:
            alike = any(value == v if value and v else overlap(item, g) > 0 for g, v in gold_items)
            grounded = _in_source(item, source)
            scores.append(
                FieldScore("property", _outcome(alike=alike, grounded=grounded, expected=bool(gold_items)), item)
            )
        drafted_values = {v for _, v in items}
        missed = [g for g, v in gold_items if v not in drafted_values and all(overlap(g, i) == 0 for i, _ in items)]
        scores += [FieldScore("property", Outcome.MISSED, g) for g in missed]
    return scores


def _entries(label: str, drafted: list[str], gold: list[str], source: str, *, spare: bool = False) -> list[FieldScore]:
    """Match drafted names with gold ones; ``spare`` allows descriptions where gold has an unknown person."""
    scores = []
    for value in drafted:
        alike = spare or any(set(words(value)) & set(words(g)) for g in gold)
        scores.append(
            FieldScore(
                label, _outcome(alike=alike, grounded=_in_source(value, source), expected=bool(gold) or spare), value
            )
        )
    missed = [g for g in gold if not any(set(words(v)) & set(words(g)) for v in drafted)]
    return scores + [FieldScore(label, Outcome.MISSED, g) for g in missed]


def _outcome(*, alike: bool, grounded: bool, expected: bool) -> Outcome:
    if not grounded or not expected:
        return Outcome.INVENTED
    return Outcome.RIGHT if alike else Outcome.WRONG


def _value(field: Field | None) -> str:
    return field.value if field else ""


def _in_source(value: str, source: str) -> bool:
    return set(words(value)) <= set(words(source))


def _same_name(field: Field | None, *gold: str | None) -> bool:
    return any(overlap(_value(field), g) >= _NAMES_ALIKE for g in gold if g)


def _same_time(field: Field | None, gold: str | None) -> bool:
    clocks = _CLOCK.findall(gold or "")
    return not clocks or _value(field) in clocks
