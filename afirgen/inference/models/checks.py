"""Checksums of model files: the expected ones, and stamps that spare the reading of gigabytes at every start."""

import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from afirgen.errors import DataFileError
from afirgen.inference.models.lock import one_at_a_time
from afirgen.inference.models.manifest import ModelEntry, ModelFile

_STAMP_NAME = ".verified.json"
_PINS_NAME = "pins.toml"
_BLOCK = 1 << 22


class Stamp(Struct, frozen=True):
    """What a file was like when its checksum was last found right."""

    size: int
    mtime_ns: int
    sha256: str


class Pins:
    """The checksums of this installation's unpinned models, kept in ``pins.toml`` of the model folder."""

    def __init__(self, model_dir: Path) -> None:
        self._path = model_dir / _PINS_NAME

    def expected(self, entry: ModelEntry, file: ModelFile) -> str | None:
        """Return the sha256 that the file must have, from the manifest or from the pins, or None."""
        return file.sha256 or self._read().get(entry.id, {}).get(file.name)

    def record(self, entry: ModelEntry, sums: dict[str, str]) -> None:
        """Keep the checksums of a model's files from now on."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(self._path.parent, _PINS_NAME):
            pins = self._read()
            pins[entry.id] = pins.get(entry.id, {}) | sums
            lines = ["# Checksums of models that the manifest leaves open. Written by `afirgen models`.\n"]
            for model_id, files in sorted(pins.items()):
                lines.append(f'\n["{model_id}"]\n')
                lines += [f'"{name}" = "{sha256}"\n' for name, sha256 in sorted(files.items())]
            draft = self._path.with_name(f".{_PINS_NAME}.new")
            draft.write_text("".join(lines), "utf-8")
            draft.replace(self._path)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            return msgspec.convert(tomllib.loads(self._path.read_text("utf-8")), dict[str, dict[str, str]])
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as err:
            raise DataFileError(
                f"The file {_PINS_NAME} in the model folder is wrong: {err}. Repair or remove it.", detail=repr(err)
            ) from err


def sha256_of(path: Path, report: Callable[[int], None] = lambda _: None) -> str:
    """Return a file's sha256, telling ``report`` the bytes read so far."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb", buffering=0) as data:
        while block := data.read(_BLOCK):
            digest.update(block)
            done += len(block)
            report(done)
    return digest.hexdigest()


def is_stamped(path: Path, sha256: str) -> bool:
    """Whether the file was verified before and has not been touched since."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return False
    return _read_stamps(path.parent).get(path.name) == Stamp(stat.st_size, stat.st_mtime_ns, sha256)


def write_stamp(path: Path, sha256: str) -> None:
    """Note that the file was verified; a folder that cannot be written simply is read again next time."""
    stat = path.stat()
    stamps = _read_stamps(path.parent) | {path.name: Stamp(stat.st_size, stat.st_mtime_ns, sha256)}
    _write_stamps(path.parent, stamps)


def remove_stamp(path: Path) -> None:
    """Forget that the file was verified."""
    stamps = _read_stamps(path.parent)
    if stamps.pop(path.name, None):
        _write_stamps(path.parent, stamps)


def _read_stamps(folder: Path) -> dict[str, Stamp]:
    try:
        return msgspec.json.decode((folder / _STAMP_NAME).read_bytes(), type=dict[str, Stamp])
    except (OSError, msgspec.MsgspecError):
        return {}


def _write_stamps(folder: Path, stamps: dict[str, Stamp]) -> None:
    draft = folder / f"{_STAMP_NAME}.new"
    try:
        draft.write_bytes(msgspec.json.encode(stamps))
        draft.replace(folder / _STAMP_NAME)
    except OSError:
        return


def parse_sums(text: str) -> dict[str, str]:
    """Read a checksum list (``HEX  NAME`` a line) into file names and sha256."""
    sums = {}
    for line in text.splitlines():
        sha256, _, name = line.partition(" ")
        if name.strip(" *"):
            sums[name.strip(" *")] = sha256.lower()
    return sums


def write_sums(sums: dict[str, str]) -> str:
    """Write a checksum list that ``sha256sum -c`` can read too."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items()))
