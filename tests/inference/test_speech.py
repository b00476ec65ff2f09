import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from afirgen.errors import EmptyInputError, InvalidInputError, ModelUnavailableError, UnsupportedMediaError
from afirgen.inference.engine import CancelToken
from afirgen.inference.speech import SpeechEngine
from tests.inference.recordings import RATE, sample, wav

pytestmark = [pytest.mark.anyio, pytest.mark.models]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(model_dir: Path) -> AsyncIterator[SpeechEngine]:
    speech = SpeechEngine(model_dir / "whisper-base", model_id="whisper-base", threads=2)
    speech.start()
    await speech.ready()
    yield speech
    await asyncio.to_thread(speech.stop)


async def test_speech_becomes_text_with_places_in_text_and_recording(engine: SpeechEngine) -> None:
    silence = np.zeros(3 * RATE, np.float32)
    progress: list[float] = []
    transcript = await engine.transcribe(wav(np.concatenate([silence, sample()])), on_progress=progress.append)
    assert transcript.language == "en"
    assert "police station" in transcript.text
    (segment,) = transcript.segments
    assert transcript.quote(segment.span) == transcript.text
    assert segment.confidence is not None
    assert segment.confidence > 0.8
    assert not segment.doubtful
    assert transcript.notes == ()
    police = next(word for word in segment.words if transcript.quote(word.span) == "police")
    assert police.audio is not None
    assert 3000 < police.audio.start_ms < police.audio.end_ms < 6000
    await asyncio.sleep(0)
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


async def test_windows_join_into_one_transcript(engine: SpeechEngine, tmp_path: Path) -> None:
    once = np.concatenate([sample(), np.zeros(RATE // 2, np.float32)])
    times = 70 * RATE // once.size
    path = tmp_path / "long"
    path.write_bytes(wav(np.tile(once, times)))
    so_far: list[str] = []
    transcript = await engine.transcribe(path, language="en", on_text=lambda heard: so_far.append(heard.text))
    assert transcript.text.lower().count("police station") >= times - 1
    assert len(so_far) == 1
    assert "police station" in so_far[0].lower()
    assert transcript.text.startswith(so_far[0])
    assert len(so_far[0]) < len(transcript.text)
    ranges = [segment.audio for segment in transcript.segments if segment.audio is not None]
    assert all(a.end_ms <= b.start_ms + 500 for a, b in itertools.pairwise(ranges))
    assert ranges[-1].end_ms == pytest.approx(once.size * times * 1000 / RATE, abs=3500)
    # The same sentence over and over is what a model does that loops on noise.
    assert any(segment.doubtful for segment in transcript.segments)


async def test_silence_is_empty(engine: SpeechEngine) -> None:
    with pytest.raises(EmptyInputError, match="No speech"):
        await engine.transcribe(wav(np.zeros(4 * RATE, np.float32)))


async def test_noise_gives_no_confident_text(engine: SpeechEngine) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)
    try:
        transcript = await engine.transcribe(wav(noise))
    except InvalidInputError:
        return
    assert all(segment.doubtful for segment in transcript.segments)


async def test_a_language_that_the_model_reads_badly_is_marked(engine: SpeechEngine) -> None:
    transcript = await engine.transcribe(wav(sample()[: 2 * RATE]), language="mr")
    assert transcript.language == "mr"
    assert all(segment.doubtful for segment in transcript.segments)
    assert any("not reliable in Marathi" in note for note in transcript.notes)


async def test_a_language_that_the_model_cannot_write_is_refused(engine: SpeechEngine) -> None:
    with pytest.raises(UnsupportedMediaError, match="Odia"):
        await engine.transcribe(wav(sample()), language="or")


async def test_cancelling_stops_between_passages(engine: SpeechEngine) -> None:
    token = CancelToken()
    long = wav(np.tile(sample(), 12))
    task = asyncio.create_task(
        engine.transcribe(long, language="en", on_progress=lambda _: token.cancel(), cancel=token)
    )
    await asyncio.wait([task], timeout=30)
    assert task.done()
    assert task.exception() is not None
    assert (await engine.transcribe(wav(sample()), language="en")).text


async def test_a_missing_model_names_itself_and_the_command(tmp_path: Path) -> None:
    speech = SpeechEngine(tmp_path, model_id="whisper-base")
    speech.start()
    with pytest.raises(ModelUnavailableError, match=r"whisper-base.*models pull"):
        await speech.ready()
    await asyncio.to_thread(speech.stop)
