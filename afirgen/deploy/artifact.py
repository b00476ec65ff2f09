"""The program as one file: wheels, lock, migrations and units, named by the hash of its content."""

import gzip
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from afirgen.deploy.aws import Aws, translated
from afirgen.errors import DeploymentError, InvalidInputError

_LOCKS = ("build.txt", "runtime.txt", "llama.txt")
_COMPILED = "llama_cpp_python-*.whl"
_FOLDERS = ("migrations", "deploy", "docs")
_FIRST_START = "deploy/user-data.sh"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)
_NEVER = frozenset({"__pycache__", ".mypy_cache"})


class Artifact(Struct, frozen=True):
    """A built artifact and where it belongs in the bucket."""

    path: Path
    sha256: str

    @property
    def key(self) -> str:
        """Return its key in the artifacts bucket."""
        return f"artifacts/{self.sha256}.tar.gz"


def build_artifact(root: Path, out: Path) -> Artifact:
    """Collect the wheels of the lock, build those that have none, and pack everything for a new machine.

    The source of the language model's runtime goes along, because an instance compiles it for its GPU. What was
    collected before is kept in ``out`` and used again. The same content gives the same bytes.

    Raises:
        DeploymentError: A package could not be had or built.
    """
    wheels, sources = out / "wheels", out / "sources"
    for folder in (wheels, sources):
        folder.mkdir(parents=True, exist_ok=True)
    requirements = "".join((root / "requirements" / name).read_text(encoding="utf-8") for name in _LOCKS)
    drop_others(wheels, requirements)
    take_compiled(root, wheels, requirements)
    _collect(root, wheels)
    _fetch_source(root, sources)
    _build_own(root, wheels)
    # What was built here has a hash of its own; the lock's is that of its source, which was checked before building.
    return pack(root, [*wheels.glob("*.whl"), *sources.glob("*.tar.gz")], _with_hashes_of(requirements, wheels), out)


def read_artifact(path: Path) -> Artifact:
    """Return an artifact that was built before.

    Raises:
        InvalidInputError: The file is something else.
    """
    try:
        with tarfile.open(path) as archive:
            archive.getmember(_FIRST_START)
    except (OSError, EOFError, KeyError, tarfile.TarError) as err:
        raise InvalidInputError(f"{path.name} is no artifact. Build one with `afirgen deploy artifact`.") from err
    with path.open("rb") as file:
        return Artifact(path, hashlib.file_digest(file, "sha256").hexdigest())


def pack(root: Path, packages: Sequence[Path], requirements: str, out: Path) -> Artifact:
    """Pack wheels and sources, requirements, migrations, units and docs into one reproducible file."""
    part = out / "artifact.part"
    with (
        part.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=6) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add_bytes(archive, "requirements.txt", requirements.encode())
        for path in sorted(packages, key=lambda each: each.name):
            _add(archive, f"{'wheels' if path.suffix == '.whl' else 'sources'}/{path.name}", path)
        for folder in _FOLDERS:
            for path in _files(root / folder):
                _add(archive, path.relative_to(root).as_posix(), path)
    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    path = out / f"{digest}.tar.gz"
    part.replace(path)
    return Artifact(path, digest)


def upload(aws: Aws, bucket: str, artifact: Artifact) -> bool:
    """Put the artifact into the bucket unless it is there; tell whether it had to be sent."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    client = aws.client("s3")
    with translated(f"to write into the bucket {bucket}"):
        try:
            client.head_object(Bucket=bucket, Key=artifact.key)
        except ClientError as err:
            if err.response["Error"]["Code"] not in {"404", "NoSuchKey", "NotFound"}:
                raise
            client.upload_file(str(artifact.path), bucket, artifact.key)
            return True
    return False


def drop_others(wheels: Path, requirements: str) -> None:
    """Remove kept wheels of versions that the lock no longer names."""
    for path in wheels.glob("*.whl"):
        if not _is_locked(path, requirements):
            path.unlink()


def take_compiled(root: Path, wheels: Path, requirements: str) -> None:
    """Take the language model's runtime as the setup has compiled it here, the newest last, unless one is kept."""
    if not any(wheels.glob(_COMPILED)):
        for path in sorted((root / "var" / "wheels").glob(f"*/{_COMPILED}"), key=lambda each: each.stat().st_mtime):
            if _is_locked(path, requirements):
                shutil.copyfile(path, wheels / path.name)


def _is_locked(wheel: Path, requirements: str) -> bool:
    name, version = wheel.name.split("-")[:2]
    return (_name(name), version) in {(_name(found[1]), found[2]) for found in _PIN.finditer(requirements)}


def _collect(root: Path, wheels: Path) -> None:
    """Fetch the wheels of the lock, checked by hash; a source package among them is built.

    The runtime that lies there already was built from its locked source, whose hash it cannot have itself. While it is
    compiled, the others are fetched.
    """

    def fetch(name: str) -> None:
        _pip("wheel", "--no-deps", "--require-hashes", "--wheel-dir", str(wheels), "--find-links", str(wheels),
             "-r", str(root / "requirements" / name))  # fmt: skip

    wanted = _LOCKS[:-1] if any(wheels.glob(_COMPILED)) else _LOCKS
    with ThreadPoolExecutor(len(wanted)) as pool:
        for _ in pool.map(fetch, wanted):
            pass


def _fetch_source(root: Path, sources: Path) -> None:
    """Fetch what is compiled anew for a GPU, checked by its locked hash; older versions go."""
    lock = root / "requirements" / "llama.txt"
    here = {hashlib.sha256(path.read_bytes()).hexdigest() for path in sources.glob("*.tar.gz")}
    if len(here) == 1 and f"sha256:{next(iter(here))}" in lock.read_text(encoding="utf-8"):
        return
    for old in sources.glob("*.tar.gz"):
        old.unlink()
    _pip("download", "--no-deps", "--no-build-isolation", "--no-binary=:all:", "--require-hashes",
         "--dest", str(sources), "-r", str(lock))  # fmt: skip


def _build_own(root: Path, wheels: Path) -> None:
    for old in wheels.glob("afirgen-*.whl"):
        old.unlink()
    with TemporaryDirectory() as folder:
        _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, str(root))
        for wheel in Path(folder).glob("*.whl"):
            wheel.replace(wheels / wheel.name)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise DeploymentError(f"The artifact could not be built: {last[0]}", detail=done.stderr[-4000:])


def _with_hashes_of(requirements: str, wheels: Path) -> str:
    """Add to each requirement the hash of the wheel that goes along, where it was built here."""
    known = {_name(path.name.split("-")[0]): path for path in wheels.glob("*.whl")}
    lines = []
    for line in requirements.splitlines():
        lines.append(line)
        name = (
            _name(line.partition("==")[0].partition("[")[0]) if "==" in line and not line.startswith((" ", "#")) else ""
        )
        if name in known and line.rstrip().endswith("\\"):
            digest = hashlib.sha256(known[name].read_bytes()).hexdigest()
            if f"sha256:{digest}" not in requirements:
                lines.append(f"    --hash=sha256:{digest} \\")
    return "\n".join(lines) + "\n"


def _name(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(".", "_")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _NEVER & set(path.parts):
            yield path


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    _add_bytes(archive, name, path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o755 if executable else 0o644
    archive.addfile(member, io.BytesIO(data))
