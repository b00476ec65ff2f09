"""Originals as received, by their SHA-256, read-only, written before anything is derived from them."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256 as sha256_of
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from afirgen.errors import StorageError

_PART, _REMOVED = ".part-", ".removed-"


class Remote(Protocol):
    """A place beyond this machine that keeps originals too."""

    def put(self, path: Path, sha256: str) -> None:
        """Store a file under its hash."""

    def fetch(self, sha256: str) -> bytes | None:
        """Return a file's content, None when it is not there."""

    def remove(self, sha256: str) -> None:
        """Remove a file, if it is there."""


class Originals:
    """A folder of files named by content; with ``remote`` each is also kept beyond this machine."""

    def __init__(self, folder: Path, remote: Remote | None = None) -> None:
        self._folder = folder
        self._remote = remote

    def put(self, data: bytes, sha256: str) -> Path:
        """Store ``data`` durably and return its file; the same content is stored once.

        Raises:
            StorageError: The folder cannot be written, or the remote place does not take it.
        """
        path = self._place(sha256)
        with suppress(FileNotFoundError):
            # The time of its last arrival keeps a file from being removed before its new case is there.
            os.utime(path)
            return path
        part = self._write(data, path)
        try:
            if self._remote:
                # Before it has its name here: what is here is there.
                self._remote.put(part, sha256)
            part.replace(path)
            _sync_folder(path.parent)
        except OSError as err:
            raise _not_stored(err) from err
        finally:
            part.unlink(missing_ok=True)
        return path

    def path(self, sha256: str) -> Path:
        """Return where the original with this hash lies; one that only the remote place has is fetched first."""
        path = self._place(sha256)
        if self._remote and not path.exists():
            data = self._remote.fetch(sha256)
            # What came back other than it went is not taken for the original.
            if data is not None and sha256_of(data).hexdigest() == sha256:
                part = self._write(data, path)
                # It has not arrived from outside now.
                os.utime(part, (0, 0))
                part.replace(path)
        return path

    def is_here(self, sha256: str) -> bool:
        """Tell whether this machine has an original."""
        return self._place(sha256).exists()

    def remove(self, sha256: str, *, arrived_before: float) -> bool:
        """Remove an original unless it has arrived again since a moment (seconds since 1970); return whether it went.

        Whoever stores the same content at the same time finds it or writes it anew, never neither. What is here goes
        last, so that a removal that was stopped can be seen and is done again.

        Raises:
            StorageError: The remote place does not answer.
        """
        path = self._place(sha256)
        aside = path.with_name(f"{_REMOVED}{sha256}")
        if path.exists() and path.stat().st_mtime >= arrived_before:
            return False
        if self._remote:
            self._remote.remove(sha256)
        with suppress(FileNotFoundError):
            path.rename(aside)
            if aside.stat().st_mtime >= arrived_before:
                aside.rename(path)
            else:
                aside.unlink()
        came_again = path.exists()
        if came_again and self._remote:
            self._remote.put(path, sha256)
        return not came_again

    def leftovers(self, older_than_s: float) -> Iterator[Path]:
        """Give the files that a stop in the middle of storing or removing has left."""
        for pattern in (f"*/{_PART}*", f"*/{_REMOVED}*"):
            for path in self._folder.glob(pattern):
                if path.stat().st_mtime < time.time() - older_than_s:
                    yield path

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _write(self, data: bytes, path: Path) -> Path:
        """Write ``data`` to a file beside ``path``, read-only and on the disk."""
        name = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=_PART, delete=False) as part:
                name = part.name
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
            Path(name).chmod(0o400)
        except OSError as err:
            if name:
                with suppress(OSError):
                    Path(name).unlink(missing_ok=True)
            raise _not_stored(err) from err
        return Path(name)


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
