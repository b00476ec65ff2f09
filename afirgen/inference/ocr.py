"""Pages to text with PP-OCR, in reading order and with its doubts shown."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from afirgen.case.evidence import PageBox, Segment, Span, Transcript
from afirgen.case.languages import LANGUAGES, LATIN, language_of
from afirgen.errors import EmptyInputError, ModelUnavailableError, UnsupportedMediaError
from afirgen.inference.engine import CancelToken
from afirgen.inference.ocr_layout import Line, foreign_share, reading_order
from afirgen.inference.ocr_runtime import PageReader, load_reader
from afirgen.inference.worker import EngineWorker

_CHECK_LINE = "Complaint of theft, 14/03/2026"
_FOREIGN_PAGE = 0.5
_FOREIGN_PAGE_IF_INDIC = 0.15


class Page(Protocol):
    """A page that is decoded when it is its turn."""

    def image(self) -> NDArray[np.uint8]:
        """Return the upright page as RGB, height x width x 3."""


class _ReadPage(Struct, frozen=True):
    lines: tuple[Line, ...]
    foreign: float


class OcrEngine(EngineWorker[PageReader]):
    """A text detector and a text recogniser.

    ``languages`` are the codes that the recogniser reads; a page in another script is refused, because it would
    be read as nonsense. ``capacity`` is how many documents are taken at once.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        model_id: str,
        threads: int = 2,
        languages: frozenset[str] = frozenset({"en", "hi-Latn"}),
        capacity: int = 16,
        verify: Callable[[], object] = bool,
    ) -> None:
        self._languages = languages
        super().__init__(
            role="page reading",
            model=model_id,
            load=lambda: (verify(), load_reader(model_dir, model_id=model_id, threads=threads))[1],
            check=lambda reader: _check(reader, model_id),
            capacity=capacity,
        )

    async def read(
        self,
        pages: Sequence[Page],
        *,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Transcript:
        """Read ``pages`` in order into one text, a segment a line.

        ``language`` is a code of :data:`LANGUAGES`. Documents give way to one another after every page;
        ``on_progress`` is called with the fraction of pages done, 0..1.

        Raises:
            EmptyInputError: No page has text on it.
            UnsupportedMediaError: A page is in a script that the model cannot read.
        """
        token = cancel or CancelToken()
        read: list[_ReadPage] = []
        with self.place():
            for number, page in enumerate(pages, start=1):
                read.append(await self.call(_reading(page), cancel=token))
                self._refuse_foreign(read[-1], number, len(pages), language)
                if on_progress is not None:
                    on_progress(number / len(pages))
        if not any(page.lines for page in read):
            raise EmptyInputError("No text was found on the page. Send a clearer picture, or type the complaint.")
        return _transcript(read, language)

    def _refuse_foreign(self, page: _ReadPage, number: int, pages: int, language: str | None) -> None:
        indic = language in LANGUAGES and LANGUAGES[language].script != LATIN and language not in self._languages
        if page.foreign < (_FOREIGN_PAGE_IF_INDIC if indic else _FOREIGN_PAGE):
            return
        where = "This page" if pages == 1 else f"Page {number}"
        raise UnsupportedMediaError(
            f"{where} seems to be in an Indic script; the reading model for it is not installed. "
            "Type the text instead.",
            detail=f"foreign share {page.foreign:.2f}",
        )


def _reading(page: Page) -> Callable[[PageReader, CancelToken], _ReadPage]:
    def work(reader: PageReader, _token: CancelToken) -> _ReadPage:
        boxes = reader.read(page.image())
        return _ReadPage(tuple(reading_order(boxes)), foreign_share(boxes))

    return work


def _check(reader: PageReader, model_id: str) -> None:
    picture = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(picture).text((30, 30), _CHECK_LINE, fill="black", font=ImageFont.load_default(size=44))
    text = " ".join(box.text for box in reader.read(np.asarray(picture)))
    if _letters(text) != _letters(_CHECK_LINE):
        raise ModelUnavailableError(
            f"The page reading model {model_id} did not read the test line. Run `afirgen models verify`.",
            detail=f"read {text!r}",
        )


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()


def _transcript(pages: list[_ReadPage], language: str | None) -> Transcript:
    text = ""
    joint = ""
    segments: list[Segment] = []
    unread: list[str] = []
    for number, page in enumerate(pages, start=1):
        for line in page.lines:
            words = unicodedata.normalize("NFC", line.text)
            if not words:
                unread.append(f"A line on page {number} could not be read: type it in.")
                continue
            text += joint
            span = Span(len(text), len(text) + len(words))
            text += words
            joint = " " if line.wraps else "\n"
            segments.append(_segment(line, span, number))
        joint = "\n"
    notes = [*unread]
    if count := sum(segment.doubtful for segment in segments):
        notes.append(f"{count} of {len(segments)} lines were hard to read: check them against the page.")
    return Transcript(text=text, language=_language(text, language), segments=tuple(segments), notes=tuple(notes))


def _segment(line: Line, span: Span, page: int) -> Segment:
    box = PageBox(
        page,
        min(piece.left for piece in line.boxes),
        min(piece.top for piece in line.boxes),
        max(piece.right for piece in line.boxes),
        max(piece.bottom for piece in line.boxes),
    )
    return Segment(span=span, confidence=round(line.confidence, 3), doubtful=line.doubtful, box=box)


def _language(text: str, asked: str | None) -> str:
    """Take the asked language where the text is in its script, else what the text shows."""
    seen = language_of(text)
    if asked in LANGUAGES and LANGUAGES[asked].script == LANGUAGES[seen].script:
        return asked
    return seen
