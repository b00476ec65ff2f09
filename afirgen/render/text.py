"""The draft as plain text (UTF-8, lines of at most 100 characters)."""

import textwrap

from afirgen.case.fir import FirDocument
from afirgen.render.form import Form, Item, Print, print_form
from afirgen.render.wording import Forms

_WIDTH = 100


def render_text(doc: FirDocument, language: str = "en", forms: Forms | None = None) -> str:
    """Return the whole form in ``language``, the statement and the officer's list as text."""
    return text_of(print_form(doc, Print(language=language), forms))


def text_of(form: Form) -> str:
    """Return a document as text."""
    parts = [p for p in (form.heading, form.under, form.route, form.draft) if p] + [""]
    for item in form.items:
        parts += [*_item(item, form.blank), ""]
    if form.statement:
        parts += [form.words["annex"].upper(), *_wrapped(form.statement), ""]
    parts += _list(form.words["left_blank"].upper(), form.blanks)
    parts += _list(form.words["for_officer"].upper(), form.needs_officer)
    parts += [form.disclosure, f"{form.words['code']}: {form.code}"]
    return "\n".join(parts) + "\n"


def _item(item: Item, blank: str) -> list[str]:
    lines = [f"{item.number}. {item.title}"]
    for line in item.lines:
        text = f"{line.label}: {line.value or blank}" if line.label else line.value or blank
        lines += _wrapped((text,), indent="   ")
    if item.header:
        lines += _wrapped((" | ".join(h for h in item.header if h),), indent="   ")
    for row in item.rows:
        lines += _wrapped((" | ".join(cell for cell in row if cell),), indent="   ")
    return lines + _wrapped(item.paragraphs, indent="   ")


def _wrapped(paragraphs: tuple[str, ...], indent: str = "") -> list[str]:
    return [
        line
        for paragraph in paragraphs
        for line in textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            expand_tabs=False,
            replace_whitespace=False,
        )
    ]


def _list(title: str, entries: tuple[str, ...]) -> list[str]:
    if not entries:
        return []
    bullets = [
        line for entry in entries for line in textwrap.wrap(entry, _WIDTH, initial_indent="- ", subsequent_indent="  ")
    ]
    return [title, *bullets, ""]
