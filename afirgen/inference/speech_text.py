"""What a speech model wrote: places, doubts, and the transcript made of it."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from afirgen.case.evidence import AudioRange, Segment, Span, Transcript, Word
from afirgen.case.languages import LANGUAGES, script_counts
from afirgen.inference.speech_windows import SpeechWindow

_LEAST_LOGPROB = -1.0
_MOST_NO_SPEECH = 0.6
_MOST_COMPRESSION = 2.4
_LEAST_WORD_PROBABILITY = 0.65
_LEAST_SCRIPT_SHARE = 0.5
_REPEATS = 3
_LOST_S = 2.5


class Utterance(Struct, frozen=True):
    """What the model wrote for one stretch, times in milliseconds of the recording."""

    text: str
    words: tuple[tuple[str, float, AudioRange], ...]
    audio: AudioRange
    confidence: float
    doubtful: bool


def utterance(piece: Any, window: SpeechWindow, language: str, *, offset_s: float = 0.0) -> Utterance:
    """Turn one of faster-whisper's segments into an :class:`Utterance`.

    ``offset_s`` is where in ``window.samples`` the model began to listen, in seconds.
    """

    def place(start_s: float, end_s: float) -> AudioRange:
        return AudioRange(window.original_ms(offset_s + start_s), window.original_ms(offset_s + end_s, at_end=True))

    words = tuple(
        (unicodedata.normalize("NFC", word.word).strip(), float(word.probability), place(word.start, word.end))
        for word in piece.words or ()
    )
    text = " ".join(unicodedata.normalize("NFC", piece.text).split())
    confidence = sum(probability for _, probability, _ in words) / len(words) if words else 0.0
    doubtful = (
        piece.avg_logprob < _LEAST_LOGPROB
        or piece.no_speech_prob > _MOST_NO_SPEECH
        or piece.compression_ratio > _MOST_COMPRESSION
        or confidence < _LEAST_WORD_PROBABILITY
        or not _in_script(text, language)
    )
    return Utterance(text, words, place(piece.start, piece.end), round(confidence, 3), doubtful)


def unheard(pieces: Sequence[Any], length_s: float) -> list[tuple[float, float]]:
    """Return the stretches of speech, in seconds, over which the model's segments pass in silence."""
    gaps: list[tuple[float, float]] = []
    reached = 0.0
    for piece in sorted(pieces, key=lambda p: p.start):
        if piece.start - reached >= _LOST_S:
            gaps.append((reached, piece.start))
        reached = max(reached, piece.end)
    if length_s - reached >= _LOST_S:
        gaps.append((reached, length_s))
    return gaps


def _in_script(text: str, language: str) -> bool:
    """Whether most letters are of the language's own script; text without letters passes."""
    if language not in LANGUAGES:
        return True
    letters = sum(char.isalpha() for char in text)
    own = script_counts("".join(char for char in text if char.isalpha()))[LANGUAGES[language].script]
    return letters == 0 or own / letters >= _LEAST_SCRIPT_SHARE


def _mark_repeats(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Mark a sentence that the model wrote three times running: it loops on noise."""
    marked = list(utterances)
    for end in range(_REPEATS, len(utterances) + 1):
        run = range(end - _REPEATS, end)
        if len({utterances[index].text.casefold() for index in run}) == 1:
            for index in run:
                marked[index] = replace(marked[index], doubtful=True)
    return marked


def compose(utterances: Sequence[Utterance], language: str, *, sure: bool, fit: bool) -> Transcript:
    """Make the transcript: utterances in order, parted by spaces.

    ``sure`` says that the language is certain, ``fit`` that the model reads it well; else all is doubtful.
    """
    text = ""
    segments: list[Segment] = []
    for spoken in _mark_repeats(utterances):
        text += " " if text else ""
        span = Span(len(text), len(text) + len(spoken.text))
        text += spoken.text
        segments.append(
            Segment(
                span=span,
                confidence=spoken.confidence,
                doubtful=spoken.doubtful or not fit,
                audio=spoken.audio,
                words=_words(spoken, span.start),
            )
        )
    notes = _notes(segments, language, sure=sure, fit=fit)
    return Transcript(text=text, language=language, segments=tuple(segments), notes=notes)


def _words(spoken: Utterance, start: int) -> tuple[Word, ...]:
    words: list[Word] = []
    cursor = 0
    for text, probability, audio in spoken.words:
        found = spoken.text.find(text, cursor) if text else -1
        if found < 0:
            continue
        cursor = found + len(text)
        words.append(Word(Span(start + found, start + cursor), round(probability, 3), audio))
    return tuple(words)


def _notes(segments: list[Segment], language: str, *, sure: bool, fit: bool) -> tuple[str, ...]:
    name = LANGUAGES[language].name if language in LANGUAGES else language
    notes: list[str] = []
    if not sure:
        notes.append(f"The language of the recording was not clear; it was taken as {name}.")
    if not fit:
        notes.append(f"The speech model is not reliable in {name}: check every line against the recording.")
    elif count := sum(segment.doubtful for segment in segments):
        notes.append(f"{count} of {len(segments)} passages were hard to hear: check them against the recording.")
    return tuple(notes)
