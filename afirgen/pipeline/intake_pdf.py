"""PDFs: their own text where it can be trusted, else their pages as pictures."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.errors import DamagedFileError, EmptyInputError, InputTooLongError
from afirgen.pipeline.intake_pages import Content, opened

# PDFium keeps global state and must not be entered by two threads.
_PDFIUM = threading.Lock()
_TAIL = 4096
_LEAST_LETTERS = 20
_MOST_UNMAPPED = 0.02
_FULL_LINE = 0.75
_OBJECTS_LOOKED_AT = 200
# Fonts that draw Indic letters in the places of Latin ones: the text beneath is not what the page shows.
_LEGACY_FONTS = (
    "kruti", "devlys", "chanakya", "walkman", "shree-", "shreedev", "shivaji", "aps-", "krishna",
    "dv-tt", "dvb-", "4cgandhi", "bhasha", "nudi", "baraha", "suchitra", "vanavil", "bamini", "tscii", "tam-",
    "anu script", "akruti", "isfoc", "sulekha", "asees", "gurbani", "anmol",
)  # fmt: skip


class PdfPage(Struct, frozen=True):
    """One page; ``side`` is the pixels of its long side when rendered."""

    data: Content
    index: int
    side: int

    def image(self) -> NDArray[np.uint8]:
        """Render the page as RGB."""
        with _document(self.data) as document:
            document.init_forms()
            page = document[self.index]
            scale = self.side / max(*page.get_size(), 1.0)
            return np.array(page.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3])


def read_pdf(data: Content, most_pages: int, side: int) -> tuple[str | None, tuple[PdfPage, ...]]:
    """Return the PDF's own text if every page that shows something has text to trust; else None; and its pages.

    Raises:
        DamagedFileError: Locked with a password, truncated or otherwise unreadable.
        EmptyInputError: Nothing on any page.
        InputTooLongError: More than ``most_pages``.
    """
    with _document(data) as document:
        count = len(document)
        if count == 0:
            raise EmptyInputError("The PDF has no pages. Send another copy.")
        if count > most_pages:
            raise InputTooLongError(f"The PDF has more than {most_pages} pages. Send it in parts.")
        pages = tuple(PdfPage(data, index, side) for index in range(count))
        if document.get_formtype() != pdfium_c.FORMTYPE_NONE:
            # What was filled into a form is drawn, but is not part of the pages' text.
            return None, pages
        texts: list[str] = []
        for index in range(count):
            page = document[index]
            if _is_bare(page):
                continue
            text = _own_text(page)
            if text is None:
                return None, pages
            texts.append(text)
    if not texts:
        raise EmptyInputError("The PDF's pages are blank. Send another copy, or type the complaint.")
    return "\n".join(texts), pages


@contextmanager
def _document(data: Content) -> Iterator["pdfium.PdfDocument"]:
    with _PDFIUM:
        try:
            document = pdfium.PdfDocument(data if isinstance(data, bytes) else str(data))
        except pdfium.PdfiumError as err:
            if err.err_code in {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}:
                raise DamagedFileError(
                    "The PDF is locked with a password. Save a copy without the password and send that.",
                    detail=str(err),
                ) from err
            raise _damaged(str(err)) from err
        try:
            # PDFium repairs a file whose end is missing by leaving pages out.
            if not _has_end(data):
                raise _damaged("no end mark")
            yield document
        except pdfium.PdfiumError as err:
            raise _damaged(str(err)) from err
        finally:
            document.close()


def _has_end(data: Content) -> bool:
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    with opened(data) as file:
        file.seek(max(0, size - _TAIL))
        return b"%%EOF" in file.read()


def _is_bare(page: "pdfium.PdfPage") -> bool:
    return next(iter(page.get_objects(max_depth=1)), None) is None


def _own_text(page: "pdfium.PdfPage") -> str | None:
    """Return the page's text, or None where it is missing, unmapped, hidden behind a scan or in a legacy font."""
    text = page.get_textpage().get_text_range()
    letters = sum(char.isalpha() for char in text)
    unmapped = sum(char in "\ufffd\ufffe" or "\ue000" <= char <= "\uf8ff" for char in text)
    if letters < _LEAST_LETTERS or unmapped > _MOST_UNMAPPED * len(text) or not _shown_as_written(page):
        return None
    return _rejoined(text)


def _shown_as_written(page: "pdfium.PdfPage") -> bool:
    objects = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT], max_depth=4)
    for _, item in zip(range(_OBJECTS_LOOKED_AT), objects, strict=False):
        if pdfium_c.FPDFTextObj_GetTextRenderMode(item) == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
            return False
        name = item.get_font().get_base_name().lower()
        if any(legacy in name for legacy in _LEGACY_FONTS):
            return False
    return True


def _rejoined(text: str) -> str:
    """Join the lines that a paragraph was broken into: a line nearly as long as the longest goes on."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    longest = max(len(line) for line in lines)
    joined = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        wraps = len(line) >= _FULL_LINE * longest and following
        joined += line + (" " if wraps else "\n")
    return joined


def _damaged(detail: str) -> DamagedFileError:
    return DamagedFileError("The PDF is damaged or cut off. Send another copy.", detail=detail)
