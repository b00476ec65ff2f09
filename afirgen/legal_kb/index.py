"""The search index: built from the passages, kept in ChromaDB, read into memory, rebuilt when it does not fit.

It is a derived thing. Its fingerprint covers the passages, the embedder and the format; when the stored one
differs, is missing or is damaged, the index is built again in a new folder and swapped in by one rename.
"""

import asyncio
import fcntl
import hashlib
import importlib
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import structlog
from msgspec import Struct

from afirgen.errors import StorageError
from afirgen.legal_kb.passages import Passage
from afirgen.legal_kb.vectors import Vector, VectorCache, shipped_vectors

_FORMAT = 1
_BATCH = 16
_LOCK_POLL_S = 0.2
_log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]
"""Told how many of how many passages have their vector."""


class Embedder(Protocol):
    """Turns texts into unit rows; a query and a passage that mean the same have a high dot product."""

    @property
    def embedder_id(self) -> str:
        """Name of everything that shapes the vectors."""

    async def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Vector:
        """Return one row a text, in order."""


class Index(Struct, frozen=True, kw_only=True):
    """The passages and their vectors, row by row, as ChromaDB holds them."""

    passages: tuple[Passage, ...]
    vectors: Vector
    fingerprint: str


class _Current(Struct, frozen=True):
    """Content of ``current.json``: which folder holds the index and how to tell that it is whole."""

    folder: str
    fingerprint: str
    content: str
    files: dict[str, str]


def fingerprint_of(passages: Sequence[Passage], embedder_id: str) -> str:
    """Return the sha256 of everything that shapes the index."""
    return hashlib.sha256(msgspec.json.encode([_FORMAT, embedder_id, passages])).hexdigest()


async def open_index(
    folder: Path, passages: tuple[Passage, ...], embedder: Embedder, *, on_progress: Progress | None = None
) -> Index:
    """Return the index for these passages, from ``folder`` when it fits, else built anew.

    Several processes may call this at once: one builds, the others wait for it. Raises :class:`StorageError`
    when the folder cannot be written.
    """
    fingerprint = fingerprint_of(passages, embedder.embedder_id)
    found = await asyncio.to_thread(_read, folder, fingerprint)
    if found is not None:
        return found
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        async with _locked(folder / "lock"):
            found = await asyncio.to_thread(_read, folder, fingerprint)
            if found is None:
                found = await _build(folder, passages, embedder, fingerprint, on_progress)
    except OSError as err:
        raise StorageError(
            "The search index could not be saved. Check that the data folder can be written and has space.",
            detail=str(err),
        ) from err
    return found


def is_current(folder: Path, passages: Sequence[Passage], embedder_id: str) -> bool:
    """Tell, without opening it, whether the stored index was built from these passages by this embedder."""
    current = _current(folder)
    return current is not None and current.fingerprint == fingerprint_of(passages, embedder_id)


async def _build(
    folder: Path, passages: tuple[Passage, ...], embedder: Embedder, fingerprint: str, on_progress: Progress | None
) -> Index:
    texts = list(dict.fromkeys(p.text for p in passages))
    rows = await _vectors(folder / "vectors.bin", texts, embedder, on_progress)
    vectors = np.stack([rows[p.text] for p in passages])
    await asyncio.to_thread(_store, folder, passages, vectors, fingerprint)
    _log.info("index built", passages=len(passages), fingerprint=fingerprint[:16])
    found = await asyncio.to_thread(_read, folder, fingerprint)
    if found is None:
        raise StorageError("The search index was damaged while it was saved. Check the disk and start again.")
    return found


async def _vectors(path: Path, texts: list[str], embedder: Embedder, on_progress: Progress | None) -> dict[str, Vector]:
    first = await embedder.embed(texts[:1], kind="passage")
    cache = await asyncio.to_thread(VectorCache, path, embedder_id=embedder.embedder_id, dimensions=int(first.shape[1]))
    unkept = [t for t in texts if cache.get(t) is None]
    await asyncio.to_thread(lambda: cache.add(shipped_vectors(unkept, embedder.embedder_id)))
    # Texts of a like length together: a batch costs as much as its longest text.
    missing = sorted((t for t in texts if cache.get(t) is None), key=len)
    done = len(texts) - len(missing)
    for start in range(0, len(missing), _BATCH):
        some = missing[start : start + _BATCH]
        rows = await embedder.embed(some, kind="passage")
        await asyncio.to_thread(cache.add, dict(zip(some, rows, strict=True)))
        done += len(some)
        if on_progress:
            on_progress(done, len(texts))
    await asyncio.to_thread(cache.keep_only, texts)
    return {text: row for text in texts if (row := cache.get(text)) is not None}


def _store(folder: Path, passages: tuple[Passage, ...], vectors: Vector, fingerprint: str) -> None:
    chroma = _chroma()
    name = f"{fingerprint[:16]}-{secrets.token_hex(4)}"
    try:
        chroma.write_collection(folder / name, passages, vectors, fingerprint=fingerprint)
        current = _Current(name, fingerprint, _content(passages, vectors), chroma.file_digests(folder / name))
        part = folder / "current.part"
        part.write_bytes(msgspec.json.encode(current))
        part.replace(folder / "current.json")
    except BaseException:
        shutil.rmtree(folder / name, ignore_errors=True)
        raise
    for other in folder.iterdir():
        if other.is_dir() and other.name != name:
            shutil.rmtree(other, ignore_errors=True)


def _read(folder: Path, fingerprint: str) -> Index | None:
    """Return the stored index, None when it is missing, stale or damaged."""
    current = _current(folder)
    if current is None or current.fingerprint != fingerprint:
        return None
    chroma = _chroma()
    try:
        chroma.check_files(folder / current.folder, current.files)
        passages, vectors = chroma.read_collection(folder / current.folder, fingerprint=fingerprint)
    except Exception as err:  # noqa: BLE001 - whatever ChromaDB says, the index is built again
        _log.warning("index damaged", reason=str(err))
        return None
    if _content(passages, vectors) != current.content:
        _log.warning("index damaged", reason="content differs")
        return None
    return Index(passages=passages, vectors=vectors, fingerprint=fingerprint)


def _current(folder: Path) -> _Current | None:
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / "current.json").read_bytes(), type=_Current)
    return None


def _content(passages: tuple[Passage, ...], vectors: Vector) -> str:
    return hashlib.sha256(msgspec.json.encode(passages) + vectors.astype("<f4").tobytes()).hexdigest()


def _chroma() -> Any:
    # ChromaDB takes over a second to import, which a command that needs no index should not pay.
    return importlib.import_module("afirgen.legal_kb.chroma")


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    with path.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_POLL_S)
        yield
