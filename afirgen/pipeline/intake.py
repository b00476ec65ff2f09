"""Step 1: find out what was sent, by its content, and refuse what cannot become a complaint."""

import hashlib
from pathlib import Path

import puremagic
from msgspec import Struct

from afirgen.case.evidence import Source, SourceKind
from afirgen.errors import DamagedFileError, EmptyInputError, InputTooLargeError, UnsupportedMediaError
from afirgen.pipeline.intake_audio import audio_seconds
from afirgen.pipeline.intake_images import image_pages
from afirgen.pipeline.intake_pages import Content, LazyPage
from afirgen.pipeline.intake_pdf import read_pdf
from afirgen.pipeline.intake_text import checked_text, decode_text

_HEAD = 65_536
_MIB = 1024 * 1024
_MEDIA: dict[str, tuple[SourceKind, str]] = {
    ".wav": (SourceKind.AUDIO, "audio/wav"),
    ".mp3": (SourceKind.AUDIO, "audio/mpeg"),
    ".mpga": (SourceKind.AUDIO, "audio/mpeg"),
    ".m4a": (SourceKind.AUDIO, "audio/mp4"),
    ".mp4": (SourceKind.AUDIO, "audio/mp4"),
    ".ogg": (SourceKind.AUDIO, "audio/ogg"),
    ".oga": (SourceKind.AUDIO, "audio/ogg"),
    ".opus": (SourceKind.AUDIO, "audio/ogg"),
    ".webm": (SourceKind.AUDIO, "audio/webm"),
    ".mkv": (SourceKind.AUDIO, "audio/webm"),
    ".png": (SourceKind.IMAGE, "image/png"),
    ".jpg": (SourceKind.IMAGE, "image/jpeg"),
    ".jpeg": (SourceKind.IMAGE, "image/jpeg"),
    ".jfif": (SourceKind.IMAGE, "image/jpeg"),
    ".tif": (SourceKind.IMAGE, "image/tiff"),
    ".tiff": (SourceKind.IMAGE, "image/tiff"),
    ".webp": (SourceKind.IMAGE, "image/webp"),
    ".pdf": (SourceKind.PDF, "application/pdf"),
}
_TEXT = (SourceKind.TEXT, "text/plain")
_READABLE = "Send text, a recording (WAV, MP3, M4A, OGG, WebM), a picture (PNG, JPEG, TIFF, WebP) or a PDF."


class Limits(Struct, frozen=True, kw_only=True):
    """The most and least that is taken. ``page_side`` is pixels of the long side that pages are read at."""

    text_least: int = 10
    text_most: int = 50_000
    file_bytes: int = 25 * _MIB
    audio_s: int = 3600
    pages: int = 20
    page_side: int = 2000
    pixels: int = 64_000_000


class Intake(Struct, frozen=True, kw_only=True):
    """An accepted complaint: exactly one of ``text``, ``audio`` and ``pages`` is there.

    ``text`` is what was typed, or what a PDF says in letters. ``audio`` is the recording as received,
    ``audio_s`` its length in seconds. ``pages`` decode themselves one at a time.
    """

    source: Source
    text: str | None = None
    audio: Content | None = None
    audio_s: float | None = None
    pages: tuple[LazyPage, ...] = ()


def open_source(
    data: Content, *, filename: str | None = None, declared: str | None = None, limits: Limits | None = None
) -> Intake:
    """Look at ``data`` (bytes or a file) and return it as an :class:`Intake`; blocks while it decodes.

    ``declared`` is the media type that the sender claims: it names the type in messages and decides nothing.

    Raises:
        EmptyInputError: Nothing in it.
        InputTooLargeError: More bytes or pixels than the limit.
        InputTooLongError: More text, pages or minutes than the limit.
        UnsupportedMediaError: Not a kind that can be read.
        DamagedFileError: Truncated, locked with a password or otherwise unreadable.
        InvalidInputError: Text too short or in an unknown encoding.
    """
    limits = limits or Limits()
    size, digest, head = _measured(data, limits)
    kind, media_type = _kind_of(head, declared)
    source = Source(kind=kind, media_type=media_type, sha256=digest, size=size, filename=_plain_name(filename))
    match kind:
        case SourceKind.TEXT:
            _refuse_misnamed(source.filename)
            text = checked_text(decode_text(_bytes_of(data)), limits.text_least, limits.text_most)
            return Intake(source=source, text=text)
        case SourceKind.AUDIO:
            return Intake(source=source, audio=data, audio_s=audio_seconds(data, limits.audio_s))
        case SourceKind.IMAGE:
            return Intake(source=source, pages=image_pages(data, limits.pages, limits.page_side, limits.pixels))
        case SourceKind.PDF:
            own_text, pages = read_pdf(data, limits.pages, limits.page_side)
            if own_text is not None:
                return Intake(source=source, text=checked_text(own_text, limits.text_least, limits.text_most))
            return Intake(source=source, pages=pages)


def open_text(text: str, *, limits: Limits | None = None) -> Intake:
    """Return typed text as an :class:`Intake`; raises as :func:`open_source` does for text."""
    limits = limits or Limits()
    original = text.encode("utf-8", "replace")
    cleaned = checked_text(text, limits.text_least, limits.text_most)
    source = Source(
        kind=SourceKind.TEXT,
        media_type="text/plain",
        sha256=hashlib.sha256(original).hexdigest(),
        size=len(original),
    )
    return Intake(source=source, text=cleaned)


def _measured(data: Content, limits: Limits) -> tuple[int, str, bytes]:
    """Return size, SHA-256 and the first bytes, without holding a file in memory."""
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size == 0:
        raise EmptyInputError("The file is empty. Send the complaint as text, a recording, a picture or a PDF.")
    if size > limits.file_bytes:
        raise InputTooLargeError(
            f"The file is larger than {limits.file_bytes // _MIB} MiB. Send a smaller one, or send it in parts."
        )
    if isinstance(data, bytes):
        return size, hashlib.sha256(data).hexdigest(), data[:_HEAD]
    with data.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return size, digest, file.read(_HEAD)


def _kind_of(head: bytes, declared: str | None) -> tuple[SourceKind, str]:
    try:
        guesses = [match.extension.lower() for match in puremagic.magic_string(head)]
    except (puremagic.PureError, ValueError):
        guesses = []
    known = next((_MEDIA[guess] for guess in guesses if guess in _MEDIA), None)
    if known is not None:
        return known
    if _looks_like_text(head):
        return _TEXT
    raise UnsupportedMediaError(
        f"This kind of file cannot be read. {_READABLE}", detail=f"declared {declared!r}, guesses {guesses[:5]}"
    )


def _looks_like_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if head.startswith((b"{\\rtf", b"%!PS", b"PK\x03\x04")):
        return False
    strange = sum(byte < 0x20 and byte not in b"\t\n\r\f" for byte in head)  # noqa: PLR2004 - C0 controls
    return b"\0" not in head and strange <= len(head) // 100


def _refuse_misnamed(filename: str | None) -> None:
    """Refuse letters under the name of a recording, a picture or a PDF: what the sender meant is not there."""
    suffix = Path(filename or "").suffix.lower()
    if suffix in _MEDIA:
        raise DamagedFileError(f"The file is named {suffix} but holds something else. Save it again and send that.")


def _bytes_of(data: Content) -> bytes:
    return data.read_bytes() if isinstance(data, Path) else data


def _plain_name(filename: str | None) -> str | None:
    """Keep the last part of a file name, printable and at most 255 characters."""
    if filename is None:
        return None
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:255] or None
