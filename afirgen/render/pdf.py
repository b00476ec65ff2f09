"""A document as PDF/A with a text layer in Latin and Indic scripts."""

import threading
from contextlib import ExitStack
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec
import typst

from afirgen.case.fir import FirDocument
from afirgen.render.code import qr_svg
from afirgen.render.form import Form, Print, print_form
from afirgen.render.wording import Forms

# One compiler keeps the fonts loaded; it is used by one thread at a time.
_ONE_AT_A_TIME = threading.Lock()
_FILES = ExitStack()


def render_pdf(doc: FirDocument, language: str = "en", forms: Forms | None = None) -> bytes:
    """Return the whole form in ``language`` as PDF/A-2u; the same document gives the same bytes."""
    return pdf_of(print_form(doc, Print(language=language), forms))


def pdf_of(form: Form) -> bytes:
    """Return a document as PDF/A-2u; the same one gives the same bytes."""
    with _ONE_AT_A_TIME:
        watermark = "" if form.registered else _outlined(form.words["watermark"])
        return _only(
            _compiler().compile(
                format="pdf",
                sys_inputs={
                    "form": msgspec.json.encode(form).decode(),
                    "qr": qr_svg(form.code),
                    "watermark": watermark,
                },
                pdf_standards="a-2u",
                timestamp=form.drafted,
            )
        )


@cache
def _outlined(word: str) -> str:
    """Draw the watermark as outlines: as letters it would stand between the lines of the text layer."""
    return _only(_open("watermark.typ").compile(format="svg", sys_inputs={"word": word})).decode()


@cache
def _compiler() -> typst.Compiler:
    return _open("form1.typ")


def _open(name: str) -> typst.Compiler:
    folder = _folder()
    return typst.Compiler(
        folder / "data" / name, root=folder / "data", font_paths=[folder / "fonts"], ignore_system_fonts=True
    )


@cache
def _folder() -> Path:
    return _FILES.enter_context(resources.as_file(resources.files("afirgen.render")))


def _only(result: object) -> bytes:
    if not isinstance(result, bytes):
        raise TypeError(f"typst gave {type(result).__name__} for one document")
    return result
