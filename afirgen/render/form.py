"""The form as a list of numbered items: what is printed, apart from how it looks.

Items and order: Integrated Investigation Form I. A blank stays a blank, and items 13 to 15 are always
left to the officer.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from afirgen.case.facts import Field
from afirgen.case.fir import FirDocument
from afirgen.case.law import Assessment

INDIA = ZoneInfo("Asia/Kolkata")


class Line(Struct, frozen=True):
    """A labelled value; ``value`` is None for a blank."""

    label: str
    value: str | None


class Item(Struct, frozen=True, kw_only=True):
    """A numbered item: lines, then a table, then paragraphs; most items have one of them."""

    number: str
    title: str
    lines: tuple[Line, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    paragraphs: tuple[str, ...] = ()


class Form(Struct, frozen=True, kw_only=True):
    """A whole print: heading, items, the statement as annex, the officer's list and the disclosure."""

    heading: str
    under: str
    draft: str
    route: str
    items: tuple[Item, ...]
    statement: tuple[str, ...]
    blanks: tuple[str, ...]
    needs_officer: tuple[str, ...]
    disclosure: str
    blank: str


@cache
def labels() -> dict[str, Any]:
    """Return the form's wording from its data file."""
    text = resources.files("afirgen.render").joinpath("data/form1.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def build_form(doc: FirDocument) -> Form:
    """Lay out ``doc`` on the form."""
    words = labels()
    return Form(
        heading=words["heading"],
        under=words["under"],
        draft=words["draft"],
        route=words["routes"][doc.route.value],
        items=(
            _station(doc),
            _sections(doc),
            _occurrence(doc),
            _item("4", _line("type", words["types"][doc.source.kind.value])),
            _place(doc),
            _informant(doc),
            _accused(doc),
            _item("8", _line("type", _value(doc.facts.delay_reason)), bare=True),
            _property(doc),
            _item("10", _line("total", _rupees(doc.total_value_inr))),
            _item("11", _line("inquest", None)),
            Item(number="12", title=words["items"]["12"], paragraphs=_narrative(doc)),
            _item("13", _line("action", None), _line("roac", None)),
            _item("14", _line("sign_informant", None), _line("sign_officer", None)),
            _item("15", _line("dispatch", None)),
        ),
        statement=tuple(p for p in doc.statement.text.split("\n") if p.strip()),
        blanks=doc.blanks,
        needs_officer=doc.needs_officer,
        disclosure=disclosure(doc),
        blank=words["blank"],
    )


def disclosure(doc: FirDocument) -> str:
    """Say which program and models helped, and when; printed on every page (safeguard 7)."""
    when = doc.provenance.drafted_at.astimezone(INDIA).strftime("%d.%m.%Y %H:%M IST")
    models = ", ".join(doc.provenance.models) or "no model"
    return f"Drafted with {doc.provenance.program} ({models}) on {when}; to be checked by an officer."


def group_rupees(amount: int) -> str:
    """Write whole rupees in Indian grouping: 320000 becomes 3,20,000."""
    digits = str(amount)
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*pairs, tail])


def _line(label: str, value: str | None) -> Line:
    return Line(labels()["labels"][label], value)


def _item(number: str, *lines: Line, bare: bool = False) -> Item:
    """Make an item of lines; ``bare`` drops the label, for an item whose title says it all."""
    kept = tuple(Line("", line.value) for line in lines) if bare else lines
    return Item(number=number, title=labels()["items"][number], lines=kept)


def _value(field: Field | None) -> str | None:
    return field.value if field else None


def _rupees(amount: int | None) -> str | None:
    return None if amount is None else f"Rs {group_rupees(amount)}"


def _date(field: Field | None) -> str | None:
    """Show an ISO date as DD.MM.YYYY."""
    return ".".join(reversed(field.value.split("-"))) if field else None


def _station(doc: FirDocument) -> Item:
    drafted = doc.reported_on.astimezone(INDIA)
    return _item(
        "1",
        _line("district", doc.station.district),
        _line("police_station", doc.station.name),
        _line("year", str(drafted.year)),
        _line("fir_number", doc.fir_number),
        _line("drafted", drafted.strftime("%d.%m.%Y %H:%M IST")),
    )


def _sections(doc: FirDocument) -> Item:
    rows = tuple((str(n), a.section.act, a.section.number, _why(a)) for n, a in enumerate(doc.sections, 1))
    note = () if rows else ("No section is proposed; the officer decides.",)
    header = ("", "Act", "Section", "Offence, punishment, ground")
    return Item(number="2", title=labels()["items"]["2"], header=header if rows else (), rows=rows, paragraphs=note)


def _why(assessment: Assessment) -> str:
    parts = [assessment.title.rstrip(".")]
    if assessment.attributes:
        parts.append(assessment.attributes.punishment.rstrip("."))
    parts.append(assessment.reason.rstrip("."))
    return ". ".join(p for p in parts if p) + "."


def _occurrence(doc: FirDocument) -> Item:
    when = doc.facts.occurrence
    received = doc.reported_on.astimezone(INDIA).strftime("%d.%m.%Y %H:%M IST")
    return _item(
        "3",
        _line("date_from", _date(when.date_from)),
        _line("date_to", _date(when.date_to)),
        _line("time_from", _value(when.time_from)),
        _line("time_to", _value(when.time_to)),
        _line("received", received),
        _line("diary", None),
    )


def _place(doc: FirDocument) -> Item:
    place = _value(doc.facts.occurrence.place)
    return _item("5", _line("direction", None), _line("place", place), _line("outside", None))


def _informant(doc: FirDocument) -> Item:
    who = doc.facts.informant
    return _item(
        "6",
        _line("name", _value(who.name)),
        _line("relative", _value(who.relative_name)),
        _line("age", _value(who.age)),
        _line("nationality", _value(who.nationality)),
        _line("uid", None),
        _line("passport", None),
        _line("identity", None),
        _line("occupation", _value(who.occupation)),
        _line("address", _value(who.address)),
        _line("phone", _value(who.phone)),
    )


def _accused(doc: FirDocument) -> Item:
    rows = tuple(
        (str(n), _value(a.name) or "not known", _value(a.description) or "") for n, a in enumerate(doc.facts.accused, 1)
    )
    title = labels()["items"]["7"]
    if not rows:
        return Item(number="7", title=title, lines=(Line("", None),))
    return Item(number="7", title=title, header=("", "Name", "Description"), rows=rows)


def _property(doc: FirDocument) -> Item:
    rows = tuple(
        (str(n), p.item.value, _rupees(int(p.value_inr.value)) or "" if p.value_inr else "")
        for n, p in enumerate(doc.facts.property, 1)
    )
    title = labels()["items"]["9"]
    if not rows:
        return Item(number="9", title=title, lines=(Line("", None),))
    return Item(number="9", title=title, header=("", "Description", "Value"), rows=rows)


def _narrative(doc: FirDocument) -> tuple[str, ...]:
    marked = [f"{s.text} [CHECK: {s.problem}]" if s.problem else s.text for s in doc.narrative.sentences]
    return (" ".join(marked), "The informant's own words are attached.")
