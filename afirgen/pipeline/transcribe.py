"""Step 2: turn what was taken in into a transcript, whatever form it came in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from afirgen.case.evidence import Source, SourceKind, Transcript
from afirgen.case.languages import LANGUAGES, language_of
from afirgen.errors import InvalidInputError
from afirgen.inference.engine import CancelToken
from afirgen.pipeline.intake import Intake
from afirgen.pipeline.intake_pages import LazyPage


class Listener(Protocol):
    """A speech engine."""

    async def transcribe(
        self,
        audio: bytes | Path,
        *,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        on_text: Callable[[Transcript], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Transcript:
        """Write down a recording; ``on_text`` gets the text so far each time that there is more to come."""


class PageReader(Protocol):
    """A page reading engine."""

    async def read(
        self,
        pages: Sequence[LazyPage],
        *,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Transcript:
        """Read pages into one text."""


async def transcribe(
    intake: Intake,
    *,
    listener: Listener,
    reader: PageReader,
    language: str | None = None,
    on_progress: Callable[[float], None] | None = None,
    on_text: Callable[[Transcript], None] | None = None,
    cancel: CancelToken | None = None,
) -> Transcript:
    """Return the transcript of ``intake``: speech written down, pages read, typed text as it is.

    ``language`` is the officer's choice and wins over what the text looks like; None lets the source decide.
    ``on_progress`` gets the fraction done, 0..1, ``on_text`` what of a long recording is written down so far. Raises
    what the engines raise.

    Raises:
        InvalidInputError: ``language`` is not a known code.
    """
    if language is not None and language not in LANGUAGES:
        raise InvalidInputError(f"The language {language!r} is not known. Use one of {', '.join(LANGUAGES)}.")
    if intake.audio is not None:
        return await listener.transcribe(
            intake.audio, language=language, on_progress=on_progress, on_text=on_text, cancel=cancel
        )
    if intake.text is None:
        return await reader.read(intake.pages, language=language, on_progress=on_progress, cancel=cancel)
    if on_progress is not None:
        on_progress(1.0)
    return _as_written(intake.text, intake.source, language)


def _as_written(text: str, source: Source, language: str | None) -> Transcript:
    notes = ("The text was taken from the PDF's own letters.",) if source.kind is SourceKind.PDF else ()
    return Transcript(text=text, language=language or language_of(text), notes=notes)
