"""What images and PDFs have in common: pages that are decoded when they are read."""

import io
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

Content = bytes | Path
"""A file as received: its bytes, or where it lies."""


class LazyPage(Protocol):
    """A page that is decoded when it is its turn."""

    def image(self) -> NDArray[np.uint8]:
        """Return the upright page as RGB, height x width x 3; raises ``DamagedFileError``."""


def opened(data: Content) -> BinaryIO:
    """Open ``data`` for reading."""
    return data.open("rb") if isinstance(data, Path) else io.BytesIO(data)
