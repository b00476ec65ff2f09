"""A document as a Word file that an officer can go on writing in."""

import io
from datetime import UTC, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from afirgen.render.code import qr_png
from afirgen.render.form import Form, Item

_LATIN, _INDIC = "Noto Sans", {"hi": "Noto Sans Devanagari", "ta": "Noto Sans Tamil"}
_ROOM = Mm(13)
_PALE = RGBColor(0xB0, 0xB0, 0xB0)


def docx_of(form: Form) -> bytes:
    """Return a document as a Word file."""
    document: Any = Document()
    _set_up(document, form)
    for text, size in ((form.heading, 14), (form.under, 10), (form.route, 10)):
        if text:
            _heading(document.add_paragraph(), text, size)
    for item in form.items:
        _item(document, item, form.blank)
    if form.statement:
        document.add_page_break()
        document.add_heading(form.words["annex"], level=2)
        for paragraph in form.statement:
            document.add_paragraph(paragraph)
    for title, entries in ((form.words["left_blank"], form.blanks), (form.words["for_officer"], form.needs_officer)):
        if entries:
            document.add_heading(title, level=2)
            for entry in entries:
                document.add_paragraph(entry, style="List Bullet")
    out = io.BytesIO()
    document.save(out)
    return _dated(out, datetime.fromtimestamp(form.drafted, UTC))


def _dated(archive: io.BytesIO, made: datetime) -> bytes:
    """Give every part of the file the time of the draft, so that the same document has the same bytes at any time."""
    out = io.BytesIO()
    with ZipFile(archive) as parts, ZipFile(out, "w", ZIP_DEFLATED) as dated:
        for name in parts.namelist():
            part = ZipInfo(name, made.timetuple()[:6])
            part.compress_type = ZIP_DEFLATED
            dated.writestr(part, parts.read(name))
    return out.getvalue()


def _set_up(document: Any, form: Form) -> None:
    """Set fonts, page, and what stands on every page."""
    for name in ("Normal", "Heading 2"):
        style = document.styles[name]
        style.font.name, style.font.size = _LATIN, Pt(10)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        # Word takes the "complex script" font for Indic letters.
        fonts.set(qn("w:cs"), _INDIC.get(form.language, _INDIC["hi"]))
    document.styles["Heading 2"].font.color.rgb = RGBColor(0, 0, 0)
    document.styles["Normal"].paragraph_format.space_after = Pt(2)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.header.paragraphs[0].text = form.draft
    if not form.registered:
        _heading(section.header.add_paragraph(), form.words["watermark"], 40, _PALE)
    _footer(section.footer.paragraphs[0], form)
    made = datetime.fromtimestamp(form.drafted, UTC)
    own = document.core_properties
    own.title, own.author, own.created, own.modified = form.heading, "", made, made
    own.language = form.language


def _footer(paragraph: Paragraph, form: Form) -> None:
    paragraph.add_run().add_picture(io.BytesIO(qr_png(form.code)), width=Mm(14))
    paragraph.add_run(f" {form.disclosure}\n{form.words['code']}: {form.code}    {form.words['page']} ")
    _field(paragraph, "PAGE")
    paragraph.add_run(" / ")
    _field(paragraph, "NUMPAGES")
    for run in paragraph.runs:
        run.font.size = Pt(7.5)


def _field(paragraph: Paragraph, name: str) -> None:
    """Add a field that Word counts itself."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    paragraph._p.append(field)  # noqa: SLF001 - python-docx has no call for fields


def _heading(paragraph: Paragraph, text: str, size: int, colour: RGBColor | None = None) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(text)
    run.bold, run.font.size = True, Pt(size)
    if colour is not None:
        run.font.color.rgb = colour


def _item(document: Any, item: Item, blank: str) -> None:
    document.add_heading(f"{item.number}. {item.title}", level=2)
    for line in item.lines:
        label = f"{line.label}: " if line.label else ""
        paragraph = document.add_paragraph(f"{label}{line.value or blank}")
        if item.sign and line.value is None:
            paragraph.paragraph_format.space_before = _ROOM
    if item.rows:
        table = document.add_table(rows=0, cols=len(item.header), style="Table Grid")
        for row in (item.header, *item.rows):
            _row(table, row)
    for paragraph in item.paragraphs:
        document.add_paragraph(paragraph)


def _row(table: Any, cells: tuple[str, ...]) -> None:
    for cell, text in zip(table.add_row().cells, cells, strict=True):
        cell.text = text
