"""What every source of model files can do."""

from pathlib import Path
from typing import Protocol

from afirgen.errors import ModelUnavailableError
from afirgen.inference.models.manifest import ModelEntry, ModelFile
from afirgen.inference.models.partial import Partial, Report

CHUNK = 1 << 20
SUMS_NAME = "SHA256SUMS"


class SourceError(ModelUnavailableError):
    """A source could not give a file; the sentence says why."""

    code = "model_source"


class AbsentError(SourceError):
    """A source does not have the file."""

    code = "model_source_absent"


class Source(Protocol):
    """A place that model files come from."""

    @property
    def name(self) -> str:
        """How messages call the place."""

    def fetch(self, entry: ModelEntry, file: ModelFile, partial: Partial, report: Report) -> None:
        """Complete ``partial``, going on from what is there; raise :class:`SourceError` when that fails."""

    def size(self, entry: ModelEntry, file: ModelFile) -> int:
        """Return the file's bytes here; raise :class:`SourceError` when it is not here."""

    def sums(self, entry: ModelEntry) -> str | None:
        """Return the text of the model's checksum list, or None when there is none here."""

    def spare_bytes(self, file: ModelFile) -> int:
        """Return how many bytes of disk a fetch needs beside the file itself."""


def key(entry: ModelEntry, name: str) -> str:
    """Return where a file lies under a bucket's prefix, a URL or a folder."""
    return f"{entry.id}/{name}"


def local_name(path: Path) -> str:
    """Return how messages call a folder, without the way to it."""
    return f"folder {path.name or path}"
