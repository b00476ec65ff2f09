"""The draft as PDF/A with a text layer in Latin and Indic scripts."""

from importlib import resources

import msgspec
import typst

from afirgen.case.fir import FirDocument
from afirgen.render.form import build_form


def render_pdf(doc: FirDocument, language: str = "en") -> bytes:
    """Return the whole form in ``language`` as PDF/A-2u; the same document gives the same bytes."""
    package = resources.files("afirgen.render")
    with resources.as_file(package) as folder:
        result = typst.compile(
            folder / "data" / "form1.typ",
            root=folder / "data",
            font_paths=[folder / "fonts"],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"form": msgspec.json.encode(build_form(doc, language)).decode()},
            pdf_standards="a-2u",
            timestamp=int(doc.provenance.drafted_at.timestamp()),
        )
    if not isinstance(result, bytes):
        raise TypeError(f"typst gave {type(result).__name__} for one document")
    return result
