"""The vector of every passage: those of the shipped law come with the program, others are kept beside the index."""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from afirgen.errors import DataFileError

Vector = NDArray[np.float32]

SHIPPED_FILE = "vectors.npz"
_SHIPPED = files("afirgen.legal_kb") / "data" / SHIPPED_FILE

_MAGIC = b"AFVEC001"
_HEADER = struct.Struct("<8s32sI")
_KEY_BYTES = 16


class VectorCache:
    """Vectors by text, in one append-only file; a torn or foreign record is left out when it is read.

    The file belongs to one embedder: with another ``embedder_id`` it starts anew.
    """

    def __init__(self, path: Path, *, embedder_id: str, dimensions: int) -> None:
        self._path = path
        self._header = _HEADER.pack(_MAGIC, hashlib.sha256(embedder_id.encode()).digest(), dimensions)
        self._vector_bytes = dimensions * 4
        self._rows: dict[bytes, Vector] = {}
        self._records_end = self._read()

    def get(self, text: str) -> Vector | None:
        """Return the vector of ``text``, None when it was never added."""
        return self._rows.get(_key(text))

    def add(self, vectors: Mapping[str, Vector]) -> None:
        """Keep these vectors, on disk before this returns."""
        body = b"".join(self._record(_key(text), row) for text, row in vectors.items())
        with self._path.open("r+b" if self._records_end else "w+b") as file:
            if not self._records_end:
                file.write(self._header)
                self._records_end = len(self._header)
            file.seek(self._records_end)
            file.truncate()
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        self._records_end += len(body)
        self._rows.update((_key(text), row) for text, row in vectors.items())

    def keep_only(self, texts: Iterable[str]) -> None:
        """Forget the vectors of all other texts."""
        wanted = {_key(text) for text in texts}
        if self._rows.keys() <= wanted:
            return
        kept = {key: row for key, row in self._rows.items() if key in wanted}
        part = self._path.with_suffix(".part")
        part.write_bytes(self._header + b"".join(self._record(key, row) for key, row in kept.items()))
        part.replace(self._path)
        self._rows = kept
        self._records_end = self._path.stat().st_size

    def _record(self, key: bytes, row: Vector) -> bytes:
        body = key + np.asarray(row, dtype="<f4").tobytes()
        return body + struct.pack("<I", zlib.crc32(body))

    def _read(self) -> int:
        """Read the sound records and return where the last of them ends, 0 when there is no usable file."""
        data = self._path.read_bytes() if self._path.is_file() else b""
        if not data.startswith(self._header):
            return 0
        position, size = len(self._header), _KEY_BYTES + self._vector_bytes
        while position + size + 4 <= len(data):
            body = data[position : position + size]
            if zlib.crc32(body) != struct.unpack_from("<I", data, position + size)[0]:
                break
            self._rows[body[:_KEY_BYTES]] = np.frombuffer(body, dtype="<f4", offset=_KEY_BYTES)
            position += size + 4
        return position


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:_KEY_BYTES]


def shipped_vectors(texts: Iterable[str], embedder_id: str) -> dict[str, Vector]:
    """Return the unit vectors, rounded to half precision, of those texts for which the program brings them along.

    They spare the first start the minutes that embedding all of the law takes. Another embedder has none.

    Raises:
        DataFileError: The file with them is damaged.
    """
    try:
        with _SHIPPED.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if str(stored["embedder"]) != embedder_id:
                return {}
            keys, rows = stored["keys"], stored["rows"]
    except (OSError, KeyError, ValueError, BadZipFile) as err:
        raise DataFileError(
            f"The file {SHIPPED_FILE} is damaged. Install AFIRGen again with `make run`.", detail=str(err)
        ) from err
    place = {key.tobytes(): n for n, key in enumerate(keys)}
    return {text: rows[n].astype(np.float32) for text in texts if (n := place.get(_key(text))) is not None}


def write_shipped(path: Path, vectors: Mapping[str, Vector], embedder_id: str) -> None:
    """Write the file that :func:`shipped_vectors` reads, in the order of the texts' hashes."""
    ordered = sorted(((_key(text), row) for text, row in vectors.items()), key=lambda each: each[0])
    keys = np.frombuffer(b"".join(key for key, _ in ordered), dtype=np.uint8).reshape(-1, _KEY_BYTES)
    rows = np.array([row for _, row in ordered], dtype=np.float16)
    with path.open("wb") as file:
        np.savez(file, embedder=np.array(embedder_id), keys=keys, rows=rows)
