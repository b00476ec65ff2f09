"""Originals as received, by their SHA-256, read-only, written before anything is derived from them."""

import os
from contextlib import suppress
from hashlib import sha256 as sha256_of
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from afirgen.errors import StorageError


class Remote(Protocol):
    """A place beyond this machine that keeps originals too."""

    def put(self, path: Path, sha256: str) -> None:
        """Store a file under its hash."""

    def fetch(self, sha256: str) -> bytes | None:
        """Return a file's content, None when it is not there."""


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
        if path.exists():
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
                self._write(data, path).replace(path)
        return path

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _write(self, data: bytes, path: Path) -> Path:
        """Write ``data`` to a file beside ``path``, read-only and on the disk."""
        name = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
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
