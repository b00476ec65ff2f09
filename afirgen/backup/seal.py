"""An encrypted stream: AES-256-GCM in pieces of one MiB, each bound to its place and the last one marked.

Taking a piece away, changing it, moving it or cutting the file off is noticed (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizar, 2015). The key is made of the installation's backup key by scrypt, so that a short
one is not guessed quickly.
"""

import os
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from afirgen.errors import DamagedFileError

_MAGIC = b"AFIRGEN BACKUP 1\n"
_SALT, _PREFIX, _TAG = 16, 7, 16
_PIECE = 1 << 20
_MORE, _LAST = b"\x00", b"\x01"


class Sealer:
    """A file to write to; what is written goes encrypted into ``out``. Closing it ends the stream."""

    def __init__(self, out: BinaryIO, key: str) -> None:
        salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._out = out
        self._cipher = _cipher(key, salt)
        self._prefix = prefix
        self._number = 0
        self._waiting = bytearray()
        out.write(_MAGIC + salt + prefix)

    def write(self, data: bytes) -> int:
        """Encrypt and write ``data``."""
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._write_piece(bytes(self._waiting[:_PIECE]), _MORE)
            del self._waiting[:_PIECE]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a piece is written when it is full, or the last one when the stream ends."""

    def close(self) -> None:
        """Write the last piece; without it the file counts as cut off."""
        self._write_piece(bytes(self._waiting), _LAST)
        self._waiting.clear()

    def _write_piece(self, piece: bytes, end: bytes) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._prefix, self._number, end), piece, None))
        self._number += 1


class Opener:
    """A file to read from: gives back what a :class:`Sealer` was given.

    Raises:
        DamagedFileError: The key is another one, or the file is not whole.
    """

    def __init__(self, source: BinaryIO, key: str) -> None:
        head = source.read(len(_MAGIC) + _SALT + _PREFIX)
        if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _SALT + _PREFIX:
            raise DamagedFileError("This is not a backup of this program, or it is cut off. Take another file.")
        self._source = source
        self._cipher = _cipher(key, head[len(_MAGIC) : -_PREFIX])
        self._prefix = head[-_PREFIX:]
        self._number = 0
        self._ready = bytearray()
        self._ahead = source.read(_PIECE + _TAG)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that is left when negative."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._read_piece()
        taken = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(taken)]
        return taken

    def _read_piece(self) -> None:
        sealed, self._ahead = self._ahead, self._source.read(_PIECE + _TAG)
        end = _MORE if self._ahead else _LAST
        try:
            self._ready += self._cipher.decrypt(_nonce(self._prefix, self._number, end), sealed, None)
        except InvalidTag as err:
            if self._number == 0:
                sentence = (
                    "The backup does not open with this key, or its beginning is damaged. Check AFIRGEN_BACKUP_KEY."
                )
            else:
                sentence = "The backup is damaged or cut off. Take another file."
            raise DamagedFileError(sentence, detail=f"piece {self._number}") from err
        self._number += 1
        self._ended = end == _LAST


def _cipher(key: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(key.encode()))


def _nonce(prefix: bytes, number: int, end: bytes) -> bytes:
    return prefix + struct.pack(">I", number) + end
