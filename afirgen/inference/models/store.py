"""The folder of model files: gives out verified models and fetches those that are missing."""

import importlib.util
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from afirgen.errors import ModelFileError, StorageError
from afirgen.inference.models.checks import Pins, is_stamped, remove_stamp, sha256_of, write_stamp, write_sums
from afirgen.inference.models.fetch import Fetch, Note, Progress, reporter
from afirgen.inference.models.lock import one_at_a_time
from afirgen.inference.models.manifest import Bundle, ModelEntry, ModelFile
from afirgen.inference.models.sources.base import Source


class ModelState(StrEnum):
    """How a model stands in the folder, as far as can be told without reading it whole."""

    READY = "ready"
    UNVERIFIED = "unverified"
    PARTIAL = "partial"
    MISSING = "missing"


def _quiet(*_: object) -> None:
    """Tell nobody."""


class ModelStore:
    """Model files under ``model_dir``/MODEL-ID/FILE-NAME, filled from ``sources`` in their order."""

    def __init__(self, model_dir: Path, sources: Sequence[Source] = ()) -> None:
        self._dir = model_dir
        self._sources = sources
        self._pins = Pins(model_dir)

    def path(self, entry: ModelEntry) -> Path:
        """Return the folder of a model whose every file has the right checksum.

        A file is read whole only when it has changed since it was last found right.

        Raises:
            ModelFileError: A file is missing, damaged or has no checksum; the sentence names the model and the command.
        """
        if entry.bundled:
            return _bundled_folder(entry, entry.bundled)
        for file in entry.files:
            expected = self._expected(entry, file)
            path = self._present(entry, file)
            if not is_stamped(path, expected):
                self._check(entry, path, expected)
        return self._dir / entry.id

    def fingerprint(self, entry: ModelEntry) -> str | None:
        """Return one hash of the checksums that a model's files have to have, None while one has none."""
        if entry.bundled:
            return sha256(f"{entry.bundled.package} {entry.bundled.version}".encode()).hexdigest()
        sums = {file.name: self._pins.expected(entry, file) for file in entry.files}
        known = {name: expected for name, expected in sums.items() if expected}
        return sha256(write_sums(known).encode()).hexdigest() if len(known) == len(sums) else None

    def state(self, entry: ModelEntry) -> ModelState:
        """Tell quickly how a model stands."""
        if entry.bundled:
            found = importlib.util.find_spec(entry.bundled.module)
            return ModelState.READY if found else ModelState.MISSING
        stamped = [
            is_stamped(self._dir / entry.id / file.name, self._pins.expected(entry, file) or "") for file in entry.files
        ]
        if all(stamped):
            return ModelState.READY
        there = [(self._dir / entry.id / file.name).is_file() for file in entry.files]
        if all(there):
            return ModelState.UNVERIFIED
        return ModelState.PARTIAL if any(there) or self._staging(entry).exists() else ModelState.MISSING

    def verify(self, entry: ModelEntry, on_progress: Progress = _quiet) -> None:
        """Read every file of a model whole and compare its checksum.

        Raises:
            ModelFileError: As for :meth:`path`.
        """
        if entry.bundled:
            _bundled_folder(entry, entry.bundled)
        for file in entry.files:
            self._check(entry, self._present(entry, file), self._expected(entry, file), on_progress)

    def pull(self, entry: ModelEntry, on_progress: Progress = _quiet, on_note: Note = _quiet) -> Path:
        """Fetch what is missing or damaged, verify it, and return the model's folder.

        ``on_progress`` is called with a file name, its bytes so far and its bytes in all; ``on_note`` with a
        sentence for the user, for example that another process is fetching the same model.

        Raises:
            ModelFileError: No source could give a file that has the right checksum.
            StorageError: The disk has too little room or cannot be written.
        """
        if entry.bundled or self.state(entry) is ModelState.READY:
            return self.path(entry)
        try:
            with one_at_a_time(
                self._dir, entry.id, lambda: on_note(f"Another process is fetching {entry.id}; waiting for it.")
            ):
                missing = [file for file in entry.files if not self._is_right(entry, file)]
                Fetch(entry, self._dir, self._staging(entry), self._sources, self._pins, on_progress, on_note).run(
                    missing
                )
        except OSError as err:
            raise StorageError(
                "The model folder cannot be written. Check its rights and the free space on its disk.",
                detail=repr(err),
            ) from err
        return self.path(entry)

    def _staging(self, entry: ModelEntry) -> Path:
        return self._dir / ".staging" / entry.id

    def _expected(self, entry: ModelEntry, file: ModelFile) -> str:
        expected = self._pins.expected(entry, file)
        if expected is None:
            raise ModelFileError(
                f"The model {entry.id} has no checksum yet. "
                f"Run `afirgen models pull {entry.id}`, or `afirgen models push {entry.id}` where its files are."
            )
        return expected

    def _present(self, entry: ModelEntry, file: ModelFile) -> Path:
        path = self._dir / entry.id / file.name
        if not path.is_file():
            raise ModelFileError(
                f"The model {entry.id} is not complete. Run `afirgen models pull {entry.id}`.",
                detail=f"{file.name} is missing",
            )
        return path

    def _check(self, entry: ModelEntry, path: Path, expected: str, on_progress: Progress = _quiet) -> None:
        if sha256_of(path, reporter(on_progress, path.name, path.stat().st_size)) != expected:
            remove_stamp(path)
            raise ModelFileError(
                f"The file {path.name} of the model {entry.id} is damaged. Run `afirgen models pull {entry.id}`."
            )
        write_stamp(path, expected)

    def _is_right(self, entry: ModelEntry, file: ModelFile) -> bool:
        expected = self._pins.expected(entry, file)
        path = self._dir / entry.id / file.name
        if expected is None or not path.is_file():
            return False
        if is_stamped(path, expected):
            return True
        if (file.size is not None and path.stat().st_size != file.size) or sha256_of(path) != expected:
            return False
        write_stamp(path, expected)
        return True


def _bundled_folder(entry: ModelEntry, bundle: Bundle) -> Path:
    spec = importlib.util.find_spec(bundle.module)
    try:
        installed = version(bundle.package)
    except PackageNotFoundError:
        installed = None
    if spec is None or spec.origin is None or installed != bundle.version:
        raise ModelFileError(
            f"The model {entry.id} needs the package {bundle.package} {bundle.version}. Run `make run` to install it.",
            detail=f"installed: {installed}",
        )
    return Path(spec.origin).parent
