"""Offences with their ingredients as closed questions of fact, read from data files and checked at load."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec
from msgspec import Struct

from afirgen.case.languages import script_counts
from afirgen.case.law import SectionRef
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.passages import Everyday
from afirgen.legal_kb.statutes import BNS, KnowledgeBase

T = TypeVar("T")

_DATA = files("afirgen.legal_kb") / "data"
_SCRIPT_LANGUAGES = {"Deva": "hi", "Taml": "ta"}


class Question(Struct, frozen=True):
    """A closed question of fact; ``ask`` is put to the informant where the complaint does not say."""

    text: str
    ask: str


class Offence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offence under ``section`` of ``act``.

    All of ``all`` must be met and none of ``none``; ``replaces`` names offences that it absorbs. ``loss`` bounds
    the stated loss in rupees (0: no upper bound). ``ipc`` are the numbers before 2024-07-01. ``words`` are
    everyday words in any script; a star stands for any ending. ``listed_only`` keeps it from being proposed.
    """

    id: str
    section: str
    name: str
    all: tuple[str, ...]
    words: tuple[str, ...]
    act: str = BNS
    none: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    loss: tuple[int, int] | None = None
    ipc: tuple[str, ...] = ()
    listed_only: bool = False

    @property
    def ref(self) -> SectionRef:
        """The section as it stands on the form."""
        return SectionRef(self.act, self.section)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    offence: tuple[Offence, ...]


class OffenceBook:
    """All offences and questions, consistent with each other and with the statutes."""

    def __init__(self, offences: Iterable[Offence], questions: Mapping[str, Question]) -> None:
        self.offences = tuple(offences)
        self.questions = dict(questions)
        self.by_id = {o.id: o for o in self.offences}

    def everyday(self) -> tuple[Everyday, ...]:
        """Return the everyday words as search passages, one a language of each offence."""
        found = []
        for offence in self.offences:
            groups: dict[str, list[str]] = {}
            for word in offence.words:
                script = script_counts(word).most_common(1)
                language = _SCRIPT_LANGUAGES.get(script[0][0], "en") if script else "en"
                groups.setdefault(language, []).append(word.rstrip("*"))
            found += [
                Everyday(section=offence.ref, language=language, text=", ".join(words))
                for language, words in groups.items()
            ]
        return tuple(found)

    def absorbed_by(self, offence_id: str) -> frozenset[str]:
        """Return the ids of all offences that this one absorbs, also through others."""
        absorbed: set[str] = set()
        pending = list(self.by_id[offence_id].replaces)
        while pending:
            each = pending.pop()
            if each not in absorbed:
                absorbed.add(each)
                pending += self.by_id[each].replaces
        return frozenset(absorbed)


def load_offences(kb: KnowledgeBase, folder: Traversable = _DATA) -> OffenceBook:
    """Read questions.toml and offences/*.toml below ``folder``.

    Raises:
        DataFileError: A file cannot be read, or names an unknown question, offence or section; says where.
    """
    questions = _decode(folder / "questions.toml", dict[str, Question])
    offences: list[Offence] = []
    for file in sorted((folder / "offences").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for offence in _decode(file, _File).offence:
            if any(o.id == offence.id for o in offences):
                raise _fault(file, offence.id, "this id is used twice")
            _check(offence, file, questions, kb)
            offences.append(offence)
    book = OffenceBook(offences, questions)
    _check_families(book, folder)
    return book


def _decode(file: Traversable, kind: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), kind)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as err:
        raise DataFileError(f"The law file {file.name} is not right: {err}.", detail=str(err)) from err


def _check(offence: Offence, file: Traversable, questions: Mapping[str, Question], kb: KnowledgeBase) -> None:
    unknown = [q for q in (*offence.all, *offence.none) if q not in questions]
    if unknown:
        raise _fault(file, offence.id, f"the question {unknown[0]} is not in questions.toml")
    if not offence.all:
        raise _fault(file, offence.id, "an offence needs at least one ingredient")
    try:
        kb.section(offence.ref)
    except NotFoundError as err:
        raise _fault(file, offence.id, f"{offence.ref} is not in the loaded law") from err


def _check_families(book: OffenceBook, folder: Traversable) -> None:
    for offence in book.offences:
        file = folder / "offences"
        unknown = [r for r in offence.replaces if r not in book.by_id]
        if unknown:
            raise _fault(file, offence.id, f"it replaces {unknown[0]}, which is not an offence here")
        if offence.id in book.absorbed_by(offence.id):
            raise _fault(file, offence.id, "it replaces itself through others")


def _fault(file: Traversable, offence_id: str, what: str) -> DataFileError:
    line = 0
    if file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
        line = next((n for n, text in enumerate(lines, 1) if text.strip() == f'id = "{offence_id}"'), 0)
    place = f"{file.name}, line {line}" if line else file.name
    return DataFileError(f"{place}: offence {offence_id}: {what}.")
