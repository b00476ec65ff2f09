"""`afirgen kb explain` and `afirgen kb check`: what makes a section out, and whether the law data holds together."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from afirgen.case.law import Attributes, SectionRef
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.calibration import load_calibration
from afirgen.legal_kb.law_checks import attributes_in, find_faults
from afirgen.legal_kb.law_files import LawFile, read_folder
from afirgen.legal_kb.offences import SHIPPED_DATA, Offence, OffenceBook
from afirgen.legal_kb.state_acts import LoadedLaw, load_law
from afirgen.legal_kb.statutes import BNS, IPC, KnowledgeBase, load_knowledge_base


def explain_section(ref: SectionRef, law: LoadedLaw, *, as_json: bool) -> None:
    """Print every offence of the section: what must be so, what must not, and what it stands beside.

    Raises:
        NotFoundError: The section is not in the loaded law, or nothing is written out for it.
    """
    kb, book = law.kb, law.book
    kb.section(ref)
    found = [o for o in book.offences if o.ref == ref or _is_part(o, ref)]
    if not found:
        raise NotFoundError(f"No ingredients are written out for {ref}. `afirgen kb show` gives its text.")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([_row(o, book, kb) for o in found])).decode())
        return
    for offence in found:
        click.echo("\n".join(_lines(offence, book, kb)) + "\n")


def _is_part(offence: Offence, ref: SectionRef) -> bool:
    return offence.act == ref.act and offence.section.startswith(f"{ref.number}(")


def _row(offence: Offence, book: OffenceBook, kb: KnowledgeBase) -> dict[str, object]:
    text = {q: book.questions[q].text for q in offence.question_ids}
    return {
        "id": offence.id,
        "section": str(offence.ref),
        "name": offence.name,
        "all": [text[q] for q in offence.all],
        "any": [[text[q] for q in group] for group in offence.any],
        "none": [text[q] for q in offence.none],
        "contains": list(offence.contains),
        "excludes": list(offence.excludes),
        "attributes": attributes_in(offence, kb),
        "ipc": list(offence.ipc),
        "ipc_sure": not offence.ipc_doubt,
        "listed_only": offence.listed_only,
        "words": {language: list(words) for language, words in offence.words.by_language()},
    }


def _lines(offence: Offence, book: OffenceBook, kb: KnowledgeBase) -> Iterator[str]:
    text = {q: book.questions[q].text for q in offence.question_ids}
    yield f"{offence.ref}  {offence.name}" + (" (for the officer to consider only)" if offence.listed_only else "")
    yield from (f"  must be so:      {text[q]}" for q in offence.all)
    for group in offence.any:
        yield f"  one of these:    {' / '.join(text[q] for q in group)}"
    yield from (f"  must not be so:  {text[q]}" for q in offence.none)
    if offence.loss:
        least, most = offence.loss
        yield f"  loss in rupees:  from {least}" + (f" to {most}" if most else "")
    yield from (f"  takes up:        {_named(o, book)}" for o in offence.contains)
    yield from (f"  not beside:      {_named(o, book)}" for o in offence.excludes)
    yield from _attribute_lines(attributes_in(offence, kb))
    if offence.ipc:
        doubt = f" (not sure: {offence.ipc_doubt})" if offence.ipc_doubt else ""
        yield f"  before 01.07.2024: {IPC} {', '.join(offence.ipc)}{doubt}"
    for language, words in offence.words.by_language():
        if words:
            yield f"  words ({language}): {', '.join(words)}"


def _attribute_lines(attributes: Attributes | None) -> Iterator[str]:
    if attributes is None:
        return
    yield f"  punishment:      {attributes.punishment}"
    yield f"  cognizable:      {attributes.cognizable.value.replace('_', ' ')}"
    yield f"  bailable:        {attributes.bailable.value.replace('_', ' ')}"
    yield f"  triable by:      {attributes.court}"
    if attributes.condition:
        yield f"  on condition:    {attributes.condition}"


def _named(offence_id: str, book: OffenceBook) -> str:
    offence = book.by_id[offence_id]
    return f"{offence.name} ({offence.ref})"


def law_faults(folder: Path) -> list[DataFileError]:
    """Return every fault of the shipped law and of what is added below ``folder``.

    Files that cannot be read are named first, alone: what they hold would be missed everywhere else. Raises
    :class:`DataFileError` when a statute or the imported store is not right.
    """
    law, unread = read_folder(SHIPPED_DATA)
    if unread:
        return unread
    kb = load_knowledge_base(folder / "imported")
    faults = [*find_faults(law, kb), *_of_calibration(law)]
    if not faults:
        loaded = load_law(folder)
        faults = [*loaded.faults, *_of_coverage(loaded)]
    return faults


def tell_faults(faults: Iterable[DataFileError]) -> None:
    """Print the sentence of each fault on standard error."""
    for fault in faults:
        click.echo(fault.public, err=True)


def summary_of(law: LoadedLaw) -> str:
    """Say in one line what a law without faults holds."""
    lines = [*law.kb.scheduled()]
    return (
        f"{len(law.kb.sections())} sections, {len(law.book.offences)} offences with {len(law.book.questions)} "
        f"questions, all {len(lines)} lines of the First Schedule. No fault was found."
    )


def _of_calibration(law: Iterable[LawFile]) -> Iterator[DataFileError]:
    questions = {q for file in law for q in file.questions}
    for stranger in sorted(load_calibration().bias.keys() - questions):
        yield DataFileError(f"calibration.json: no question is called {stranger}. Run scripts/calibrate.py.")


def _of_coverage(law: LoadedLaw) -> Iterator[DataFileError]:
    """Name the lines of the First Schedule for which no offence is written out."""
    written = {(o.section, o.entry) for o in law.book.offences if o.act == BNS}
    whole = {number for number, _ in written}
    for entry in law.kb.scheduled():
        number = entry.section.number
        if (number, entry.number) not in written and not any(number.startswith(f"{w}(") for w in whole):
            yield DataFileError(f"offences: nothing is written out for BNS {number}, line {entry.number}.")
