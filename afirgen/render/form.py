"""The form as a list of numbered items: what is printed, apart from how it looks.

Items and order: Integrated Investigation Form I. A blank stays a blank, and items 13 to 15 are always
left to the officer.
"""

from zoneinfo import ZoneInfo

from msgspec import Struct

from afirgen.case.facts import Field
from afirgen.case.fir import FirDocument
from afirgen.case.law import Assessment
from afirgen.render.wording import Wording, wording

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
    """A whole print: heading, items, the statement as annex, the officer's list and the disclosure.

    ``words`` holds what else is printed in the form's language, by its key in the wording.
    """

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
    words: dict[str, str]


_PRINTED = ("watermark", "page", "annex", "left_blank", "for_officer")


def build_form(doc: FirDocument, language: str = "en") -> Form:
    """Lay out ``doc`` on the form in ``language``: ``en``, ``hi``, or ``en-hi`` with both side by side.

    Raises:
        NotFoundError: The form is not there in that language.
    """
    return _Layout(doc, wording(language)).form()


def group_rupees(amount: int) -> str:
    """Write whole rupees in Indian grouping: 320000 becomes 3,20,000."""
    digits = str(amount)
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*pairs, tail])


def _value(field: Field | None) -> str | None:
    return field.value if field else None


def _rupees(amount: int | None) -> str | None:
    return None if amount is None else f"Rs {group_rupees(amount)}"


def _date(field: Field | None) -> str | None:
    """Show an ISO date as DD.MM.YYYY."""
    return ".".join(reversed(field.value.split("-"))) if field else None


def _why(assessment: Assessment) -> str:
    parts = [assessment.title.rstrip(".")]
    if assessment.attributes:
        parts.append(assessment.attributes.punishment.rstrip("."))
    parts.append(assessment.reason.rstrip("."))
    return ". ".join(p for p in parts if p) + "."


class _Layout:
    """One document in one wording."""

    def __init__(self, doc: FirDocument, words: Wording) -> None:
        self._doc = doc
        self._words = words

    def form(self) -> Form:
        doc, words = self._doc, self._words
        return Form(
            heading=words.text("heading"),
            under=words.text("under"),
            draft=words.text("draft"),
            route=words.of("routes", doc.route.value),
            items=self._items(),
            statement=tuple(p for p in doc.statement.text.split("\n") if p.strip()),
            blanks=doc.blanks,
            needs_officer=doc.needs_officer,
            disclosure=self._disclosure(),
            blank=words.text("blank"),
            words={key: words.text(key) for key in _PRINTED},
        )

    def _items(self) -> tuple[Item, ...]:
        doc = self._doc
        return (
            self._station(),
            self._sections(),
            self._occurrence(),
            self._item("4", self._line("type", self._words.of("types", doc.source.kind.value))),
            self._place(),
            self._informant(),
            self._accused(),
            self._item("8", Line("", _value(doc.facts.delay_reason))),
            self._property(),
            self._item("10", self._line("total", _rupees(doc.total_value_inr))),
            self._item("11", self._line("inquest", None)),
            Item(number="12", title=self._words.of("items", "12"), paragraphs=self._narrative()),
            self._item("13", self._line("action", None), self._line("roac", None)),
            self._item("14", self._line("sign_informant", None), self._line("sign_officer", None)),
            self._item("15", self._line("dispatch", None)),
        )

    def _disclosure(self) -> str:
        """Say which program and models helped, and when; printed on every page (safeguard 7)."""
        made = self._doc.provenance
        return self._words.text("disclosure").format(
            program=made.program,
            models=", ".join(made.models) or self._words.text("no_model"),
            when=made.drafted_at.astimezone(INDIA).strftime("%d.%m.%Y %H:%M IST"),
        )

    def _line(self, label: str, value: str | None) -> Line:
        return Line(self._words.of("labels", label), value)

    def _item(self, number: str, *lines: Line) -> Item:
        return Item(number=number, title=self._words.of("items", number), lines=lines)

    def _table(self, number: str, kind: str, rows: tuple[tuple[str, ...], ...]) -> Item:
        return Item(
            number=number,
            title=self._words.of("items", number),
            header=("", *self._words.list_of("headers", kind)),
            rows=rows,
        )

    def _station(self) -> Item:
        doc, drafted = self._doc, self._doc.reported_on.astimezone(INDIA)
        return self._item(
            "1",
            self._line("district", doc.station.district),
            self._line("police_station", doc.station.name),
            self._line("year", str(drafted.year)),
            self._line("fir_number", doc.fir_number),
            self._line("drafted", drafted.strftime("%d.%m.%Y %H:%M IST")),
        )

    def _sections(self) -> Item:
        rows = tuple((str(n), a.section.act, a.section.number, _why(a)) for n, a in enumerate(self._doc.sections, 1))
        if not rows:
            none = self._words.text("no_section")
            return Item(number="2", title=self._words.of("items", "2"), paragraphs=(none,))
        return self._table("2", "sections", rows)

    def _occurrence(self) -> Item:
        when = self._doc.facts.occurrence
        received = self._doc.reported_on.astimezone(INDIA).strftime("%d.%m.%Y %H:%M IST")
        return self._item(
            "3",
            self._line("date_from", _date(when.date_from)),
            self._line("date_to", _date(when.date_to)),
            self._line("time_from", _value(when.time_from)),
            self._line("time_to", _value(when.time_to)),
            self._line("received", received),
            self._line("diary", None),
        )

    def _place(self) -> Item:
        place = _value(self._doc.facts.occurrence.place)
        return self._item("5", self._line("direction", None), self._line("place", place), self._line("outside", None))

    def _informant(self) -> Item:
        who = self._doc.facts.informant
        return self._item(
            "6",
            self._line("name", _value(who.name)),
            self._line("relative", _value(who.relative_name)),
            self._line("age", _value(who.age)),
            self._line("nationality", _value(who.nationality)),
            self._line("uid", None),
            self._line("passport", None),
            self._line("identity", None),
            self._line("occupation", _value(who.occupation)),
            self._line("address", _value(who.address)),
            self._line("phone", _value(who.phone)),
        )

    def _accused(self) -> Item:
        unknown = self._words.text("not_known")
        rows = tuple(
            (str(n), _value(a.name) or unknown, _value(a.description) or "")
            for n, a in enumerate(self._doc.facts.accused, 1)
        )
        return self._table("7", "accused", rows) if rows else self._item("7", Line("", None))

    def _property(self) -> Item:
        rows = tuple(
            (str(n), p.item.value, _rupees(int(p.value_inr.value)) or "" if p.value_inr else "")
            for n, p in enumerate(self._doc.facts.property, 1)
        )
        return self._table("9", "property", rows) if rows else self._item("9", Line("", None))

    def _narrative(self) -> tuple[str, ...]:
        check = self._words.text("check")
        marked = [f"{s.text} [{check}: {s.problem}]" if s.problem else s.text for s in self._doc.narrative.sentences]
        return (" ".join(marked), self._words.text("attached"))
