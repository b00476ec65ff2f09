"""A document as a list of numbered items: what is printed, apart from how it looks.

Items and order come from the layout (Integrated Investigation Form I for the FIR). A blank stays a blank, and items 13
to 15 are left to the officer.
"""

from msgspec import Struct

from afirgen.case.fir import FirDocument, RegisterEntry
from afirgen.render.code import HASH_DIGITS, PrintCode, record_hash
from afirgen.render.values import INDIA, disclosure, group_rupees, line_values, narrative, registered_values, table_rows
from afirgen.render.wording import Forms, ItemLayout, Wording, shipped_forms

__all__ = ["INDIA", "Form", "Item", "Line", "Print", "build_form", "group_rupees", "print_form"]


class Line(Struct, frozen=True):
    """A labelled value; ``value`` is None for a blank."""

    label: str
    value: str | None


class Item(Struct, frozen=True, kw_only=True):
    """A numbered item: lines, then a table, then paragraphs; most items have one of them.

    ``columns`` and ``sign`` say how the lines are set on paper (:class:`ItemLayout`).
    """

    number: str
    title: str
    lines: tuple[Line, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    paragraphs: tuple[str, ...] = ()
    columns: int = 1
    sign: bool = False


class Form(Struct, frozen=True, kw_only=True):
    """A whole print: heading, items, the statement as annex, the officer's list and the disclosure.

    ``words`` holds what else is printed in the form's language, by its key in the wording. ``code`` names document and
    record on each page. ``drafted`` is seconds since 1970.
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
    language: str
    registered: bool
    code: str
    drafted: int


class Print(Struct, frozen=True):
    """Which document is wanted: its name in the layout, its language, and whether and where the FIR is registered."""

    kind: str = "fir"
    language: str = "en"
    registered: bool = False
    entry: RegisterEntry | None = None


_PRINTED = ("watermark", "page", "annex", "left_blank", "for_officer", "code")


def build_form(doc: FirDocument, language: str = "en") -> Form:
    """Lay out ``doc`` on the FIR form in ``language``: ``en``, ``hi``, or ``en-hi`` with both side by side.

    Raises:
        NotFoundError: The form is not there in that language.
    """
    return print_form(doc, Print(language=language))


def print_form(doc: FirDocument, wanted: Print, forms: Forms | None = None) -> Form:
    """Lay out ``doc`` as the document that is wanted, on the shipped forms or on ``forms``.

    Raises:
        NotFoundError: There is no such document, or not in that language.
    """
    forms = forms or shipped_forms()
    layout, words = forms.layout(wanted.kind), forms.wording(wanted.language)
    code = str(PrintCode(wanted.kind, wanted.language, wanted.registered, record_hash(doc)[:HASH_DIGITS]))
    filler = _Filler(doc, words, wanted.entry)
    items = [filler.item(item) for item in layout.items]
    listed = layout.officer_list and not wanted.registered
    return Form(
        heading=words.of("documents", wanted.kind, "heading"),
        under=words.of("documents", wanted.kind, "under"),
        draft=words.text("registered" if wanted.registered else "draft"),
        route=words.of("routes", doc.route.value) if layout.route else "",
        items=tuple(item for item in items if item is not None),
        statement=tuple(p for p in doc.statement.text.split("\n") if p.strip()) if layout.annex else (),
        blanks=tuple(words.said(b) for b in doc.open_blanks) if listed else (),
        needs_officer=tuple(words.said(n) for n in doc.needs_officer) if listed else (),
        disclosure=disclosure(doc, words),
        blank=words.text("blank"),
        words={key: words.text(key) for key in _PRINTED},
        language=wanted.language.split("-", 1)[0],
        registered=wanted.registered,
        code=code,
        drafted=int(doc.provenance.drafted_at.timestamp()),
    )


class _Filler:
    """Fills the items of a layout with what one document says."""

    def __init__(self, doc: FirDocument, words: Wording, entry: RegisterEntry | None) -> None:
        self._words = words
        self._values = line_values(doc, words) | (registered_values(doc, entry) if entry else {})
        self._rows = table_rows(doc, words)
        self._texts = {"narrative": narrative(doc, words)}

    def item(self, layout: ItemLayout) -> Item | None:
        """Return the item, None for one that is only printed where it has something to say."""
        words = self._words
        rows = self._rows.get(layout.table, ())
        if layout.only_filled and not rows:
            return None
        lines = tuple(Line(words.of("labels", key), self._values[key]) for key in layout.lines)
        paragraphs = [*self._texts.get(layout.text, ())]
        paragraphs += [p for key in layout.paragraphs for p in self._paragraphs(key)]
        if layout.value:
            lines = (Line("", self._values[layout.value]),)
        if layout.table and not rows:
            # The officer decides where no section is proposed; any other empty table is one blank.
            none = layout.table == "sections"
            lines = lines if none else (Line("", None), *lines)
            paragraphs += [words.text("no_section")] if none else []
        return Item(
            number=layout.number,
            title=words.of("items", layout.title or layout.number),
            lines=lines,
            header=("", *words.list_of("headers", layout.table)) if rows else (),
            rows=tuple((str(n), *row) for n, row in enumerate(rows, 1)),
            paragraphs=tuple(paragraphs),
            columns=layout.columns,
            sign=layout.sign,
        )

    def _paragraphs(self, key: str) -> list[str]:
        """Return a paragraph in each language with its values; what is not known is a blank."""
        blank = self._words.text("blank")
        values = {name: value or blank for name, value in self._values.items()}
        return [text.format_map(values) for text in self._words.each("paragraphs", key)]
