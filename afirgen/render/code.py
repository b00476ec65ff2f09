"""The short code that each page carries: which document it is, in which language, and the hash of its record."""

import io
import re

import msgspec
import segno
from msgspec import Struct

from afirgen.case.audit import hash_of
from afirgen.case.fir import FirDocument

HASH_DIGITS = 20
"""Digits of the record's hash in a code: enough that no two records of a station share them."""

_CODE = re.compile(rf"\b([a-z0-9_]+)\.([A-Za-z]+(?:-[A-Za-z]+)?)\.([dr])\.([0-9a-f]{{{HASH_DIGITS}}})\b")


class PrintCode(Struct, frozen=True):
    """What a code says; ``record`` is the start of the record's hash in hexadecimal."""

    kind: str
    language: str
    registered: bool
    record: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.language}.{'r' if self.registered else 'd'}.{self.record}"


def record_hash(document: FirDocument) -> str:
    """Return the SHA-256 of what a document holds, in hexadecimal.

    An empty value counts no more than one that is not there, so that a field added later leaves the hashes of older
    records as they are.
    """
    return hash_of(_filled(msgspec.to_builtins(document)))


def codes_in(text: str) -> tuple[PrintCode, ...]:
    """Return the codes that a text carries, in order, each as often as it stands there."""
    return tuple(PrintCode(m[1], m[2], m[3] == "r", m[4]) for m in _CODE.finditer(text))


def qr_svg(code: str) -> str:
    """Return the code as a QR picture in SVG."""
    out = io.BytesIO()
    segno.make(code, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, svgns=True, nl=False)
    return out.getvalue().decode()


def qr_png(code: str) -> bytes:
    """Return the code as a QR picture in PNG."""
    out = io.BytesIO()
    segno.make(code, error="m", micro=False).save(out, kind="png", border=0, scale=4)
    return out.getvalue()


def _filled(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _filled(below) for key, below in value.items()}
        return {key: below for key, below in kept.items() if below not in (None, "", [], {}, False)}
    if isinstance(value, list):
        return [_filled(below) for below in value]
    return value
