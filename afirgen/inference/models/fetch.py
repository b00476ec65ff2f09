"""The fetching of one model: space, sources in order, checksum, one more try, move into place."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from afirgen.errors import ModelFileError, StorageError
from afirgen.inference.models.checks import Pins, parse_sums, sha256_of, write_stamp
from afirgen.inference.models.manifest import ModelEntry, ModelFile
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import AbsentError, Source, SourceError

Progress = Callable[[str, int, int], None]
"""Called with a file name, the bytes that are there and the bytes in all."""
Note = Callable[[str], None]
"""Called with a sentence for the user."""


def reporter(on_progress: Progress, name: str, total: int) -> Report:
    """Return a reporter of one file's bytes to ``on_progress``."""
    return lambda done: on_progress(name, done, total)


_MARGIN_BYTES = 64 << 20
_MIB = 1 << 20


class Fetch:
    """Brings files of one model into the model folder. The caller holds the model's lock."""

    def __init__(
        self,
        entry: ModelEntry,
        model_dir: Path,
        staging: Path,
        sources: Sequence[Source],
        pins: Pins,
        on_progress: Progress,
        on_note: Note,
    ) -> None:
        self._entry = entry
        self._dir = model_dir
        self._staging = staging
        self._sources = sources
        self._pins = pins
        self._on_progress = on_progress
        self._on_note = on_note

    def run(self, files: Sequence[ModelFile]) -> None:
        """Fetch, verify and move into place each of ``files``, then remove what was staged."""
        if files:
            self._staging.mkdir(parents=True, exist_ok=True)
            sums = self._expected_sums(files)
            self._check_space(files)
            for file in files:
                self._fetch_file(file, sums[file.name])
            opened = {file.name: sums[file.name] for file in files if file.sha256 is None}
            if opened:
                self._pins.record(self._entry, opened)
        shutil.rmtree(self._staging, ignore_errors=True)
        with suppress(OSError):  # another model may be on its way
            self._staging.parent.rmdir()

    def _expected_sums(self, files: Sequence[ModelFile]) -> dict[str, str]:
        """Return the checksum of each file: the manifest's, this installation's pin, or a source's list."""
        known = {file.name: self._pins.expected(self._entry, file) for file in files}
        open_names = {name for name, sha256 in known.items() if sha256 is None}
        reasons: list[str] = []
        for source in self._sources if open_names else ():
            try:
                listed = parse_sums(source.sums(self._entry) or "")
            except SourceError as err:
                reasons.append(err.public)
                continue
            if open_names <= listed.keys():
                known |= {name: listed[name] for name in open_names}
                open_names = set()
                break
            reasons.append(f"{source.name} has no checksums of it")
        if open_names:
            raise ModelFileError(
                f"The model {self._entry.id} cannot be fetched: {_listed(reasons)}. "
                "Set AFIRGEN_MODEL_SOURCES to where it was pushed with `afirgen models push`."
            )
        return {name: sha256 for name, sha256 in known.items() if sha256 is not None}

    def _check_space(self, files: Sequence[ModelFile]) -> None:
        wanted = sum(max(0, self._size(file) - self._partial(file).size) for file in files)
        spare = max((source.spare_bytes(file) for source in self._sources for file in files), default=0)
        free = shutil.disk_usage(self._staging).free
        if wanted + spare + _MARGIN_BYTES > free:
            raise StorageError(
                f"The model {self._entry.id} needs {_mib(wanted + spare + _MARGIN_BYTES)} MiB of disk and "
                f"{_mib(free)} MiB are free. Free some space, or set AFIRGEN_MODEL_DIR to another disk."
            )

    def _size(self, file: ModelFile) -> int:
        if file.size is not None:
            return file.size
        for source in self._sources:
            try:
                return source.size(self._entry, file)
            except SourceError:
                continue
        return 0

    def _partial(self, file: ModelFile) -> Partial:
        return Partial(self._staging / f"{file.name}.partial")

    def _fetch_file(self, file: ModelFile, expected: str) -> None:
        partial = self._partial(file)
        for last in (False, True):
            self._from_any_source(file, partial)
            total = partial.size
            if sha256_of(partial.path) == expected:
                self._move_into_place(file, partial, expected)
                self._on_progress(file.name, total, total)
                return
            partial.discard()
            if not last:
                self._on_note(f"{file.name} arrived damaged; fetching it once more.")
        raise ModelFileError(
            f"The file {file.name} of the model {self._entry.id} arrived damaged twice. "
            f"Try another source in AFIRGEN_MODEL_SOURCES, then run `afirgen models pull {self._entry.id}`."
        )

    def _from_any_source(self, file: ModelFile, partial: Partial) -> None:
        reasons: list[str] = []
        report = reporter(self._on_progress, file.name, self._size(file))
        for source in self._sources:
            try:
                source.fetch(self._entry, file, partial, report)
            except AbsentError as err:
                reasons.append(err.public)
            except SourceError as err:
                reasons.append(err.public)
                if source is not self._sources[-1]:
                    self._on_note(f"{_sentence(err.public)} Trying the next source.")
            else:
                return
        raise ModelFileError(
            f"The file {file.name} of the model {self._entry.id} cannot be fetched: {_listed(reasons)}. "
            f"Check the network and AFIRGEN_MODEL_SOURCES, then run `afirgen models pull {self._entry.id}` again.",
            detail="; ".join(reasons),
        )

    def _move_into_place(self, file: ModelFile, partial: Partial, sha256: str) -> None:
        target = self._dir / self._entry.id / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.path.open("rb") as data:
            os.fsync(data.fileno())
        partial.path.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        partial.discard()
        write_stamp(target, sha256)


def _listed(reasons: Sequence[str]) -> str:
    return "; ".join(reasons) or "no source is set in AFIRGEN_MODEL_SOURCES"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."


def _mib(count: int) -> int:
    return -(-count // _MIB)
