"""The facts as fields of a form, and the officer's changes to them as facts again."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time

from msgspec import Struct

from afirgen.case.evidence import Span, Transcript
from afirgen.case.facts import Accused, Author, Facts, Field, Informant, Occurrence, Property
from afirgen.errors import InvalidInputError
from afirgen.render.values import group_rupees

_PARTS: Mapping[str, type[Informant | Occurrence]] = {"informant": Informant, "occurrence": Occurrence}
_PREFIX = "fact."
_LONGEST = 2000
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INDIAN_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_SUMS = {"property_value_inr", "stated_total_inr"}


class FieldError(InvalidInputError):
    """What was typed in one field cannot be used; ``field`` is its name on the page."""

    def __init__(self, public: str, field: str) -> None:
        super().__init__(public)
        self.field = field


class Box(Struct, frozen=True, kw_only=True):
    """A field of the form: its name, the key of its label, what kind of input it is, and what stands in it."""

    name: str
    label: str
    kind: str
    field: Field | None

    @property
    def number(self) -> int | None:
        """Which entry of a list this belongs to, counted from 1; None for what there is once."""
        found = re.search(r"\.(\d+)", self.name)
        return int(found[1]) + 1 if found else None

    @property
    def shown(self) -> str:
        """What stands in the input: sums in Indian grouping, days as they are written in India."""
        value = self.field.value if self.field else ""
        if self.label in _SUMS and value.isdecimal():
            return group_rupees(int(value))
        return ".".join(reversed(value.split("-"))) if self.kind == "date" and _ISO_DAY.fullmatch(value) else value


def boxes(facts: Facts) -> list[list[Box]]:
    """Return the fields in the form's order, in groups; each list ends with an empty row for another entry."""
    informant = [_box(f"informant.{n}", n, getattr(facts.informant, n)) for n in Informant.__struct_fields__]
    when = [_box(f"occurrence.{n}", n, getattr(facts.occurrence, n)) for n in Occurrence.__struct_fields__]
    accused: list[Box] = []
    for number, entry in enumerate((*facts.accused, Accused())):
        accused += [_box(f"accused.{number}.{n}", f"accused_{n}", getattr(entry, n)) for n in Accused.__struct_fields__]
    things: list[Box] = []
    for number, thing in enumerate((*facts.property, None)):
        things += [
            _box(f"property.{number}.{n}", f"property_{n}", getattr(thing, n) if thing else None)
            for n in Property.__struct_fields__
        ]
    rest = [_box(f"witnesses.{n}", "witness", w) for n, w in enumerate((*facts.witnesses, None))]
    rest.append(_box("delay_reason", "delay_reason", facts.delay_reason))
    rest.append(_box("stated_total_inr", "stated_total_inr", facts.stated_total_inr))
    return [informant, when, accused, things, rest]


def changed_facts(facts: Facts, form: Mapping[str, str], transcript: Transcript) -> Facts:
    """Return the facts as the form has them; a value that was left alone keeps its source and its author.

    Raises:
        FieldError: A date, time or sum is not written as one.
    """
    before = {box.name: box.field for group in boxes(facts) for box in group}

    def read(name: str, checked: Callable[[str], str] = str) -> Field | None:
        try:
            value = checked(" ".join(form.get(_PREFIX + name, "").split())[:_LONGEST])
        except ValueError as err:
            raise FieldError(str(err), _PREFIX + name) from err
        return _changed(before.get(_PREFIX + name), value, transcript)

    if not any(key.startswith(_PREFIX) for key in form):
        return facts
    return Facts(
        informant=Informant(**{n: read(f"informant.{n}") for n in Informant.__struct_fields__}),
        occurrence=Occurrence(
            **{n: read(f"occurrence.{n}", _CHECKS.get(n[:4], str)) for n in Occurrence.__struct_fields__}
        ),
        accused=_accused(form, read),
        property=_things(form, read),
        witnesses=tuple(w for n in _numbers(form, "witnesses") if (w := read(f"witnesses.{n}"))),
        delay_reason=read("delay_reason"),
        stated_total_inr=read("stated_total_inr", _sum),
        notes=facts.notes,
    )


_Read = Callable[..., Field | None]


def _accused(form: Mapping[str, str], read: _Read) -> tuple[Accused, ...]:
    rows = (
        Accused(**{f: read(f"accused.{n}.{f}") for f in Accused.__struct_fields__}) for n in _numbers(form, "accused")
    )
    return tuple(row for row in rows if row != Accused())


def _things(form: Mapping[str, str], read: _Read) -> tuple[Property, ...]:
    found = []
    for n in _numbers(form, "property"):
        item, value = read(f"property.{n}.item"), read(f"property.{n}.value_inr", _sum)
        if item is None and value is not None:
            raise FieldError("A value has no property. Name what it is the value of.", f"{_PREFIX}property.{n}.item")
        if item is not None:
            classes = {f: read(f"property.{n}.{f}") for f in ("category", "type")}
            found.append(Property(item=item, value_inr=value, **classes))
    return tuple(found)


def _numbers(form: Mapping[str, str], group: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(_PREFIX + group)}\.(\d{{1,3}})(?:\.|$)")
    return sorted({int(m[1]) for key in form if (m := pattern.match(key))})


def _changed(before: Field | None, value: str, transcript: Transcript) -> Field | None:
    if not value:
        return None
    if before is not None and " ".join(before.value.split()) == value:
        return before
    start = transcript.text.find(value)
    return Field(
        value=value,
        span=Span(start, start + len(value)) if start >= 0 else None,
        author=Author.OFFICER_EDITED if before else Author.OFFICER_WRITTEN,
    )


def _box(name: str, label: str, field: Field | None) -> Box:
    kind = {"date": "date", "time": "time"}.get(label[:4], "text")
    return Box(name=_PREFIX + name, label=label, kind=kind, field=field)


def _date(text: str) -> str:
    try:
        if day := _INDIAN_DAY.fullmatch(text):
            return date(int(day[3]), int(day[2]), int(day[1])).isoformat()
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as err:
        raise ValueError("A date is not right. Write it as day.month.year, such as 12.03.2025.") from err


def _time(text: str) -> str:
    try:
        return time.fromisoformat(text.replace(".", ":").zfill(5)).strftime("%H:%M") if text else ""
    except ValueError as err:
        raise ValueError("A time is not right. Write it as 24 hours and minutes, such as 19:30.") from err


def _sum(text: str) -> str:
    digits = re.sub(r"(?i)^(?:rs\.?|₹)\s*|[,\s]|/-$", "", text)
    if digits and not (digits.isascii() and digits.isdigit()):
        raise ValueError("A sum is not right. Write whole rupees in digits, such as 45000.")
    return digits


_CHECKS: Mapping[str, Callable[[str], str]] = {"date": _date, "time": _time}
