"""Speech to text with faster-whisper, in bounded memory and with its doubts shown."""

import asyncio
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel  # type: ignore[import-untyped]
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.case.evidence import Transcript
from afirgen.case.languages import LANGUAGES
from afirgen.errors import (
    EmptyInputError,
    InvalidInputError,
    ModelFileError,
    ModelUnavailableError,
    UnsupportedMediaError,
)
from afirgen.inference.engine import CancelToken
from afirgen.inference.speech_text import Utterance, compose, unheard, utterance
from afirgen.inference.speech_windows import RATE, SpeechWindow, speech_windows
from afirgen.inference.worker import EngineWorker

_FILES = ("model.bin", "config.json", "tokenizer.json")
_CHECK_FILE = "checks/speech_en.ogg"
_CHECK_WORDS = frozenset({"police", "station"})
_SURE_OF_LANGUAGE = 0.5
_GUESSWORK = 0.3


class _Heard(Struct, frozen=True):
    utterances: tuple[Utterance, ...]
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
        verify: Callable[[], object] = bool,
    ) -> None:
        self._languages = languages
        super().__init__(
            role="speech",
            model=model_id,
            load=lambda: (verify(), _load(model_dir, model_id, device, threads))[1],
            check=lambda model: _check(model, model_id),
            capacity=capacity,
        )

    async def transcribe(
        self,
        audio: bytes | Path,
        *,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        on_text: Callable[[Transcript], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Transcript:
        """Write down a recording, given as its bytes or its file.

        ``language`` is a code of :data:`LANGUAGES`; without it the model tells the language from the first
        minute with speech. ``on_progress`` is called on the event loop with the fraction done, 0..1, and
        ``on_text`` with the text so far after every minute of speech. Long recordings give way to others as often.

        Raises:
            EmptyInputError: Nobody speaks in it.
            InvalidInputError: The model made nothing of the speech.
            DamagedFileError: It cannot be decoded.
            UnsupportedMediaError: The model cannot write ``language``.
        """
        with self.place():
            return await self._transcribe(audio, language, on_progress, on_text, cancel or CancelToken())

    async def _transcribe(
        self,
        audio: bytes | Path,
        language: str | None,
        on_progress: Callable[[float], None] | None,
        on_text: Callable[[Transcript], None] | None,
        token: CancelToken,
    ) -> Transcript:
        loop = asyncio.get_running_loop()

        def report(fraction: float) -> None:
            if on_progress is not None:
                loop.call_soon_threadsafe(on_progress, min(1.0, fraction))

        windows = speech_windows(audio)
        chosen = _whisper_code(language)
        utterances: list[Utterance] = []
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
                if on_text is not None and done < 1.0:
                    on_text(compose(utterances, chosen, sure=sure, fit=chosen in self._languages))
            spoken = spoken or heard.spoken
        if chosen is None or all(spoke.confidence < _GUESSWORK for spoke in utterances):
            raise _nothing_heard(spoken=spoken)
        report(1.0)
        return compose(utterances, chosen, sure=sure, fit=chosen in self._languages)


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
    length_s = window.samples.size / RATE
    raw, language, sure = _begin(model, window, language)
    pieces: list[Any] = []
    for piece in raw:
        token.raise_if_cancelled()
        pieces.append(piece)
        report(done + (window.fraction - done) * min(1.0, piece.end / length_s))
    found = [utterance(piece, window, language) for piece in pieces if _has_words(piece)]
    # The model sometimes jumps over a sentence: what it jumped over is given to it once more, alone.
    for start_s, end_s in unheard(pieces, length_s):
        missed, _ = _segments(model, window.samples[round(start_s * RATE) : round(end_s * RATE)], language)
        for piece in missed:
            token.raise_if_cancelled()
            if _has_words(piece):
                found.append(utterance(piece, window, language, offset_s=start_s))
    found.sort(key=lambda spoken: (spoken.audio.start_ms, spoken.audio.end_ms))
    return _Heard(tuple(found), language, sure=sure, spoken=True, fraction=window.fraction)


def _has_words(piece: Any) -> bool:
    return any(char.isalnum() for char in piece.text)


def _begin(model: Any, window: SpeechWindow, language: str | None) -> tuple[Iterator[Any], str, bool]:
    """Start the model on a window and return its lazy segments, the language and whether that is sure."""
    if language is not None and language not in model.supported_languages:
        name = LANGUAGES[language].name if language in LANGUAGES else language
        raise UnsupportedMediaError(f"The speech model cannot write {name}. Type the complaint instead.")
    segments, info = _segments(model, window.samples, language)
    if language is not None:
        return segments, language, True
    chances = {code: chance for code, chance in info.all_language_probs if code in LANGUAGES}
    best = max(chances, key=chances.__getitem__)
    if best != info.language:
        segments, _ = _segments(model, window.samples, best)
    return segments, best, chances[best] >= _SURE_OF_LANGUAGE


def _segments(model: Any, samples: NDArray[np.float32], language: str | None) -> tuple[Iterator[Any], Any]:
    # One greedy pass without memory of earlier text: the same recording gives the same words, and a loop
    # in one stretch does not spread into the next.
    segments, info = model.transcribe(
        samples,
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
