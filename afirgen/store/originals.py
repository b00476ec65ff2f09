"""Originals as received, by their SHA-256, read-only, written before anything is derived from them."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from afirgen.errors import StorageError


class Originals:
    """A folder of files named by content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes, sha256: str) -> Path:
        """Store ``data`` durably and return its file; the same content is stored once.

        Raises:
            StorageError: The folder cannot be written.
        """
        path = self.path(sha256)
        if path.exists():
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
            Path(part.name).chmod(0o400)
            Path(part.name).replace(path)
            _sync_folder(path.parent)
        except OSError as err:
            raise StorageError(
                "The original could not be stored. Check the disk's space and rights, then send it again.",
                detail=str(err),
            ) from err
        return path

    def path(self, sha256: str) -> Path:
        """Return where the original with this hash lies."""
        return self._folder / sha256[:2] / sha256


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
