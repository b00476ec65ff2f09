"""The sending of a model's files to a bucket or folder that other machines pull from."""

from pathlib import Path

from afirgen.errors import ModelFileError
from afirgen.inference.models.checks import Pins, parse_sums, sha256_of, write_stamp, write_sums
from afirgen.inference.models.fetch import Progress, reporter
from afirgen.inference.models.lock import one_at_a_time
from afirgen.inference.models.manifest import ModelEntry
from afirgen.inference.models.sources.folder import FolderSource
from afirgen.inference.models.sources.s3 import S3Source


def push_model(
    entry: ModelEntry,
    model_dir: Path,
    target: S3Source | FolderSource,
    on_progress: Progress,
    *,
    replace: bool = False,
) -> dict[str, str]:
    """Send the local files of a model and, last, its checksum list; pin an unpinned model to these checksums.

    Files that the target's list already has with the same checksum are not sent again. Returns the checksums.

    Raises:
        ModelFileError: A local file is missing or damaged, or the target holds other files and ``replace`` is false.
        SourceError: The target cannot be written.
    """
    if entry.bundled:
        raise ModelFileError(f"The model {entry.id} comes inside a package, so there is nothing to push.")
    with one_at_a_time(model_dir, entry.id):
        sums = _local_sums(entry, model_dir, on_progress, replace=replace)
        there = parse_sums(target.sums(entry) or "")
        if any(there.get(name, sha256) != sha256 for name, sha256 in sums.items()) and not replace:
            raise ModelFileError(
                f"{target.name[:1].upper()}{target.name[1:]} already holds other files of the model {entry.id}. "
                "Add --replace to put these in their place."
            )
        for name, sha256 in sums.items():
            path = model_dir / entry.id / name
            if there.get(name) != sha256:
                target.put(entry, path, reporter(on_progress, name, path.stat().st_size))
        target.put_sums(entry, write_sums(sums))
        opened = {file.name: sums[file.name] for file in entry.files if file.sha256 is None}
        if opened:
            Pins(model_dir).record(entry, opened)
        for name, sha256 in sums.items():
            write_stamp(model_dir / entry.id / name, sha256)
    return sums


def _local_sums(entry: ModelEntry, model_dir: Path, on_progress: Progress, *, replace: bool) -> dict[str, str]:
    pins = Pins(model_dir)
    sums = {}
    for file in entry.files:
        path = model_dir / entry.id / file.name
        if not path.is_file():
            raise ModelFileError(
                f"The model {entry.id} is not complete here: put {file.name} into the folder {entry.id} of the "
                "model folder first.",
            )
        sums[file.name] = sha256_of(path, reporter(on_progress, path.name, path.stat().st_size))
        expected = file.sha256 if replace else pins.expected(entry, file)
        if expected not in {None, sums[file.name]}:
            raise ModelFileError(
                f"The file {file.name} of the model {entry.id} is damaged or not the one that was pinned. "
                f"Run `afirgen models pull {entry.id}`."
            )
    return sums
