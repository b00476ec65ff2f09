"""Small model files, wheels and sources that misbehave on purpose."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

from afirgen.inference.models.manifest import ModelEntry, ModelFile, Role
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import AbsentError

CONTENT = bytes(range(256)) * 8192
"""Two MiB."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def one_file(content: bytes = CONTENT, *, pinned: bool = True, name: str = "model.bin") -> ModelEntry:
    """Return an entry of one file; ``pinned`` says whether the manifest knows its checksum."""
    file = ModelFile(name, len(content), sha256(content)) if pinned else ModelFile(name)
    return entry_of(file)


def entry_of(*files: ModelFile, model_id: str = "tiny") -> ModelEntry:
    return ModelEntry(
        id=model_id, role=Role.LLM, licence="MIT", provenance="made in a test", languages=("en",), files=files
    )


def write_wheel(folder: Path, package: str, version: str, members: dict[str, bytes]) -> Path:
    """Write an installable wheel that carries ``members``."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


class ScriptedSource:
    """Gives the contents of a list in turn, or raises the errors in it."""

    name = "the scripted source"

    def __init__(self, *answers: bytes | Exception, on_fetch: Callable[[], None] = lambda: None) -> None:
        self._answers = list(answers)
        self._on_fetch = on_fetch
        self.fetches = 0

    def fetch(self, _entry: ModelEntry, _file: ModelFile, partial: Partial, report: Report) -> None:
        self.fetches += 1
        self._on_fetch()
        answer = self._answers.pop(0) if self._answers else AbsentError(f"{self.name} does not hold it")
        if isinstance(answer, Exception):
            raise answer
        start = partial.resume(self.name)
        partial.append([answer[start:]], report)

    def size(self, _entry: ModelEntry, file: ModelFile) -> int:
        return file.size or 0

    def sums(self, _entry: ModelEntry) -> str | None:
        return None

    def spare_bytes(self, _file: ModelFile) -> int:
        return 0
