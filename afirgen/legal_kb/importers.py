"""Reads the knowledge-base files of earlier installations into the imported store.

Each line tells its own form by its keys, so a file may mix them. A bad line is reported and skipped; the good
lines are kept; what the store already holds stays as it is.
"""

import hashlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from afirgen.case.law import Attributes, Cognizance
from afirgen.errors import InvalidInputError, StorageError
from afirgen.legal_kb.statutes import BNS, ImportedSection, read_imported

MAX_LINE_BYTES = 1_000_000
_SPECIAL_ACT = "Special act"
_NUMBER = re.compile(r"(?:(?:section|sec|s)[\s._-]*)?(\d{1,4}\s?[A-Z]{0,3}(?:\s?\([0-9A-Za-z]{1,5}\))*)", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONDITIONS = re.compile(r"\b(?:if|according|unless|except|subject)\b", re.IGNORECASE)


class BadLine(Struct, frozen=True):
    """A line that could not be read; ``reason`` is a public sentence."""

    file: str
    line: int
    reason: str


class ImportReport(Struct, frozen=True, kw_only=True):
    """What became of a file's lines: new ones ``added``, ``known`` ones that were there already, and bad ones."""

    file: str
    added: int
    known: int
    bad: tuple[BadLine, ...] = ()


class _LineError(Exception):
    """Why a line cannot be used, as a public sentence."""


class _Entry(Struct, frozen=True, kw_only=True):
    form: str
    number: str
    title: str
    statement: str
    act: str | None = None
    category: str = ""
    attributes: Attributes | None = None


def import_file(path: Path, store: Path, *, act: str | None = None) -> ImportReport:
    """Add the sections of a JSONL file to the folder ``store``; ``act`` overrides the act that a line names.

    Raises :class:`InvalidInputError` when the file cannot be opened, :class:`StorageError` when the store cannot
    be written; the store is then as it was.
    """
    known = {record.identity for record in read_imported(store)}
    digest = _sha256(path)
    fresh: list[ImportedSection] = []
    bad: list[BadLine] = []
    repeated = 0
    for number, raw in _lines(path):
        try:
            entry = _read(raw)
        except _LineError as err:
            bad.append(BadLine(path.name, number, str(err)))
            continue
        record = ImportedSection(
            act=act or entry.act or BNS,
            number=entry.number,
            title=entry.title,
            statement=entry.statement,
            file=path.name,
            line=number,
            sha256=digest,
            form=entry.form,
            category=entry.category,
            attributes=entry.attributes,
        )
        if record.identity in known:
            repeated += 1
            continue
        known.add(record.identity)
        fresh.append(record)
    if fresh:
        _write(store, path, digest, fresh)
    return ImportReport(file=path.name, added=len(fresh), known=repeated, bad=tuple(bad))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise InvalidInputError(
            f"The file {path.name} cannot be opened. Check its name and that you may read it.", detail=str(err)
        ) from err


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Give the lines with their numbers, blank ones left out; None stands for one over the limit."""
    with path.open("rb") as file:
        number = 0
        while piece := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            too_long = len(piece) > MAX_LINE_BYTES
            while too_long and piece and not piece.endswith(b"\n"):
                piece = file.readline(MAX_LINE_BYTES)
            # Files put together from others carry a byte order mark in the middle too.
            line = piece.removeprefix(b"\xef\xbb\xbf").strip()
            if line or too_long:
                yield number, None if too_long else line


def _read(raw: bytes | None) -> _Entry:
    if raw is None:
        raise _LineError(f"The line is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        # Old files hold NaN for empty cells, which only this decoder takes.
        row = json.loads(raw.decode("utf-8"), parse_constant=lambda _: None)
    except UnicodeDecodeError as err:
        raise _LineError("The line is not UTF-8 text.") from err
    except (ValueError, RecursionError) as err:
        raise _LineError("The line is not valid JSON.") from err
    if not isinstance(row, dict):
        raise _LineError("The line is not a JSON object.")
    return _form_of(row)(row)


def _form_of(row: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], _Entry]:
    if "documents" in row or "metadatas" in row:
        return _chroma
    if "Number" in row:
        return _special
    if "Section" in row:
        return _in_depth if "Offence" in row else _basic
    if "section" in row:
        return _oldest
    raise _LineError("The line has none of the keys Section, Number, section or metadatas.")


def _basic(row: Mapping[str, Any]) -> _Entry:
    return _Entry(
        form="basic",
        number=_number(row, "Section"),
        title=_text(row, "Title"),
        statement=_text(row, "Legal Definition"),
    )


def _in_depth(row: Mapping[str, Any]) -> _Entry:
    offence, punishment = _text(row, "Offence"), _text(row, "Punishment")
    cognizable, bailable = _text(row, "Cognizable?", ""), _text(row, "Bailable?", "")
    conditions = [text for text in (cognizable, bailable) if _CONDITIONS.search(text)]
    attributes = Attributes(
        offence=offence,
        punishment=punishment,
        cognizable=_cognizance(cognizable),
        bailable=_cognizance(bailable),
        court=_text(row, "Triable By", ""),
        condition="; ".join(conditions) or None,
    )
    return _Entry(
        form="in depth",
        number=_number(row, "Section"),
        title=offence,
        statement=f"{offence}: {punishment}",
        attributes=attributes,
    )


def _special(row: Mapping[str, Any]) -> _Entry:
    category = _text(row, "Category", "")
    return _Entry(
        form="special acts",
        number=_number(row, "Number"),
        title=_text(row, "Title"),
        statement=_text(row, "Legal Definition"),
        act=category or _SPECIAL_ACT,
        category=category,
    )


def _oldest(row: Mapping[str, Any]) -> _Entry:
    return _Entry(
        form="oldest", number=_number(row, "section"), title=_text(row, "title", ""), statement=_text(row, "text")
    )


def _chroma(row: Mapping[str, Any]) -> _Entry:
    """Read an exported Chroma record: its document is the text, its metadata the rest of one of the other forms."""
    about = row.get("metadatas")
    if not isinstance(about, dict):
        raise _LineError("The key metadatas must hold an object.")
    document = _text(row, "documents")
    if "Offence" in about:
        entry = _in_depth(about)
        return msgspec.structs.replace(entry, form="Chroma in depth", statement=document)
    full = {"Title": "", "Legal Definition": document} | dict(about)
    if "Number" in about:
        return msgspec.structs.replace(_special(full), form="Chroma special acts")
    if "Section" not in about:
        raise _LineError("The metadata has neither the key Section nor the key Number.")
    return msgspec.structs.replace(_basic(full), form="Chroma basic")


def _text(row: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = row.get(key, default)
    if value is None and default is not None:
        return default
    if value is None:
        raise _LineError(f"The key {key} is missing.")
    if not isinstance(value, str):
        raise _LineError(f"The key {key} must hold text.")
    if _SURROGATE.search(value):
        raise _LineError(f"The key {key} holds broken characters.")
    clean = " ".join(unicodedata.normalize("NFC", value).split())
    if clean.casefold() == "nan":
        clean = ""
    if not clean and default is None and key != "Title":
        raise _LineError(f"The key {key} is empty.")
    return clean


def _number(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _LineError(f"The key {key} must hold a section number.")
    match = _NUMBER.fullmatch(str(value).strip())
    if match is None:
        raise _LineError(f"The key {key} does not hold a section number.")
    base, *steps = re.split(r"(?=\()", "".join(match[1].split()))
    return base.upper() + "".join(steps)


def _cognizance(words: str) -> Cognizance:
    """Read a yes/no of any wording; what is neither is for the officer."""
    plain = words.casefold().strip(" .")
    if _CONDITIONS.search(plain):
        return Cognizance.OFFICER_DECIDES
    if plain in {"no", "false", "n"} or plain.startswith("non"):
        return Cognizance.NO
    if plain in {"yes", "true", "y", "cognizable", "cognisable", "bailable"}:
        return Cognizance.YES
    return Cognizance.OFFICER_DECIDES


def _write(store: Path, source: Path, digest: str, records: list[ImportedSection]) -> None:
    """Write the records as a new file of the store, whole or not at all."""
    stem = re.sub(r"[^\w.-]+", "_", source.stem)[:60] or "file"
    body = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    try:
        store.mkdir(parents=True, exist_ok=True)
        # A file imported again after some of its records were removed must not overwrite the rest.
        target = store / f"{stem}-{digest[:12]}-{hashlib.sha256(body).hexdigest()[:8]}.jsonl"
        with tempfile.NamedTemporaryFile(dir=store, suffix=".part", delete=False) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(target)
    except OSError as err:
        raise StorageError(
            "The imported law could not be saved. Free some disk space and try again.", detail=str(err)
        ) from err
