"""What a backup holds: a line of JSON a record, originals, own forms and acts, and a manifest with each part's hash."""

import asyncio
import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

import msgspec
from msgspec import Struct

from afirgen import __version__
from afirgen.backup.own_files import own_files
from afirgen.backup.seal import Opener, Sealer
from afirgen.errors import DamagedFileError
from afirgen.store.database import Database
from afirgen.store.dump import Record, kept_tables, read_rows
from afirgen.store.migrate import head
from afirgen.store.originals import Originals
from afirgen.store.tables import cases
from afirgen.store.verify import Verdict, verify_within

_MANIFEST = "manifest.json"
_RECORDS, _ORIGINALS, _OWN = "records", "originals", "own"
_LEVEL = 1


class Part(Struct, frozen=True):
    """One file of the archive; ``count`` are its records, 1 for any other file."""

    sha256: str
    size: int
    count: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What the archive holds and by which version of the program and the database's form it was made."""

    program: str
    form: str | None
    made_at: datetime
    parts: dict[str, Part]

    @property
    def cases(self) -> int:
        """Number of cases."""
        part = self.parts.get(f"{_RECORDS}/{cases.name}.jsonl")
        return part.count if part else 0

    @property
    def originals(self) -> int:
        """Number of originals."""
        return self._count(_ORIGINALS)

    @property
    def own_files(self) -> int:
        """Number of the station's own forms, added acts and imported files; backups of earlier versions have none."""
        return self._count(_OWN)

    def _count(self, kind: str) -> int:
        return sum(name.startswith(f"{kind}/") for name in self.parts)


async def write_archive(
    database: Database, originals: Originals, out: BinaryIO, key: str, data: Path
) -> tuple[Manifest, Verdict]:
    """Write everything that the database holds at one moment, the originals of its cases and own files into ``out``.

    The audit check is of the same moment. ``data`` is the data folder; temporary files are made there and removed.

    Raises:
        StorageError: The database could not be read.
        OSError: A file could not be read or written.
    """
    with TemporaryDirectory(dir=data, prefix="backup-") as folder:
        counts, verdict = await _write_tables(database, originals, Path(folder))
        sealed = Sealer(out, key)
        manifest = await asyncio.to_thread(_pack, Path(folder), counts, originals, data, sealed)
        sealed.close()
        return manifest, verdict


async def _write_tables(database: Database, originals: Originals, folder: Path) -> tuple[dict[str, int], Verdict]:
    counts: dict[str, int] = {}
    encode = msgspec.json.Encoder().encode
    async with database.snapshot() as connection:
        for table in kept_tables():
            counts[table.name] = 0
            with (folder / table.name).open("wb") as file:
                async for row in read_rows(connection, table):
                    file.write(encode(row) + b"\n")
                    counts[table.name] += 1
        return counts, await verify_within(connection, originals)


def _pack(folder: Path, counts: dict[str, int], originals: Originals, data: Path, sealed: Sealer) -> Manifest:
    parts: dict[str, Part] = {}
    with (
        gzip.GzipFile(fileobj=cast("BinaryIO", sealed), mode="wb", compresslevel=_LEVEL) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w|") as archive,
    ):
        for table, count in counts.items():
            name = f"{_RECORDS}/{table}.jsonl"
            parts[name] = _add(archive, name, folder / table, count)
        for hash_ in _wanted_originals(folder / cases.name):
            path = originals.path(hash_)
            if path.is_file():  # what is missing is named by the audit check, which a backup must not wait for
                parts[f"{_ORIGINALS}/{hash_}"] = _add(archive, f"{_ORIGINALS}/{hash_}", path, 1)
        for own, path in own_files(data):
            parts[f"{_OWN}/{own}"] = _add_bytes(archive, f"{_OWN}/{own}", path.read_bytes())
        manifest = Manifest(program=__version__, form=head(), made_at=datetime.now(UTC), parts=parts)
        _add_bytes(archive, _MANIFEST, msgspec.json.encode(manifest))
    return manifest


def _add(archive: tarfile.TarFile, name: str, path: Path, count: int) -> Part:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    archive.add(path, name, filter=_anonymous)
    return Part(sha256=digest, size=path.stat().st_size, count=count)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> Part:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
    return Part(sha256=sha256(content).hexdigest(), size=len(content), count=1)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _wanted_originals(table: Path) -> list[str]:
    with table.open("rb") as file:
        return list(dict.fromkeys(hash_ for line in file if (hash_ := msgspec.json.decode(line)["original"])))


# --- reading --------------------------------------------------------------------------------------------------


class Unpacked(Struct, frozen=True):
    """An archive's content in a folder, every part checked against the manifest."""

    folder: Path
    manifest: Manifest

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the tables that the archive has records of, those that others point to first."""
        return tuple(t.name for t in kept_tables() if f"{_RECORDS}/{t.name}.jsonl" in self.manifest.parts)

    def rows(self) -> dict[str, Iterator[Record]]:
        """Return the records by table."""
        return {table: self._rows(table) for table in self.tables}

    def originals(self) -> Iterator[tuple[str, Path]]:
        """Give hash and file of each original."""
        for name in self.manifest.parts:
            if name.startswith(f"{_ORIGINALS}/"):
                yield name.partition("/")[2], self.folder / name

    @property
    def own(self) -> Path:
        """Return the folder with the station's own files, under the names that they have in a data folder."""
        return self.folder / _OWN

    def _rows(self, table: str) -> Iterator[Record]:
        with (self.folder / _RECORDS / f"{table}.jsonl").open("rb") as file:
            for line in file:
                yield msgspec.json.decode(line)


@contextmanager
def unpacked(source: BinaryIO, key: str, work: Path) -> Iterator[Unpacked]:
    """Open an archive, check every part and lend its content for the time of the block.

    Raises:
        DamagedFileError: The key is another one, or anything in it is not as the manifest says.
    """
    with TemporaryDirectory(dir=work, prefix="restore-") as name:
        folder = Path(name)
        try:
            with tarfile.open(fileobj=cast("BinaryIO", Opener(source, key)), mode="r|gz") as archive:
                archive.extractall(folder, filter="data")
            manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
        except (tarfile.TarError, EOFError, OSError, msgspec.DecodeError) as err:
            raise DamagedFileError("The backup is damaged. Take another file.", detail=repr(err)) from err
        _check(folder, manifest)
        yield Unpacked(folder, manifest)


def _check(folder: Path, manifest: Manifest) -> None:
    for name, part in manifest.parts.items():
        path = folder / name
        digest = sha256()
        lines = 0
        if path.is_file():
            with path.open("rb") as file:
                for line in file:
                    digest.update(line)
                    lines += 1
        counted = lines if name.startswith(f"{_RECORDS}/") else part.count
        if digest.hexdigest() != part.sha256 or counted != part.count:
            raise DamagedFileError(f"The backup is damaged: {name} is not as it was written. Take another file.")
