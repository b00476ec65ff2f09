"""Pictures and scans: checked by decoding them, then decoded again page by page when they are read."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from afirgen.errors import DamagedFileError, InputTooLargeError, InputTooLongError
from afirgen.pipeline.intake_pages import Content, opened

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_LEAST_SIDE = 32
# Sizes are checked here, against our own limit, with an error instead of a warning.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# What Pillow raises on damaged files of these formats.
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, OverflowError, IndexError, KeyError)


class ImagePage(Struct, frozen=True):
    """One frame of a picture; ``side`` is the most pixels of its long side when read."""

    data: Content
    frame: int
    side: int
    pixels: int

    def image(self) -> NDArray[np.uint8]:
        """Decode the frame upright as RGB, made smaller where it is larger than ``side``."""
        with _decoding(self.data, self.pixels) as picture:
            picture.seek(self.frame)
            _refuse_bomb(picture, self.pixels)
            # JPEG decoders can leave out detail that would be scaled away: quicker, and less memory.
            picture.draft("RGB", (self.side, self.side))
            flat = ImageOps.exif_transpose(_as_rgb(picture))
            flat.thumbnail((self.side, self.side), Image.Resampling.LANCZOS)
            return np.asarray(flat, dtype=np.uint8)


def image_pages(data: Content, most_pages: int, side: int, pixels: int) -> tuple[ImagePage, ...]:
    """Return the pages of a picture, having decoded each of them once.

    Raises:
        DamagedFileError: Truncated or otherwise unreadable, or too small to read.
        InputTooLargeError: More than ``pixels`` on a page.
        InputTooLongError: More than ``most_pages``.
    """
    with _decoding(data, pixels) as picture:
        # Only a TIFF is a document of pages; further frames elsewhere are previews or animation.
        count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        if count > most_pages:
            raise InputTooLongError(f"The scan has more than {most_pages} pages. Send it in parts.")
        for frame in range(count):
            picture.seek(frame)
            _refuse_bomb(picture, pixels)
            if min(picture.size) < _LEAST_SIDE:
                raise DamagedFileError("The picture is too small to read. Send a larger one.")
            picture.load()
    return tuple(ImagePage(data, frame, side, pixels) for frame in range(count))


@contextmanager
def _decoding(data: Content, pixels: int) -> Iterator[Image.Image]:
    """Open a picture and turn whatever its decoder raises into a public error."""
    try:
        with opened(data) as file, Image.open(file, formats=_FORMATS) as picture:
            yield picture
    except Image.DecompressionBombError as err:
        raise _too_many_pixels(pixels) from err
    except UnidentifiedImageError as err:
        raise _damaged(str(err)) from err
    except _DECODING_ERRORS as err:
        raise _damaged(f"{type(err).__name__}: {err}") from err


def _refuse_bomb(picture: Image.Image, pixels: int) -> None:
    if picture.width * picture.height > pixels:
        raise _too_many_pixels(pixels)


def _as_rgb(picture: Image.Image) -> Image.Image:
    """Return RGB on white: transparent parts white, 16-bit greys scaled to 8 bits."""
    if picture.mode.startswith(("I", "F")):
        grey = np.asarray(picture, dtype=np.float32)
        top = max(float(grey.max(initial=0)), 1.0)
        return Image.fromarray((grey * (255.0 / top)).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        white = Image.new("RGBA", whole.size, "white")
        return Image.alpha_composite(white, whole).convert("RGB")
    return picture.convert("RGB")


def _damaged(detail: str) -> DamagedFileError:
    return DamagedFileError("The picture is damaged or cut off. Take or scan it again.", detail=detail)


def _too_many_pixels(pixels: int) -> InputTooLargeError:
    return InputTooLargeError(
        f"The picture has more than {pixels // 1_000_000} megapixels. Send it at a lower resolution."
    )
