"""Model files in a local or mounted folder."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from afirgen.inference.models.manifest import ModelEntry, ModelFile
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import CHUNK, SUMS_NAME, AbsentError, SourceError, key, local_name


class FolderSource:
    """Copies from, and pushes to, ``root``/MODEL-ID/FILE-NAME."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def name(self) -> str:
        """How messages call the place."""
        return local_name(self._root)

    def fetch(self, entry: ModelEntry, file: ModelFile, partial: Partial, report: Report) -> None:
        """Copy the file, going on from the bytes that are there."""
        path = self._root / key(entry, file.name)
        try:
            stat = path.stat()
            start = partial.resume(f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}")
            with path.open("rb") as origin:
                origin.seek(start)
                partial.append(iter(lambda: origin.read(CHUNK), b""), report)
        except FileNotFoundError as err:
            raise AbsentError(f"{self.name} does not hold it", detail=repr(err)) from err
        except PermissionError as err:
            raise SourceError(f"{self.name} may not be read", detail=repr(err)) from err

    def size(self, entry: ModelEntry, file: ModelFile) -> int:
        """Return the file's bytes here."""
        path = self._root / key(entry, file.name)
        if not path.is_file():
            raise AbsentError(f"{self.name} does not hold it")
        return path.stat().st_size

    def sums(self, entry: ModelEntry) -> str | None:
        """Return the text of the model's checksum list, or None."""
        path = self._root / key(entry, SUMS_NAME)
        return path.read_text("utf-8") if path.is_file() else None

    def spare_bytes(self, file: ModelFile) -> int:  # noqa: ARG002 -- other sources need the file
        """Return 0: a copy needs no more than the file."""
        return 0

    def put(self, entry: ModelEntry, path: Path, report: Report) -> None:
        """Copy a local file to its place here, in one move."""
        target = self._root / key(entry, path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.new")
        try:
            with path.open("rb") as origin, draft.open("wb") as out:
                for chunk in _counted(iter(lambda: origin.read(CHUNK), b""), report):
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            shutil.copymode(path, draft)
            draft.replace(target)
        except OSError as err:
            draft.unlink(missing_ok=True)
            raise SourceError(
                f"{self.name} cannot be written. Check its rights and its free space.", detail=repr(err)
            ) from err

    def put_sums(self, entry: ModelEntry, text: str) -> None:
        """Write the model's checksum list."""
        path = self._root / key(entry, SUMS_NAME)
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(text, "utf-8")
        draft.replace(path)


def _counted(chunks: Iterator[bytes], report: Report) -> Iterator[bytes]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        report(done)
