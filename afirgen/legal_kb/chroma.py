"""The index on disk: one ChromaDB collection in a folder of its own, written once and then only read.

This is the only module that imports ChromaDB. Its native code can end the process on damaged files, so the files
are checked before it opens them.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.config import Settings

from afirgen.case.law import SectionRef
from afirgen.legal_kb.passages import Passage, PassageKind
from afirgen.legal_kb.vectors import Vector

COLLECTION = "statutes"
_DATABASE = "chroma.sqlite3"
_BATCH = 1000


class DamagedIndexError(Exception):
    """The folder does not hold what was written there."""


def write_collection(folder: Path, passages: tuple[Passage, ...], vectors: Vector, *, fingerprint: str) -> None:
    """Write the passages with their vectors into a new folder."""
    folder.mkdir(parents=True)
    with _client(folder) as client:
        collection = client.create_collection(
            COLLECTION,
            embedding_function=None,
            # Written through at once: what is left over would change the files each time they are opened.
            metadata={"fingerprint": fingerprint, "hnsw:space": "ip", "hnsw:sync_threshold": 2, "hnsw:batch_size": 2},
        )
        for start in range(0, len(passages), _BATCH):
            some = passages[start : start + _BATCH]
            collection.add(
                ids=[f"{start + i:06d}" for i in range(len(some))],
                embeddings=vectors[start : start + _BATCH],
                documents=[p.text for p in some],
                metadatas=[
                    {"act": p.section.act, "number": p.section.number, "kind": p.kind.value, "language": p.language}
                    for p in some
                ],
            )


def read_collection(folder: Path, *, fingerprint: str) -> tuple[tuple[Passage, ...], Vector]:
    """Return the passages and their vectors, in the order they were written.

    Raises :class:`DamagedIndexError` when the collection is not the one with this fingerprint.
    """
    with _client(folder) as client:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        if (collection.metadata or {}).get("fingerprint") != fingerprint:
            raise DamagedIndexError("another fingerprint")
        found = collection.get(include=["embeddings", "documents", "metadatas"])
    documents, about, rows = found["documents"], found["metadatas"], found["embeddings"]
    if documents is None or about is None or rows is None:
        raise DamagedIndexError("incomplete records")
    order = sorted(range(len(found["ids"])), key=found["ids"].__getitem__)
    passages = tuple(
        Passage(
            section=SectionRef(str(about[i]["act"]), str(about[i]["number"])),
            kind=PassageKind(str(about[i]["kind"])),
            language=str(about[i]["language"]),
            text=documents[i],
        )
        for i in order
    )
    return passages, np.asarray(rows, dtype=np.float32)[order]


def file_digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that does not change when the index is opened."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(_DATABASE))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def check_files(folder: Path, digests: dict[str, str]) -> None:
    """Raise :class:`DamagedIndexError` when the files are not those of ``digests`` or the database is torn."""
    if file_digests(folder) != digests:
        raise DamagedIndexError("files differ")
    database = folder / _DATABASE
    if not database.is_file():
        raise DamagedIndexError("no database")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        verdict = connection.execute("PRAGMA quick_check").fetchone()
    if verdict != ("ok",):
        raise DamagedIndexError("torn database")


@contextmanager
def _client(folder: Path) -> Iterator[Client]:
    client = cast("Client", chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False)))
    try:
        yield client
    finally:
        client.close()
