import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from afirgen.errors import EmptyInputError, ModelUnavailableError, UnsupportedMediaError
from afirgen.inference.ocr import OcrEngine

pytestmark = [pytest.mark.anyio, pytest.mark.models]

LINES = (
    "To the Station House Officer, Sitabuldi, Nagpur",
    "I, Ramesh Kumar, aged 34 years, state that on 14/03/2026 at about",
    "9.30 pm two men on motorcycle MH 31 AB 1234 snatched my phone and",
    "pushed me.",
    "The phone is worth Rs. 18,000/-.",
)


class Sheet(Struct, frozen=True):
    picture: Image.Image

    def image(self) -> NDArray[np.uint8]:
        return np.asarray(self.picture.convert("RGB"))


def sheet(*lines: str) -> Sheet:
    picture = Image.new("RGB", (1240, 800), "white")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((90, 80 + 60 * number), line, fill="black", font=ImageFont.load_default(size=32))
    return Sheet(picture)


def strokes(lines: int) -> Sheet:
    """Draw lines of marks hung from a headline, as Devanagari letters are."""
    picture = Image.new("RGB", (1240, 800), "white")
    draw = ImageDraw.Draw(picture)
    turn = np.random.default_rng(3)
    for number in range(lines):
        top = 80 + 80 * number
        for start in range(90, 1000, 170):
            draw.line((start, top, start + 150, top), fill="black", width=4)
            for left in range(start + 5, start + 140, 28):
                draw.line((left + 20, top, left + 20, top + 34), fill="black", width=4)
                begin = int(turn.integers(0, 360))
                draw.arc((left - 6, top + 6, left + 18, top + 28), begin, begin + 250, fill="black", width=4)
    return Sheet(picture)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(model_dir: Path) -> AsyncIterator[OcrEngine]:
    ocr = OcrEngine(model_dir / "pp-ocrv6-small", model_id="pp-ocrv6-small", threads=2)
    ocr.start()
    await ocr.ready()
    yield ocr
    await asyncio.to_thread(ocr.stop)


async def test_a_typed_page_is_read_in_order_with_places(engine: OcrEngine) -> None:
    progress: list[float] = []
    transcript = await engine.read(
        [sheet(*LINES), sheet("Yours faithfully,", "Ramesh Kumar")], on_progress=progress.append
    )
    assert transcript.language == "en"
    assert "at about 9.30 pm two men on motorcycle MH 31 AB 1234 snatched my phone and pushed me.\n" in transcript.text
    assert transcript.text.endswith("Yours faithfully,\nRamesh Kumar")
    assert [transcript.quote(segment.span) for segment in transcript.segments][:2] == list(LINES[:2])
    assert [segment.box.page for segment in transcript.segments if segment.box] == [1] * 5 + [2] * 2
    assert not any(segment.doubtful for segment in transcript.segments)
    assert progress == [0.5, 1.0]


async def test_a_blank_page_is_empty(engine: OcrEngine) -> None:
    with pytest.raises(EmptyInputError, match="No text"):
        await engine.read([sheet()])


async def test_a_page_in_another_script_is_refused_instead_of_guessed(engine: OcrEngine) -> None:
    with pytest.raises(UnsupportedMediaError, match="Indic script"):
        await engine.read([strokes(6)])
    with pytest.raises(UnsupportedMediaError, match="Page 2"):
        await engine.read([sheet(*LINES), strokes(4)], language="hi")


async def test_latin_text_is_read_also_for_an_officer_who_works_in_hindi(engine: OcrEngine) -> None:
    transcript = await engine.read([sheet(*LINES)], language="hi")
    assert transcript.language == "en"


async def test_a_missing_model_names_itself_and_the_command(tmp_path: Path) -> None:
    ocr = OcrEngine(tmp_path, model_id="pp-ocrv6-small")
    ocr.start()
    with pytest.raises(ModelUnavailableError, match=r"pp-ocrv6-small.*models pull"):
        await ocr.ready()
    await asyncio.to_thread(ocr.stop)


def test_nothing_is_written_to_the_home_folder_or_sent(model_dir: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from afirgen.inference.ocr_runtime import load_reader;"
        "load_reader(Path(sys.argv[1]), model_id='x', threads=1)"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if key not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "XDG_CACHE_HOME": str(home),
        "PYTHONPATH": str(Path.cwd()),
    }
    command = [sys.executable, "-c", program, str(model_dir / "pp-ocrv6-small")]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)  # noqa: S603
    assert list(home.iterdir()) == []
    assert [path for path in tmp_path.iterdir() if path != home] == []
