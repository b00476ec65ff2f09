"""Offences with their ingredients as closed questions of fact, read from data files and checked at load."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afirgen.case.law import Attributes, SectionRef
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.passages import Everyday
from afirgen.legal_kb.statutes import BNS, KnowledgeBase

T = TypeVar("T")

IPC = "IPC"
_DATA = files("afirgen.legal_kb") / "data"
_LANGUAGE_CODES = {"hi_latn": "hi-Latn"}


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed question of fact.

    ``text`` is put to the language model; ``ask`` to the informant where the complaint does not say. ``hint``
    lists words that speak for "yes". ``screen`` marks the questions put to every complaint. Who answers yes has
    said yes to the questions in ``implies`` too.
    """

    text: str
    ask: str
    hint: str = ""
    screen: bool = False
    implies: tuple[str, ...] = ()


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everyday words for an offence by language; a star stands for any ending."""

    en: tuple[str, ...] = ()
    hi: tuple[str, ...] = ()
    hi_latn: tuple[str, ...] = ()
    ta: tuple[str, ...] = ()

    def by_language(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give each language code with its words."""
        for name in self.__struct_fields__:
            yield _LANGUAGE_CODES.get(name, name), getattr(self, name)


class Offence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offence under ``section`` of ``act``; ``entry`` counts its lines in the BNSS First Schedule from 1.

    All of ``all``, one of each list in ``any`` and none of ``none`` must be met. ``opened_by`` names screening
    questions that bring it up without being ingredients. ``contains`` names offences
    that it absorbs, ``excludes`` those that cannot stand beside it. ``loss`` bounds the stated loss in rupees
    (0: no upper bound). ``ipc`` are the numbers before 2024-07-01, the closest first. ``listed_only`` keeps it
    from being proposed; ``needs_words`` opens it only where one of its everyday words is in the complaint.
    ``cognizable_if`` names the question that settles a conditional cognizance. ``attributes`` stand for acts
    that the First Schedule does not list one by one.
    """

    id: str
    section: str
    name: str
    all: tuple[str, ...] = ()
    act: str = BNS
    entry: int = 1
    any: tuple[tuple[str, ...], ...] = ()
    none: tuple[str, ...] = ()
    opened_by: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    loss: tuple[int, int] | None = None
    ipc: tuple[str, ...] = ()
    listed_only: bool = False
    needs_words: bool = False
    cognizable_if: str | None = None
    attributes: Attributes | None = None
    words: Words = Words()

    @property
    def ref(self) -> SectionRef:
        """The section as it stands on the form."""
        return SectionRef(self.act, self.section)

    @property
    def question_ids(self) -> tuple[str, ...]:
        """Every question that bears on the offence, each once, the necessary ones first."""
        groups = (q for group in self.any for q in group)
        condition = (self.cognizable_if,) if self.cognizable_if else ()
        return tuple(dict.fromkeys((*self.all, *groups, *self.none, *self.opened_by, *condition)))


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    offence: tuple[dict[str, Any], ...]


class OffenceBook:
    """All offences and questions, consistent with each other and with the statutes."""

    def __init__(self, offences: Iterable[Offence], questions: Mapping[str, Question]) -> None:
        self.offences = tuple(offences)
        self.questions = dict(questions)
        self.by_id = {o.id: o for o in self.offences}
        self.screening = tuple(q for q, question in self.questions.items() if question.screen)
        self._absorbed = {o.id: self._contained(o) for o in self.offences}

    def everyday(self) -> tuple[Everyday, ...]:
        """Return the everyday words as search passages, one a language of each offence."""
        return tuple(
            Everyday(section=o.ref, language=language, text=", ".join(w.rstrip("*") for w in words))
            for o in self.offences
            for language, words in o.words.by_language()
            if words
        )

    def absorbed_by(self, offence_id: str) -> frozenset[str]:
        """Return the ids of all offences that this one absorbs, also through others."""
        return self._absorbed[offence_id]

    def _contained(self, offence: Offence) -> frozenset[str]:
        absorbed: set[str] = set()
        pending = [*offence.contains]
        while pending:
            each = pending.pop()
            if each not in absorbed and each in self.by_id:
                absorbed.add(each)
                pending += self.by_id[each].contains
        return frozenset(absorbed)


def load_offences(kb: KnowledgeBase, folder: Traversable = _DATA) -> OffenceBook:
    """Read questions.toml and offences/*.toml below ``folder``.

    Raises:
        DataFileError: A file cannot be read, has a question that nothing uses, or names an unknown question,
            offence, section or schedule entry; the sentence names the file and the line.
    """
    questions = _questions(folder / "questions.toml")
    sources: dict[str, Traversable] = {}
    offences: list[Offence] = []
    for file in sorted((folder / "offences").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for offence in _offences(file):
            if offence.id in sources:
                raise _fault(file, offence.id, "this id is used twice", nth=2 if sources[offence.id] == file else 1)
            _check(offence, file, questions, kb)
            sources[offence.id] = file
            offences.append(offence)
    _check_implied(questions, folder / "questions.toml")
    book = OffenceBook(offences, questions)
    _check_families(book, sources)
    _check_use(book, folder / "questions.toml")
    return book


def _questions(file: Traversable) -> dict[str, Question]:
    tables = _tables(file)
    return {q: _convert(table, Question, file, _line(file, f"[{q}]")) for q, table in tables.items()}


def _offences(file: Traversable) -> list[Offence]:
    tables = _convert(_tables(file), _File, file, "").offence
    return [_convert(t, Offence, file, _line(file, "[[offence]]", n)) for n, t in enumerate(tables, 1)]


def _tables(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise DataFileError(f"{file.name}: the law file cannot be read: {err}.", detail=str(err)) from err


def _convert(table: object, kind: type[T], file: Traversable, place: str) -> T:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as err:
        raise DataFileError(f"{file.name}{place}: the law file is not right: {err}.", detail=str(err)) from err


def _check(offence: Offence, file: Traversable, questions: Mapping[str, Question], kb: KnowledgeBase) -> None:
    unknown = [q for q in offence.question_ids if q not in questions]
    if unknown:
        raise _fault(file, offence.id, f"the question {unknown[0]} is not in questions.toml")
    if not offence.all and not offence.any:
        raise _fault(file, offence.id, "an offence needs at least one ingredient")
    late = [q for q in offence.opened_by if not questions[q].screen]
    if late:
        raise _fault(file, offence.id, f"{late[0]} cannot open it, because it is not a screening question")
    for ref in (offence.ref, *_known_ipc(offence, kb)):
        try:
            kb.section(ref)
        except NotFoundError as err:
            raise _fault(file, offence.id, f"{ref} is not in the loaded law") from err
    lines = len(kb.entries(offence.ref))
    if offence.act == BNS and not 1 <= offence.entry <= lines:
        raise _fault(file, offence.id, f"the schedule has {lines} entries for {offence.ref}, not {offence.entry}")


def _known_ipc(offence: Offence, kb: KnowledgeBase) -> Sequence[SectionRef]:
    return [SectionRef(IPC, number) for number in offence.ipc] if IPC in kb.acts else []


def _check_families(book: OffenceBook, sources: Mapping[str, Traversable]) -> None:
    for offence in book.offences:
        unknown = [r for r in (*offence.contains, *offence.excludes) if r not in book.by_id]
        if unknown:
            raise _fault(sources[offence.id], offence.id, f"{unknown[0]} is not an offence here")
        if offence.id in book.absorbed_by(offence.id):
            raise _fault(sources[offence.id], offence.id, "it contains itself, through others")


def _check_implied(questions: Mapping[str, Question], file: Traversable) -> None:
    for question_id, question in questions.items():
        pending, seen = [*question.implies], set[str]()
        while pending:
            each = pending.pop()
            if each not in questions or each == question_id:
                fault = "implies itself" if each == question_id else f"implies {each}, which is not a question"
                place = _line(file, f"[{question_id}]")
                raise DataFileError(f"{file.name}{place}: the question {question_id} {fault}.")
            if each not in seen:
                seen.add(each)
                pending += questions[each].implies


def _check_use(book: OffenceBook, file: Traversable) -> None:
    used = Counter(q for o in book.offences for q in o.question_ids)
    idle = [q for q in book.questions if not used[q]]
    if idle:
        place = _line(file, f"[{idle[0]}]")
        raise DataFileError(f"{file.name}{place}: no offence uses the question {idle[0]}.")


def _fault(file: Traversable, offence_id: str, what: str, *, nth: int = 1) -> DataFileError:
    wanted = f'id = "{offence_id}"'
    return DataFileError(f"{file.name}{_line(file, wanted, nth)}: offence {offence_id}: {what}.")


def _line(file: Traversable, wanted: str, nth: int = 1) -> str:
    """Say on which line ``wanted`` stands for the ``nth`` time, where it does."""
    lines = file.read_text(encoding="utf-8").splitlines()
    numbers = [n for n, text in enumerate(lines, 1) if text.strip() == wanted]
    return f", line {numbers[nth - 1]}" if len(numbers) >= nth else ""
