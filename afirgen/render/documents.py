"""Every document in every file format, and what a file says about the record that it was made from."""

import io
from collections.abc import Callable, Iterable
from enum import StrEnum
from zipfile import BadZipFile

import pypdfium2  # type: ignore[import-untyped]
from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from msgspec import Struct

from afirgen.case.fir import FirDocument, RegisterEntry
from afirgen.errors import InvalidInputError, NotFoundError
from afirgen.render.code import PrintCode, codes_in
from afirgen.render.docx import docx_of
from afirgen.render.form import Form, Print, print_form
from afirgen.render.html import html_of
from afirgen.render.pdf import pdf_of
from afirgen.render.text import text_of
from afirgen.render.wording import Forms

_UNREADABLE = "This file is not a document of this program: it is not text, HTML, PDF or DOCX, or it is damaged."


class Format(Struct, frozen=True):
    """A file format: its media type and how a document is made in it."""

    media_type: str
    make: Callable[[Form], bytes]


FORMATS: dict[str, Format] = {
    "pdf": Format("application/pdf", pdf_of),
    "docx": Format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx_of),
    "html": Format("text/html; charset=utf-8", lambda form: html_of(form).encode()),
    "txt": Format("text/plain; charset=utf-8", lambda form: text_of(form).encode()),
}
"""The file formats by the ending of their names."""


class Likeness(StrEnum):
    """How a file compares with the print of its record."""

    SAME_BYTES = "same_bytes"
    SAME_WORDS = "same_words"
    OTHER = "other"


def make_document(doc: FirDocument, wanted: Print, ending: str, forms: Forms | None = None) -> bytes:
    """Return ``doc`` as the document that is wanted, as a file of the format ``ending``.

    Raises:
        NotFoundError: There is no such document, language or format.
    """
    found = FORMATS.get(ending)
    if found is None:
        raise NotFoundError(f"Documents are made as {', '.join(FORMATS)}. Choose one of these.")
    return found.make(print_form(doc, wanted, forms))


def code_of(file: bytes) -> PrintCode:
    """Return the code that a file carries.

    Raises:
        InvalidInputError: The file cannot be read, has no code, or not the same one everywhere.
    """
    codes = {code for page in _pages(file) for code in (codes_in(page) or (None,))}
    if len(codes) != 1 or None in codes:
        raise InvalidInputError("The file does not carry one code on every page. It is not a whole document.")
    (code,) = codes
    if code is None:
        raise InvalidInputError("The file carries no code.")
    return code


def compare(file: bytes, doc: FirDocument, forms: Forms | None = None, entry: RegisterEntry | None = None) -> Likeness:
    """Compare a file with the print of ``doc`` that its code names; ``entry`` is where the FIR is registered.

    Raises:
        InvalidInputError: The file cannot be read or carries no code.
        NotFoundError: The code names a document that is not there any more.
    """
    code = code_of(file)
    wanted = Print(code.kind, code.language, code.registered, entry if code.registered else None)
    form = print_form(doc, wanted, forms)
    ours = FORMATS[_ending(file)].make(form)
    if ours == file:
        return Likeness.SAME_BYTES
    return Likeness.SAME_WORDS if _words(ours) == _words(file) else Likeness.OTHER


def _ending(file: bytes) -> str:
    if file.startswith(b"%PDF-"):
        return "pdf"
    if file.startswith(b"PK\x03\x04"):
        return "docx"
    return "html" if file.lstrip()[:9].lower() == b"<!doctype" else "txt"


def _words(file: bytes) -> list[str]:
    return " ".join(_pages(file)).split()


def _pages(file: bytes) -> list[str]:
    """Return the text of a file page by page; only a PDF has pages of its own."""
    try:
        match _ending(file):
            case "pdf":
                return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(io.BytesIO(file))]
            case "docx":
                return ["\n".join(_docx_texts(file))]
            case _:
                return [file.decode("utf-8")]
    except (UnicodeDecodeError, pypdfium2.PdfiumError, PackageNotFoundError, BadZipFile, KeyError, ValueError) as err:
        raise InvalidInputError(_UNREADABLE, detail=str(err)) from err


def _docx_texts(file: bytes) -> Iterable[str]:
    document = Document(io.BytesIO(file))
    yield from (node.text or "" for node in document.element.iter("{*}t"))
    section = document.sections[0]
    for part in (section.header, section.footer):
        yield from (paragraph.text for paragraph in part.paragraphs)
