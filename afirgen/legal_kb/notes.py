"""Notes for the officer beside the sections: civil remedies, and places kept for acts that a station adds."""

from collections.abc import Collection, Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from msgspec import Struct

from afirgen.case.law import SectionRef
from afirgen.legal_kb.everyday import words_of
from afirgen.legal_kb.ingredients import Words
from afirgen.legal_kb.law_files import converted, line_of, read_tables

_FILE = files("afirgen.legal_kb") / "data" / "notes.toml"


class Note(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``say`` is shown where one of ``words`` is in the complaint or a section of ``beside`` is proposed.

    ``slot`` names a place that a state act can fill; once one fills it, the note is not shown.
    """

    id: str
    say: str
    words: Words = Words()
    beside: tuple[str, ...] = ()
    slot: str | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    note: tuple[dict[str, Any], ...]


def load_notes(file: Traversable = _FILE, *, filled: Collection[str] = ()) -> tuple[Note, ...]:
    """Read the notes, without those whose slot is ``filled``.

    Raises :class:`DataFileError` naming the file and the line that is wrong.
    """
    tables = converted(read_tables(file), _File, file, "").note
    notes = [converted(table, Note, file, line_of(file, "[[note]]", n)) for n, table in enumerate(tables, 1)]
    return tuple(n for n in notes if n.slot is None or n.slot not in filled)


def notes_for(text: str, proposed: Iterable[SectionRef], notes: Iterable[Note]) -> tuple[str, ...]:
    """Return what ``text`` and the ``proposed`` sections call for."""
    sections = {str(ref) for ref in proposed}
    return tuple(n.say for n in notes if sections & {*n.beside} or words_of(text, n.words))
