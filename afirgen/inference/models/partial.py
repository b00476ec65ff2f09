"""A file on its way in: its bytes so far, where they came from, and how far to trust them after an interruption."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

Report = Callable[[int], None]
"""Called with the bytes of the file that are there so far."""


class _Note(Struct, frozen=True):
    origin: str
    parts: int = 0
    size: int = 0


class Partial:
    """The growing copy at ``path``, with a note beside it.

    Bytes of two origins never mix: an origin names the source and, where known, the version it serves.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note_path = path.with_name(f"{path.name}.note")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def resume(self, origin: str) -> int:
        """Return from which byte to go on; everything of another origin is dropped."""
        if self._note().origin != origin:
            self.discard()
            self._write_note(_Note(origin))
        return self.size

    def resume_parts(self, origin: str) -> int:
        """Return how many whole parts are there; what came after the last of them is dropped."""
        if self.resume(origin) < self._note().size:
            self.discard()
            self._write_note(_Note(origin))
        note = self._note()
        if self.size > note.size:
            os.truncate(self.path, note.size)
        return note.parts

    def append(self, chunks: Iterable[bytes], report: Report) -> None:
        """Add bytes at the end, telling ``report`` of each chunk."""
        done = self.size
        with self.path.open("ab") as out:
            for chunk in chunks:
                out.write(chunk)
                done += len(chunk)
                report(done)
            out.flush()
            os.fsync(out.fileno())

    def keep_part(self, origin: str, parts: int) -> None:
        """Note that the first ``parts`` parts are whole, so that an interruption goes on after them."""
        self._write_note(_Note(origin, parts, self.size))

    def discard(self) -> None:
        """Forget everything that has come so far."""
        self.path.unlink(missing_ok=True)
        self._note_path.unlink(missing_ok=True)

    def _note(self) -> _Note:
        try:
            return msgspec.json.decode(self._note_path.read_bytes(), type=_Note)
        except (OSError, msgspec.MsgspecError):
            return _Note("")

    def _write_note(self, note: _Note) -> None:
        draft = self._note_path.with_name(f"{self._note_path.name}.new")
        draft.write_bytes(msgspec.json.encode(note))
        draft.replace(self._note_path)
