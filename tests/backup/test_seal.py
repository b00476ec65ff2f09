"""The encrypted stream: what goes in comes out, and nothing else is taken for it."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afirgen.backup.seal import _MAGIC, _PIECE, _PREFIX, _SALT, _TAG, Opener, Sealer
from afirgen.errors import DamagedFileError

KEY = "a key of the station"
HEAD = len(_MAGIC) + _SALT + _PREFIX


def sealed(data: bytes, key: str = KEY, step: int = 300_000) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, key)
    for start in range(0, len(data), step):
        sealer.write(data[start : start + step])
    sealer.close()
    return out.getvalue()


def opened(stream: bytes, key: str = KEY) -> bytes:
    return Opener(io.BytesIO(stream), key).read()


@pytest.mark.parametrize("size", [0, 1, _PIECE - 1, _PIECE, _PIECE + 1, 2 * _PIECE, 3 * _PIECE + 7])
def test_what_goes_in_comes_out(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    stream = sealed(data)
    assert opened(stream) == data
    assert data[:64] not in stream or size < 4


def test_it_can_be_read_in_small_bites() -> None:
    data = bytes(range(256)) * 5000
    source = Opener(io.BytesIO(sealed(data)), KEY)
    got = b""
    while bite := source.read(10_007):
        got += bite
    assert got == data


def test_another_key_opens_nothing() -> None:
    with pytest.raises(DamagedFileError, match="does not open with this key"):
        opened(sealed(b"secret"), key="another")


def test_the_same_content_never_looks_the_same() -> None:
    assert sealed(b"secret") != sealed(b"secret")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2 * _PIECE + 2 * _TAG), st.integers(1, 255))
def test_no_changed_byte_goes_unseen(place: int, change: int) -> None:
    stream = bytearray(STREAM)
    stream[HEAD + place % (len(stream) - HEAD)] ^= change
    with pytest.raises(DamagedFileError):
        opened(bytes(stream))


@pytest.mark.parametrize("cut", [HEAD - 1, HEAD, HEAD + 5, HEAD + _PIECE + _TAG, -1])
def test_a_file_cut_off_is_refused_also_between_two_pieces(cut: int) -> None:
    with pytest.raises(DamagedFileError):
        opened(STREAM[:cut])


def test_pieces_cannot_change_places() -> None:
    piece = _PIECE + _TAG
    first, second = STREAM[HEAD : HEAD + piece], STREAM[HEAD + piece : HEAD + 2 * piece]
    with pytest.raises(DamagedFileError):
        opened(STREAM[:HEAD] + second + first + STREAM[HEAD + 2 * piece :])


def test_what_is_no_backup_is_said_to_be_none() -> None:
    with pytest.raises(DamagedFileError, match="not a backup"):
        opened(b"%PDF-1.7 " * 10)


STREAM = sealed(bytes(n % 249 for n in range(2 * _PIECE + 1000)))
