"""Reading files of questions and offences; every fault is kept with its file and line."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afirgen.errors import DataFileError
from afirgen.legal_kb.ingredients import Offence, Question

T = TypeVar("T")


class LawFile(Struct, frozen=True, kw_only=True):
    """What one file holds of questions and offences."""

    file: Traversable
    questions: Mapping[str, Question] = {}
    offences: tuple[Offence, ...] = ()


class _Offences(Struct, frozen=True, forbid_unknown_fields=True):
    offence: tuple[dict[str, Any], ...]


def read_folder(folder: Traversable) -> tuple[list[LawFile], list[DataFileError]]:
    """Read questions.toml and offences/*.toml below ``folder``; return the files that can be read, and all faults."""
    files: list[LawFile] = []
    faults: list[DataFileError] = []
    named = sorted((folder / "offences").iterdir(), key=lambda f: f.name)
    for file in (folder / "questions.toml", *(f for f in named if f.name.endswith(".toml"))):
        try:
            tables = read_tables(file)
            if file.name == "questions.toml":
                files.append(LawFile(file=file, questions=questions_in(tables, file, faults)))
            else:
                listed = converted(tables, _Offences, file, "").offence
                files.append(LawFile(file=file, offences=offences_in(listed, file, faults)))
        except DataFileError as fault:
            faults.append(fault)
    return files, faults


def read_tables(file: Traversable) -> dict[str, Any]:
    """Parse a TOML file. Raises :class:`DataFileError` with the line."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise DataFileError(f"{file.name}: the law file cannot be read: {err}.", detail=str(err)) from err


def questions_in(tables: Mapping[str, object], file: Traversable, faults: list[DataFileError]) -> dict[str, Question]:
    """Return the questions that are well formed; the others go to ``faults``."""
    found = {}
    for question_id, table in tables.items():
        try:
            found[question_id] = converted(table, Question, file, question_line(file, question_id))
        except DataFileError as fault:
            faults.append(fault)
    return found


def offences_in(
    tables: Iterable[Mapping[str, object]], file: Traversable, faults: list[DataFileError]
) -> tuple[Offence, ...]:
    """Return the offences that are well formed; the others go to ``faults``."""
    found = []
    for number, table in enumerate(tables, 1):
        try:
            found.append(converted(table, Offence, file, line_of(file, "[[offence]]", number)))
        except DataFileError as fault:
            faults.append(fault)
    return tuple(found)


def converted(table: object, kind: type[T], file: Traversable, place: str) -> T:
    """Give ``table`` the form of ``kind``. Raises :class:`DataFileError` naming ``place``."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as err:
        raise DataFileError(f"{file.name}{place}: the law file is not right: {err}.", detail=str(err)) from err


def offence_fault(file: Traversable, offence_id: str, what: str, *, nth: int = 1) -> DataFileError:
    """Return a fault of the offence that stands in ``file`` with this id for the ``nth`` time."""
    place = line_of(file, f'id = "{offence_id}"', nth)
    return DataFileError(f"{file.name}{place}: offence {offence_id}: {what}.")


def question_fault(file: Traversable, question_id: str, what: str) -> DataFileError:
    """Return a fault of a question in ``file``; ``what`` is a whole clause."""
    return DataFileError(f"{file.name}{question_line(file, question_id)}: {what}.")


def question_line(file: Traversable, question_id: str) -> str:
    """Say on which line a question begins; an act's file holds its questions below ``question``."""
    return line_of(file, f"[{question_id}]") or line_of(file, f"[question.{question_id}]")


def line_of(file: Traversable, wanted: str, nth: int = 1) -> str:
    """Say on which line ``wanted`` stands for the ``nth`` time, where it does."""
    lines = file.read_text(encoding="utf-8").splitlines()
    numbers = [n for n, text in enumerate(lines, 1) if text.strip() == wanted]
    return f", line {numbers[nth - 1]}" if len(numbers) >= nth else ""
