"""Originals as received, by their SHA-256, read-only, written before anything is derived from them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from afirgen.errors import StorageError

_PART, _REMOVED = ".part-", ".removed-"


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
        try:
            # The time of its last arrival keeps a file from being removed before its new case is there.
            os.utime(path)
        except FileNotFoundError:
            return self._write(path, data)
        except OSError as err:
            raise _not_stored(err) from err
        return path

    def _write(self, path: Path, data: bytes) -> Path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=_PART, delete=False) as part:
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
            Path(part.name).chmod(0o400)
            Path(part.name).replace(path)
            _sync_folder(path.parent)
        except OSError as err:
            raise _not_stored(err) from err
        return path

    def remove(self, sha256: str, *, arrived_before: float) -> bool:
        """Remove an original unless it has arrived again since a moment (seconds since 1970); return whether it went.

        Whoever stores the same content at the same time finds it or writes it anew, never neither.
        """
        path = self.path(sha256)
        aside = path.with_name(f"{_REMOVED}{sha256}")
        try:
            path.rename(aside)
            if aside.stat().st_mtime >= arrived_before:
                aside.rename(path)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False
        return True

    def leftovers(self, older_than_s: float) -> Iterator[Path]:
        """Give the files that a stop in the middle of storing or removing has left."""
        for pattern in (f"*/{_PART}*", f"*/{_REMOVED}*"):
            for path in self._folder.glob(pattern):
                if path.stat().st_mtime < time.time() - older_than_s:
                    yield path

    def path(self, sha256: str) -> Path:
        """Return where the original with this hash lies."""
        return self._folder / sha256[:2] / sha256


def _not_stored(err: OSError) -> StorageError:
    return StorageError(
        "The original could not be stored. Check the disk's space and rights, then send it again.", detail=str(err)
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
