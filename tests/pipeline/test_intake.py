import hashlib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from afirgen.case.evidence import SourceKind
from afirgen.errors import (
    AfirgenError,
    DamagedFileError,
    EmptyInputError,
    InputTooLargeError,
    InputTooLongError,
    InvalidInputError,
    UnsupportedMediaError,
)
from afirgen.pipeline.intake import Limits, open_source, open_text
from afirgen.pipeline.intake_text import clean_text
from tests.pipeline import media

COMPLAINT = "Two men on a black motorcycle snatched my phone near the bus stand at Nagpur."
TEXT_PAGE = f"Respected Sir,\n{COMPLAINT}\nThe phone is worth Rs. 18,000.\nRamesh Kumar"


def test_text_is_taken_with_its_digest() -> None:
    data = COMPLAINT.encode()
    intake = open_source(data, filename="../x/complaint.txt")
    assert intake.text == COMPLAINT
    assert intake.source.kind is SourceKind.TEXT
    assert intake.source.sha256 == hashlib.sha256(data).hexdigest()
    assert intake.source.size == len(data)
    assert intake.source.filename == "complaint.txt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_a_mark_or_utf8(encoding: str) -> None:
    text = "कल रात मेरा मोबाइल चोरी हो गया।"
    assert open_source(text.encode(encoding)).text == text


def test_text_is_normalised_and_keeps_joiners() -> None:
    text = "श्री क्\u200dष\r\nनाम: José\u0000 \u202egnp.exe\u202c\tend"
    assert open_text(text).text == "श्री क्\u200dष\nनाम: José gnp.exe\tend"


@given(st.text(min_size=1))
def test_no_letter_of_any_script_is_lost(text: str) -> None:
    def letters(value: str) -> list[str]:
        return [char for char in unicodedata.normalize("NFC", value) if unicodedata.category(char)[0] in "LMN"]

    assert unicodedata.normalize("NFD", "".join(letters(clean_text(text)))) == unicodedata.normalize(
        "NFD", "".join(letters(text))
    )
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [
        ("mp3", "mp3", "audio/mpeg"),
        ("ipod", "aac", "audio/mp4"),
        ("ogg", "libopus", "audio/ogg"),
        ("webm", "libopus", "audio/webm"),
    ],
)
def test_recordings_are_known_by_content(container: str, codec: str, media_type: str) -> None:
    data = media.encoded(2.0, container, codec)
    intake = open_source(data, filename="complaint.txt", declared="text/plain")
    assert intake.source.kind is SourceKind.AUDIO
    assert intake.source.media_type == media_type
    assert intake.audio == data
    assert intake.audio_s == pytest.approx(2.0, abs=0.15)


def test_a_recording_in_a_file_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(media.wav(1.5))
    intake = open_source(path)
    assert intake.audio == path
    assert intake.audio_s == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_pictures_are_known_by_content(kind: str) -> None:
    intake = open_source(media.picture(media.page(COMPLAINT), kind), filename="scan.pdf")
    assert intake.source.kind is SourceKind.IMAGE
    (page,) = intake.pages
    assert page.image().shape == (1754, 1240, 3)


def test_a_tiff_has_pages_and_large_ones_are_made_smaller() -> None:
    large = media.page(COMPLAINT, size=(3000, 4000))
    data = media.picture(large, "TIFF", compression="tiff_lzw", save_all=True, append_images=[media.page("two")])
    pages = open_source(data).pages
    assert [page.image().shape for page in pages] == [(2000, 1500, 3), (1754, 1240, 3)]


def test_a_picture_is_turned_upright_and_laid_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = open_source(media.picture(media.page("x", size=(400, 200)), "JPEG", exif=exif)).pages[0]
    assert turned.image().shape == (400, 200, 3)
    clear = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    assert open_source(media.picture(clear, "PNG")).pages[0].image().min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16"])
def test_colour_modes(mode: str) -> None:
    kind = "TIFF" if mode in {"CMYK", "I;16"} else "PNG"
    blank = Image.new(mode, (120, 80)) if mode == "I;16" else Image.new("RGB", (120, 80), "white").convert(mode)
    page = open_source(media.picture(blank, kind)).pages[0].image()
    assert page.shape == (80, 120, 3)
    assert page.dtype == "uint8"


def test_a_pdf_with_letters_gives_its_own_text() -> None:
    intake = open_source(media.pdf(TEXT_PAGE, "", TEXT_PAGE))
    assert intake.source.kind is SourceKind.PDF
    assert intake.text is not None
    assert intake.text.count(COMPLAINT) == 2
    assert intake.pages == ()


def test_a_scanned_pdf_gives_pages() -> None:
    intake = open_source(media.picture(media.page(COMPLAINT), "PDF"))
    assert intake.text is None
    (page,) = intake.pages
    assert max(page.image().shape) == 2000
    assert page.image().min() < 50


@pytest.mark.parametrize("options", [{"font": "KrutiDev010"}, {"hidden": True}])
def test_letters_that_the_page_does_not_show_are_not_trusted(options: dict[str, object]) -> None:
    intake = open_source(media.pdf(TEXT_PAGE, **options))  # type: ignore[arg-type]
    assert intake.text is None
    assert len(intake.pages) == 1


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


SCAN = media.page(*[COMPLAINT] * 20)
BAD: list[tuple[str, bytes, type[AfirgenError], str]] = [
    ("empty", b"", EmptyInputError, "empty"),
    ("spaces", b" \n\t \n" * 5, EmptyInputError, "empty"),
    ("short", b"theft", InvalidInputError, "too short"),
    ("no words", b"1234567890 -- 12", InvalidInputError, "no words"),
    ("long", b"theft " * 9000, InputTooLongError, "longer than 50,000"),
    ("latin-1", ("caf\xe9 theft " * 4).encode("latin-1"), InvalidInputError, "UTF-8"),
    ("cut text", "मेरा मोबाइल चोरी".encode()[:-1], DamagedFileError, "middle of a character"),
    ("zip", b"PK\x03\x04" + bytes(range(256)) * 4, UnsupportedMediaError, "cannot be read"),
    ("rtf", b"{\\rtf1\\ansi complaint of theft}", UnsupportedMediaError, "cannot be read"),
    ("gif", media.picture(media.page("x", mode="L"), "GIF"), UnsupportedMediaError, "cannot be read"),
    ("binary", bytes(range(256)) * 8, UnsupportedMediaError, "cannot be read"),
    ("playlist", b"#EXTM3U\n#EXTINF:1,\n\x00", UnsupportedMediaError, "cannot be read"),
    ("cut wav", half(media.wav(10)), DamagedFileError, "end of the recording is missing"),
    ("cut m4a", half(media.encoded(10, "ipod", "aac")), DamagedFileError, "damaged"),
    ("cut ogg", half(media.encoded(10, "ogg", "libopus")), DamagedFileError, "end of the recording is missing"),
    ("cut webm", half(media.encoded(10, "webm", "libopus")), DamagedFileError, "end of the recording is missing"),
    ("cut mp3", half(media.encoded(10, "mp3", "mp3")), DamagedFileError, "end of the recording is missing"),
    ("wav header", media.wav(1)[:44], DamagedFileError, "recording"),
    ("cut png", half(media.picture(SCAN, "PNG")), DamagedFileError, "picture is damaged"),
    ("cut jpg", half(media.picture(SCAN, "JPEG")), DamagedFileError, "picture is damaged"),
    ("cut tiff", half(media.picture(SCAN, "TIFF")), DamagedFileError, "picture is damaged"),
    ("cut webp", half(media.picture(SCAN, "WEBP")), DamagedFileError, "picture is damaged"),
    ("tiny", media.picture(Image.new("RGB", (8, 8)), "PNG"), DamagedFileError, "too small"),
    ("bomb", media.picture(Image.new("1", (20_000, 20_000)), "PNG"), InputTooLargeError, "megapixels"),
    ("bomb tiff", media.picture(Image.new("1", (9000, 9000)), "TIFF"), InputTooLargeError, "megapixels"),
    ("cut pdf", half(media.pdf(*[TEXT_PAGE] * 4)), DamagedFileError, "PDF is damaged"),
    ("locked pdf", media.pdf(TEXT_PAGE, encrypted=True), DamagedFileError, "password"),
    ("blank pdf", media.pdf("", ""), EmptyInputError, "blank"),
    ("long pdf", media.pdf(*[TEXT_PAGE] * 21), InputTooLongError, "20 pages"),
]


@pytest.mark.parametrize(("data", "error", "words"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_refused_with_one_sentence_that_says_what_to_do(
    data: bytes, error: type[AfirgenError], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(error) as refused:
            open_source(source)
        public = refused.value.public
        assert words in public
        assert public.endswith(".")
        assert "Error" not in public
        assert str(tmp_path) not in public


def test_the_limits_on_bytes_and_minutes() -> None:
    with pytest.raises(InputTooLargeError, match="25 MiB"):
        open_source(bytes(25 * 1024 * 1024 + 1))
    with pytest.raises(InputTooLongError, match="1 minutes"):
        open_source(media.wav(61), limits=Limits(audio_s=60))
    assert open_source(media.wav(59), limits=Limits(audio_s=60)).audio_s == pytest.approx(59)


def test_a_streamed_wav_that_promises_no_size_is_taken() -> None:
    data = bytearray(media.wav(2))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    assert open_source(bytes(data)).audio_s == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("name", ["complaint.pdf", "talk.mp3", "page.PNG"])
def test_letters_under_the_name_of_another_kind_are_refused(name: str) -> None:
    with pytest.raises(DamagedFileError, match="holds something else"):
        open_source(b"My cycle was stolen from the market yesterday.", filename=name)


def test_an_archive_is_no_text() -> None:
    with pytest.raises(UnsupportedMediaError):
        open_source(b"PK\x03\x04" + b"0" * 1000, filename="papers.txt")
