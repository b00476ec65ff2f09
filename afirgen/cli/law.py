"""`afirgen kb explain` and `afirgen kb check`: what makes a section out, and whether the law data holds together."""

from collections.abc import Iterator

import click
import msgspec

from afirgen.case.law import SectionRef
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.calibration import load_calibration
from afirgen.legal_kb.offences import IPC, Offence, OffenceBook, load_offences
from afirgen.legal_kb.statutes import BNS, KnowledgeBase


def explain_section(ref: SectionRef, kb: KnowledgeBase, *, as_json: bool) -> None:
    """Print every offence of the section: what must be so, what must not, and what it stands beside.

    Raises:
        NotFoundError: The section is not in the loaded law, or nothing is written out for it.
    """
    kb.section(ref)
    book = load_offences(kb)
    found = [o for o in book.offences if o.ref == ref or _is_part(o, ref)]
    if not found:
        raise NotFoundError(f"No ingredients are written out for {ref}. `afirgen kb show` gives its text.")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([_row(o, book) for o in found])).decode())
        return
    for offence in found:
        click.echo("\n".join(_lines(offence, book, kb)) + "\n")


def _is_part(offence: Offence, ref: SectionRef) -> bool:
    return offence.act == ref.act and offence.section.startswith(f"{ref.number}(")


def _row(offence: Offence, book: OffenceBook) -> dict[str, object]:
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
        "ipc": list(offence.ipc),
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
    entries = kb.entries(offence.ref)
    attributes = offence.attributes or (entries[offence.entry - 1] if len(entries) >= offence.entry else None)
    if attributes:
        yield f"  punishment:      {attributes.punishment}"
        yield f"  cognizable:      {attributes.cognizable.value.replace('_', ' ')}"
    if offence.ipc:
        yield f"  before 01.07.2024: {IPC} {', '.join(offence.ipc)}"
    for language, words in offence.words.by_language():
        if words:
            yield f"  words ({language}): {', '.join(words)}"


def _named(offence_id: str, book: OffenceBook) -> str:
    offence = book.by_id[offence_id]
    return f"{offence.name} ({offence.ref})"


def check_law(kb: KnowledgeBase) -> str:
    """Load and cross-check all law data; return what was found, in one line.

    Raises:
        DataFileError: The first fault, with file and line.
    """
    book = load_offences(kb)
    strangers = load_calibration().bias.keys() - book.questions.keys()
    if strangers:
        raise DataFileError(f"calibration.json: no question is called {min(strangers)}. Run scripts/calibrate.py.")
    written = {(o.section, o.entry) for o in book.offences if o.act == BNS}
    lines = [(e.section.number, e.number) for e in kb.scheduled()]
    whole = {number for number, _ in written}
    bare = [n for n, line in lines if (n, line) not in written and not any(n.startswith(f"{w}(") for w in whole)]
    if bare:
        raise DataFileError(f"offences: nothing is written out for BNS {', '.join(dict.fromkeys(bare[:5]))}.")
    return (
        f"{len(kb.sections())} sections, {len(book.offences)} offences with {len(book.questions)} questions, all "
        f"{len(lines)} lines of the First Schedule. No fault was found."
    )
