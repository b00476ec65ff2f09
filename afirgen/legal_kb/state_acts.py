"""Acts that a station adds as files of its own; a file that is not right is left out, and the rest stays in use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from afirgen.case.law import SectionRef
from afirgen.errors import DataFileError
from afirgen.legal_kb.law_checks import find_faults
from afirgen.legal_kb.law_files import (
    LawFile,
    converted,
    line_of,
    offence_fault,
    offences_in,
    question_fault,
    questions_in,
    read_tables,
)
from afirgen.legal_kb.notes import Note, load_notes
from afirgen.legal_kb.offences import OffenceBook, book_of, shipped_files
from afirgen.legal_kb.statutes import KnowledgeBase, StatuteSection, load_knowledge_base
from afirgen.legal_kb.tellings import Telling, load_tellings

_IMPORTED, _STATE = "imported", "state"


class LoadedLaw(Struct, frozen=True, kw_only=True):
    """The shipped law with what the station has added; ``faults`` are of the added files that were left out."""

    kb: KnowledgeBase
    book: OffenceBook
    notes: tuple[Note, ...]
    tellings: tuple[Telling, ...]
    faults: tuple[DataFileError, ...] = ()


class _Act(Struct, frozen=True, kw_only=True):
    law: LawFile
    sections: tuple[StatuteSection, ...]
    fills: tuple[str, ...]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    act: str
    section: tuple[dict[str, Any], ...]
    fills: tuple[str, ...] = ()
    question: dict[str, dict[str, Any]] = {}
    offence: tuple[dict[str, Any], ...] = ()


class _Section(Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    title: str
    statement: str


def load_law(folder: Path) -> LoadedLaw:
    """Load the shipped law with the imported sections and the state acts below ``folder``.

    Raises :class:`DataFileError` when the shipped law or the imported store is not right.
    """
    acts, faults = _accepted(sorted((folder / _STATE).glob("*.toml")))
    kb = load_knowledge_base(folder / _IMPORTED, [s for act in acts for s in act.sections])
    law = [*shipped_files(), *(act.law for act in acts)]
    if fault := next(find_faults(law, kb), None):
        raise fault
    notes = load_notes(filled={slot for act in acts for slot in act.fills})
    return LoadedLaw(kb=kb, book=book_of(law), notes=notes, tellings=load_tellings(kb), faults=tuple(faults))


def add_act(file: Path, folder: Path) -> tuple[int, int]:
    """Check ``file`` beside the acts below ``folder`` and keep it there; a former file of its name is replaced.

    Returns the numbers of its sections and offences. Raises :class:`DataFileError`, and keeps the former file,
    when it is not right.
    """
    others = [p for p in sorted((folder / _STATE).glob("*.toml")) if p.name != file.name]
    act = _checked(file, _accepted(others)[0])
    target = folder / _STATE / file.with_suffix(".toml").name
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".new")
    unfinished.write_bytes(file.read_bytes())
    unfinished.replace(target)
    return len(act.sections), len(act.law.offences)


def _accepted(paths: Sequence[Path]) -> tuple[list[_Act], list[DataFileError]]:
    acts: list[_Act] = []
    faults: list[DataFileError] = []
    for path in paths:
        try:
            acts.append(_checked(path, acts))
        except DataFileError as fault:
            faults.append(fault)
    return acts, faults


def _checked(path: Path, others: Sequence[_Act]) -> _Act:
    """Read an act and check it with the shipped law and the ``others``; the first fault is raised."""
    faults: list[DataFileError] = []
    act = _read(path, faults)
    kb = load_knowledge_base(added=[s for each in (*others, act) for s in each.sections])
    faults += find_faults([*shipped_files(), *(each.law for each in others), act.law], kb)
    if faults:
        raise faults[0]
    return act


def _read(path: Path, faults: list[DataFileError]) -> _Act:
    held = converted(read_tables(path), _File, path, "")
    shipped = load_knowledge_base().acts
    if not held.act.strip() or held.act in shipped:
        place = line_of(path, f'act = "{held.act}"')
        what = f"{held.act} is shipped and cannot be changed" if held.act.strip() else "the act needs a name"
        faults.append(DataFileError(f"{path.name}{place}: {what}."))
    law = LawFile(
        file=path,
        questions=questions_in(held.question, path, faults),
        offences=offences_in([{"act": held.act, **table} for table in held.offence], path, faults),
    )
    # Each screening question is put to every complaint, for which there is no time.
    screening = [q for q, question in law.questions.items() if question.screen]
    faults += [question_fault(path, q, f"the question {q} cannot be put to every complaint") for q in screening]
    strange = [o for o in law.offences if o.act != held.act]
    faults += [offence_fault(path, o.id, f"it is of {o.act}, not of this act") for o in strange]
    return _Act(law=law, sections=_sections(held, path), fills=held.fills)


def _sections(held: _File, path: Path) -> tuple[StatuteSection, ...]:
    found: dict[SectionRef, StatuteSection] = {}
    for number, table in enumerate(held.section, 1):
        place = line_of(path, "[[section]]", number)
        row = converted(table, _Section, path, place)
        ref = SectionRef(held.act, row.number)
        if not row.number.strip() or not row.statement.strip():
            raise DataFileError(f"{path.name}{place}: a section needs a number and a statement.")
        if ref in found:
            raise DataFileError(f"{path.name}{place}: {ref} stands there already.")
        found[ref] = StatuteSection(ref=ref, title=row.title, statement=row.statement, origin=path.name)
    return tuple(found.values())
