"""Speech to text with faster-whisper, in bounded memory and with its doubts shown."""

import asyncio
import unicodedata
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel  # type: ignore[import-untyped]
from msgspec import Struct
from msgspec.structs import replace

from afirgen.case.evidence import AudioRange, Segment, Span, Transcript, Word
from afirgen.case.languages import LANGUAGES, script_counts
from afirgen.errors import (
    EmptyInputError,
    InvalidInputError,
    ModelFileError,
    ModelUnavailableError,
    UnsupportedMediaError,
)
from afirgen.inference.engine import CancelToken
from afirgen.inference.speech_windows import SpeechWindow, speech_windows
from afirgen.inference.worker import EngineWorker

_FILES = ("model.bin", "config.json", "tokenizer.json")
_CHECK_FILE = "checks/speech_en.ogg"
_CHECK_WORDS = frozenset({"police", "station"})
_SURE_OF_LANGUAGE = 0.5
_LEAST_LOGPROB = -1.0
_MOST_NO_SPEECH = 0.6
_MOST_COMPRESSION = 2.4
_LEAST_WORD_PROBABILITY = 0.65
_LEAST_SCRIPT_SHARE = 0.5
_REPEATS = 3


class _Utterance(Struct, frozen=True):
    """What the model wrote for one stretch, times in milliseconds of the recording."""

    text: str
    words: tuple[tuple[str, float, AudioRange], ...]
    audio: AudioRange
    confidence: float
    doubtful: bool


class _Heard(Struct, frozen=True):
    utterances: tuple[_Utterance, ...]
    language: str
    sure: bool
    spoken: bool
    fraction: float


class SpeechEngine(EngineWorker[Any]):
    """A Whisper model in CTranslate2 form.

    ``languages`` are the codes that the model reads well; speech in another language is transcribed, but all of
    it is marked doubtful. ``device`` is ``cpu`` or ``cuda``; ``capacity`` is how many recordings are taken at once.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        model_id: str,
        device: str = "cpu",
        threads: int = 2,
        languages: frozenset[str] = frozenset({"en"}),
        capacity: int = 16,
    ) -> None:
        self._languages = languages
        super().__init__(
            role="speech",
            model=model_id,
            load=lambda: _load(model_dir, model_id, device, threads),
            check=lambda model: _check(model, model_id),
            capacity=capacity,
        )

    async def transcribe(
        self,
        audio: Path,
        *,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Transcript:
        """Write down the recording at ``audio``.

        ``language`` is a code of :data:`LANGUAGES`; without it the model tells the language from the first
        minute with speech. ``on_progress`` is called on the event loop with the fraction done, 0..1. Long
        recordings give way to others after every minute of speech.

        Raises:
            EmptyInputError: Nobody speaks in it.
            InvalidInputError: The model made nothing of the speech.
            DamagedFileError: It cannot be decoded.
            UnsupportedMediaError: The model cannot write ``language``.
        """
        with self.place():
            return await self._transcribe(audio, language, on_progress, cancel or CancelToken())

    async def _transcribe(
        self, audio: Path, language: str | None, on_progress: Callable[[float], None] | None, token: CancelToken
    ) -> Transcript:
        loop = asyncio.get_running_loop()

        def report(fraction: float) -> None:
            if on_progress is not None:
                loop.call_soon_threadsafe(on_progress, min(1.0, fraction))

        windows = speech_windows(audio)
        chosen = _whisper_code(language)
        utterances: list[_Utterance] = []
        sure = True
        spoken = False
        done = 0.0
        while True:
            heard = await self.call(_hearing(windows, chosen, done, report), cancel=token)
            if heard is None:
                break
            done = heard.fraction
            if heard.utterances:
                sure = sure and heard.sure
                chosen = heard.language
                utterances.extend(heard.utterances)
            spoken = spoken or heard.spoken
        if not utterances or chosen is None:
            raise _nothing_heard(spoken=spoken)
        report(1.0)
        return _transcript(_mark_repeats(utterances), chosen, sure=sure, fit=chosen in self._languages)


def _nothing_heard(*, spoken: bool) -> InvalidInputError:
    if spoken:
        return InvalidInputError(
            "The speech in the recording could not be understood. Choose its language and try again, or type the "
            "complaint."
        )
    return EmptyInputError(
        "No speech was found in the recording. Record again nearer to the microphone, or type the complaint."
    )


def _hearing(
    windows: Iterator[SpeechWindow], language: str | None, done: float, report: Callable[[float], None]
) -> Callable[[Any, CancelToken], _Heard | None]:
    """Make the work for the next window; it gives None after the last one."""

    def work(model: Any, token: CancelToken) -> _Heard | None:
        window = next(windows, None)
        return None if window is None else _hear(model, window, language, done, report, token)

    return work


def _load(model_dir: Path, model_id: str, device: str, threads: int) -> Any:
    missing = [name for name in _FILES if not (model_dir / name).is_file()]
    if missing:
        raise ModelFileError(
            f"The speech model {model_id} is not complete. Run `afirgen models pull`.", detail=f"missing {missing}"
        )
    return WhisperModel(
        str(model_dir),
        device=device,
        compute_type="int8" if device == "cpu" else "float16",
        cpu_threads=threads,
        num_workers=1,
        local_files_only=True,
    )


def _check(model: Any, model_id: str) -> None:
    with resources.as_file(resources.files("afirgen.inference") / _CHECK_FILE) as sample:
        text = " ".join(
            utterance.text.lower()
            for window in speech_windows(sample)
            for utterance in _hear(model, window, "en", 0.0, lambda _: None, CancelToken()).utterances
        )
    if not all(word in text for word in _CHECK_WORDS):
        raise ModelUnavailableError(
            f"The speech model {model_id} did not understand the test sentence. Run `afirgen models verify`.",
            detail=f"heard {text!r}",
        )


def _whisper_code(language: str | None) -> str | None:
    return None if language is None else language.split("-")[0]


def _hear(
    model: Any,
    window: SpeechWindow,
    language: str | None,
    done: float,
    report: Callable[[float], None],
    token: CancelToken,
) -> _Heard:
    if not window.samples.size:
        report(window.fraction)
        return _Heard((), language or "", sure=True, spoken=False, fraction=window.fraction)
    raw, language, sure = _begin(model, window, language)
    utterances: list[_Utterance] = []
    length_s = window.samples.size / 16_000
    for piece in raw:
        token.raise_if_cancelled()
        if piece.text.strip():
            utterances.append(_utterance(piece, window, language))
        report(done + (window.fraction - done) * min(1.0, piece.end / length_s))
    return _Heard(tuple(utterances), language, sure=sure, spoken=True, fraction=window.fraction)


def _begin(model: Any, window: SpeechWindow, language: str | None) -> tuple[Iterator[Any], str, bool]:
    """Start the model on a window and return its lazy segments, the language and whether that is sure."""
    if language is not None and language not in model.supported_languages:
        name = LANGUAGES[language].name if language in LANGUAGES else language
        raise UnsupportedMediaError(f"The speech model cannot write {name}. Type the complaint instead.")
    segments, info = _segments(model, window, language)
    if language is not None:
        return segments, language, True
    chances = {code: chance for code, chance in info.all_language_probs if code in LANGUAGES}
    best = max(chances, key=chances.__getitem__)
    if best != info.language:
        segments, _ = _segments(model, window, best)
    return segments, best, chances[best] >= _SURE_OF_LANGUAGE


def _segments(model: Any, window: SpeechWindow, language: str | None) -> tuple[Iterator[Any], Any]:
    # One greedy pass without memory of earlier text: the same recording gives the same words, and a loop
    # in one stretch does not spread into the next.
    segments, info = model.transcribe(
        window.samples,
        language=language,
        beam_size=1,
        temperature=0.0,
        condition_on_previous_text=False,
        word_timestamps=True,
        vad_filter=False,
        # Silences are out already; what is left is written down and, where it may be noise, marked doubtful.
        no_speech_threshold=None,
    )
    return segments, info


def _utterance(piece: Any, window: SpeechWindow, language: str) -> _Utterance:
    words = tuple(
        (
            unicodedata.normalize("NFC", word.word).strip(),
            float(word.probability),
            AudioRange(window.original_ms(word.start), window.original_ms(word.end, at_end=True)),
        )
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
    audio = AudioRange(window.original_ms(piece.start), window.original_ms(piece.end, at_end=True))
    return _Utterance(text, words, audio, round(confidence, 3), doubtful)


def _in_script(text: str, language: str) -> bool:
    """Whether most letters are of the language's own script; text without letters passes."""
    if language not in LANGUAGES:
        return True
    letters = sum(char.isalpha() for char in text)
    own = script_counts("".join(char for char in text if char.isalpha()))[LANGUAGES[language].script]
    return letters == 0 or own / letters >= _LEAST_SCRIPT_SHARE


def _mark_repeats(utterances: list[_Utterance]) -> list[_Utterance]:
    """Mark a sentence that the model wrote three times running: it loops on noise."""
    marked = list(utterances)
    for end in range(_REPEATS, len(utterances) + 1):
        run = range(end - _REPEATS, end)
        if len({utterances[index].text.casefold() for index in run}) == 1:
            for index in run:
                marked[index] = replace(marked[index], doubtful=True)
    return marked


def _transcript(utterances: list[_Utterance], language: str, *, sure: bool, fit: bool) -> Transcript:
    text = ""
    segments: list[Segment] = []
    for utterance in utterances:
        text += " " if text else ""
        span = Span(len(text), len(text) + len(utterance.text))
        text += utterance.text
        segments.append(
            Segment(
                span=span,
                confidence=utterance.confidence,
                doubtful=utterance.doubtful or not fit,
                audio=utterance.audio,
                words=_words(utterance, span.start),
            )
        )
    return Transcript(
        text=text, language=language, segments=tuple(segments), notes=_notes(segments, language, sure, fit)
    )


def _words(utterance: _Utterance, start: int) -> tuple[Word, ...]:
    words: list[Word] = []
    cursor = 0
    for text, probability, audio in utterance.words:
        found = utterance.text.find(text, cursor) if text else -1
        if found < 0:
            continue
        cursor = found + len(text)
        words.append(Word(Span(start + found, start + cursor), round(probability, 3), audio))
    return tuple(words)


def _notes(segments: list[Segment], language: str, sure: bool, fit: bool) -> tuple[str, ...]:  # noqa: FBT001
    name = LANGUAGES[language].name if language in LANGUAGES else language
    notes: list[str] = []
    if not sure:
        notes.append(f"The language of the recording was not clear; it was taken as {name}.")
    if not fit:
        notes.append(f"The speech model is not reliable in {name}: check every line against the recording.")
    elif count := sum(segment.doubtful for segment in segments):
        notes.append(f"{count} of {len(segments)} passages were hard to hear: check them against the recording.")
    return tuple(notes)
