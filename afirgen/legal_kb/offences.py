"""Offences with their ingredients as closed questions of fact, read from data files and checked at load."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from afirgen.legal_kb.ingredients import Offence, Question, Words
from afirgen.legal_kb.law_checks import find_faults, reached
from afirgen.legal_kb.law_files import LawFile, read_folder
from afirgen.legal_kb.passages import Everyday
from afirgen.legal_kb.statutes import KnowledgeBase

__all__ = ["SHIPPED_DATA", "Offence", "OffenceBook", "Question", "Words", "book_of", "load_offences", "shipped_files"]

SHIPPED_DATA = files("afirgen.legal_kb") / "data"


class OffenceBook:
    """All offences and questions, consistent with each other and with the statutes."""

    def __init__(self, offences: Iterable[Offence], questions: Mapping[str, Question]) -> None:
        self.offences = tuple(offences)
        self.questions = dict(questions)
        self.by_id = {o.id: o for o in self.offences}
        self.screening = tuple(q for q, question in self.questions.items() if question.screen)
        self._absorbed = {o.id: reached(o.id, self._contained) for o in self.offences}

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

    def _contained(self, offence_id: str) -> tuple[str, ...]:
        return self.by_id[offence_id].contains if offence_id in self.by_id else ()


def load_offences(kb: KnowledgeBase, folder: Traversable = SHIPPED_DATA) -> OffenceBook:
    """Read questions.toml and offences/*.toml below ``folder``.

    Raises:
        DataFileError: A file cannot be read, has a question that nothing uses, or names an unknown question,
            offence, section or schedule entry; the sentence names the file and the line.
    """
    law = shipped_files(folder)
    fault = next(find_faults(law, kb), None)
    if fault:
        raise fault
    return book_of(law)


def shipped_files(folder: Traversable = SHIPPED_DATA) -> tuple[LawFile, ...]:
    """Read the files of :func:`load_offences`. Raises :class:`DataFileError` when one is not well formed."""
    law, faults = read_folder(folder)
    if faults:
        raise faults[0]
    return tuple(law)


def book_of(law: Sequence[LawFile]) -> OffenceBook:
    """Put checked files together."""
    questions = {q: question for file in law for q, question in file.questions.items()}
    return OffenceBook([o for file in law for o in file.offences], questions)
