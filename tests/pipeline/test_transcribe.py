import asyncio
from pathlib import Path

import pytest

from afirgen.case.evidence import Transcript
from afirgen.errors import InvalidInputError
from afirgen.inference.engine import CancelToken
from afirgen.inference.ocr import OcrEngine
from afirgen.inference.speech import SpeechEngine
from afirgen.pipeline.intake import Intake, open_source, open_text
from afirgen.pipeline.transcribe import transcribe
from tests.pipeline import media

pytestmark = pytest.mark.anyio

LINES = ("Respected Sir, on 14/03/2026 two men on a motorcycle", "snatched my phone at Nagpur.")


class Unused:
    """An engine that must not be asked."""

    async def transcribe(self, *_: object, **__: object) -> Transcript:
        pytest.fail("speech was asked")

    async def read(self, *_: object, **__: object) -> Transcript:
        pytest.fail("the page reader was asked")


async def taken_down(intake: Intake, language: str | None = None) -> Transcript:
    return await transcribe(intake, listener=Unused(), reader=Unused(), language=language)


async def test_typed_text_is_the_transcript() -> None:
    progress: list[float] = []
    intake = open_text("My phone was snatched yesterday.")
    transcript = await transcribe(intake, listener=Unused(), reader=Unused(), on_progress=progress.append)
    assert transcript == Transcript(text="My phone was snatched yesterday.", language="en")
    assert progress == [1.0]


async def test_the_officers_language_wins() -> None:
    assert (await taken_down(open_text("माझा मोबाईल चोरीला गेला"))).language == "hi"
    assert (await taken_down(open_text("माझा मोबाईल चोरीला गेला"), "mr")).language == "mr"


async def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Use one of en, hi"):
        await taken_down(open_text("My phone was snatched."), "xx")


async def test_a_pdfs_own_letters_say_so() -> None:
    transcript = await taken_down(open_source(media.pdf("\n".join(LINES))))
    assert "snatched my phone" in transcript.text
    assert "PDF" in transcript.notes[0]


@pytest.mark.models
async def test_a_scanned_pdf_and_a_photo_are_read(model_dir: Path) -> None:
    engine = OcrEngine(model_dir / "pp-ocrv6-small", model_id="pp-ocrv6-small")
    engine.start()
    await engine.ready()
    for kind, options in (("PDF", {}), ("JPEG", {"quality": 70})):
        intake = open_source(media.picture(media.page(*LINES), kind, **options))
        transcript = await transcribe(intake, listener=Unused(), reader=engine)
        assert "snatched my phone at Nagpur" in transcript.text
    await asyncio.to_thread(engine.stop)


@pytest.mark.models
async def test_a_recording_is_written_down(model_dir: Path) -> None:
    sample = Path(__file__).parents[2] / "afirgen/inference/checks/speech_en.ogg"
    engine = SpeechEngine(model_dir / "whisper-base", model_id="whisper-base")
    engine.start()
    await engine.ready()
    intake = open_source(sample)
    transcript = await transcribe(intake, listener=engine, reader=Unused(), cancel=CancelToken())
    assert "police station" in transcript.text
    await asyncio.to_thread(engine.stop)
