"""What the informant gave, and the text read from it with its place in the source."""

from enum import StrEnum

from msgspec import Struct


class SourceKind(StrEnum):
    """The form in which a complaint reached the station."""

    TEXT = "text"
    AUDIO = "audio"
    IMAGE = "image"
    PDF = "pdf"


class Source(Struct, frozen=True, kw_only=True):
    """The original as received; everything else in a case derives from it."""

    kind: SourceKind
    media_type: str
    sha256: str
    size: int
    filename: str | None = None


class Span(Struct, frozen=True, order=True):
    """A half-open range of characters in ``Transcript.text``."""

    start: int
    end: int


class AudioRange(Struct, frozen=True):
    """A half-open range of the recording, in milliseconds."""

    start_ms: int
    end_ms: int


class PageBox(Struct, frozen=True):
    """An axis-parallel box on a page; ``page`` counts from 1, the rest are pixels of the page image."""

    page: int
    left: int
    top: int
    right: int
    bottom: int


class Word(Struct, frozen=True):
    """One recognised word with its place in the transcript and, for speech, in the recording."""

    span: Span
    confidence: float
    audio: AudioRange | None = None


class Segment(Struct, frozen=True, kw_only=True):
    """A line of a page or an utterance of a recording.

    ``confidence`` is 0..1, None where the text was typed. ``doubtful`` text is marked for the officer
    and cannot fill a field alone.
    """

    span: Span
    confidence: float | None = None
    doubtful: bool = False
    audio: AudioRange | None = None
    box: PageBox | None = None
    words: tuple[Word, ...] = ()


class Transcript(Struct, frozen=True, kw_only=True):
    """The complaint as text (Unicode NFC), with each piece's place in the source.

    ``language`` is ``en``, ``hi``, ``hi-Latn`` (Hindi in Latin script), ``ta``, ... ``notes`` are sentences
    for the officer about how well the source could be read.
    """

    text: str
    language: str
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()

    def quote(self, span: Span) -> str:
        """Return the characters that ``span`` covers."""
        return self.text[span.start : span.end]

    def doubtful_at(self, span: Span) -> bool:
        """Tell whether any doubtful segment touches ``span``."""
        return any(s.doubtful and s.span.start < span.end and span.start < s.span.end for s in self.segments)
