"""`afirgen kb`: the legal knowledge base."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from afirgen.bootstrap import Program, build_program
from afirgen.case.law import Attributes, Candidate, SectionRef
from afirgen.cli.law import explain_section, law_faults, summary_of, tell_faults
from afirgen.errors import InvalidInputError
from afirgen.inference.models.manifest import Role
from afirgen.legal_kb.importers import ImportReport, import_file
from afirgen.legal_kb.index import Progress as IndexProgress
from afirgen.legal_kb.state_acts import LoadedLaw, add_act, load_law
from afirgen.legal_kb.statutes import BNS, SHIPPED, KnowledgeBase, StatuteSection
from afirgen.settings import load_settings

_INDEXED_LATER = "The search index takes them in when the application next starts, or with `afirgen kb build`."


@click.group()
def kb() -> None:
    """Build, search and extend the legal knowledge base."""


@kb.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--act", help="Name of the act that the files hold; default: what each line says, else BNS.")
def import_command(files: tuple[Path, ...], act: str | None) -> None:
    """Add the sections of JSONL FILES, in any form of earlier installations; nothing already there is lost."""
    store = _folder() / "imported"
    useful = 0
    for path in files:
        report = import_file(path, store, act=act)
        useful += report.added + report.known
        _tell(report)
    if not useful:
        raise InvalidInputError("No section could be read. Correct the lines named above and import again.")
    click.echo(_INDEXED_LATER)


@kb.command("add-act")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def add_act_command(file: Path) -> None:
    """Add the sections and offences of a state act from a TOML FILE, or replace the former file of its name."""
    sections, offences = add_act(file, _folder())
    click.echo(f"{file.name}: {_count(sections, 'section')}, {_count(offences, 'offence')}. {_INDEXED_LATER}")


@kb.command("list")
@click.argument("act", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(act: str | None, *, as_json: bool) -> None:
    """List the loaded acts with their numbers of sections, or the sections of one ACT."""
    base = _law().kb
    if act:
        named = _act(base, act)
        rows = [{"section": str(s.ref), "title": s.title, "origin": s.origin} for s in _of_act(base, named)]
        lines = [f"{row['section']}  {row['title']}" + _from(row["origin"]) for row in rows]
    else:
        shipped = [s for s in base.sections() if s.origin == SHIPPED]
        counts = Counter((s.ref.act, s.origin) for s in (*shipped, *base.imported()))
        rows = [{"act": a, "origin": origin, "sections": str(n)} for (a, origin), n in counts.items()]
        lines = [f"{row['act']}: {_count(int(row['sections']), 'section')}" + _from(row["origin"]) for row in rows]
    _print(rows, lines, as_json=as_json)


@kb.command()
@click.argument("section", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(section: tuple[str, ...], *, as_json: bool) -> None:
    """Show a SECTION, such as 303(2) or "IT Act 2000 66D", with its schedule entries and imported texts."""
    base = _law().kb
    ref = _reference(base, " ".join(section))
    found = base.section(ref)
    others = [s for s in base.sources(ref) if s.origin != found.origin]
    entries = [(e.section, e.attributes) for e in base.schedule(ref)] or [(ref, a) for a in found.attributes]
    if as_json:
        row = {"section": found, "schedule": [{"section": s, "attributes": a} for s, a in entries], "imported": others}
        click.echo(msgspec.json.format(msgspec.json.encode(row)).decode())
        return
    click.echo(f"{found.ref}  {found.title}" + _from(found.origin))
    if found.chapter:
        click.echo(f"Chapter {found.chapter}: {found.chapter_title}")
    click.echo(f"\n{found.statement}")
    for number, attributes in entries:
        click.echo("\n" + _entry(number, attributes))
    for other in others:
        click.echo(f"\n{other.ref}  {other.title}{_from(other.origin)}\n{other.statement}")


@kb.command()
@click.argument("section", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(section: tuple[str, ...], *, as_json: bool) -> None:
    """Say what makes a SECTION out: ingredients, exclusions, family, schedule, IPC number and everyday words."""
    law = _law()
    explain_section(_reference(law.kb, " ".join(section)), law, as_json=as_json)


@kb.command()
def check() -> None:
    """Check that the law data hold together; every fault is named with its file and line."""
    faults = law_faults(_folder())
    tell_faults(faults)
    if faults:
        click.echo(f"{_count(len(faults), 'fault')} found.", err=True)
        sys.exit(2)
    click.echo(summary_of(load_law(_folder())))


@kb.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True, help="How many sections.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def search(query: tuple[str, ...], *, limit: int, as_json: bool) -> None:
    """Search the statutes for the offences that QUERY tells of, in any language."""
    program = build_program(load_settings())
    found = asyncio.run(_search(program, " ".join(query), limit))
    rows = [
        {"section": str(c.section), "title": program.law.kb.section(c.section).title, "score": f"{c.score:.4f}"}
        for c in found
    ]
    _print(rows, [f"{row['section']}  {row['title']}" for row in rows], as_json=as_json)


@kb.command()
def build() -> None:
    """Build the search index, unless it is there already."""
    program = build_program(load_settings(), quiet=True)
    if not program.law.is_indexed():
        asyncio.run(_build(program))
    click.echo(f"The search index is ready: {len(program.law.kb.sections())} sections.")


async def _search(program: Program, query: str, limit: int) -> tuple[Candidate, ...]:
    async with program.running(roles=(Role.EMBEDDING,)):
        with _index_progress() as progress:
            opened = await program.law.opened(progress)
        return await opened.search(query, limit=limit)


async def _build(program: Program) -> None:
    async with program.running(roles=(Role.EMBEDDING,)):
        with _index_progress() as progress:
            await program.law.opened(progress)


@contextmanager
def _index_progress() -> Iterator[IndexProgress]:
    """Show how far a build has come: a bar on a terminal, a line every tenth elsewhere."""
    console = Console(stderr=True)
    shown = -1

    def line(done: int, total: int) -> None:
        nonlocal shown
        if done * 10 // total > shown:
            shown = done * 10 // total
            click.echo(f"Building the search index: {done} of {total} passages.", err=True)

    if not console.is_terminal:
        yield line
        return
    columns = (TextColumn("Building the search index"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("index", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def _folder() -> Path:
    return load_settings().data_dir / "kb"


def _law() -> LoadedLaw:
    law = load_law(_folder())
    tell_faults(law.faults)
    return law


def _reference(base: KnowledgeBase, words: str) -> SectionRef:
    act, _, number = words.strip().rpartition(" ")
    return SectionRef(_act(base, act) if act else BNS, number)


def _act(base: KnowledgeBase, name: str) -> str:
    """Return the loaded act of this name in any case; an unknown name comes back as it is."""
    return next(
        (a for a in (*base.acts, *(s.ref.act for s in base.imported())) if a.casefold() == name.casefold()), name
    )


def _of_act(base: KnowledgeBase, act: str) -> list[StatuteSection]:
    shipped = [s for s in base.sections() if s.ref.act == act and s.origin == SHIPPED]
    found = shipped + [s for s in base.imported() if s.ref.act == act]
    if not found:
        raise InvalidInputError(f"No act named {act} is loaded. `afirgen kb list` shows the names.")
    return found


def _tell(report: ImportReport) -> None:
    for bad in report.bad:
        click.echo(f"{bad.file}, line {bad.line}: {bad.reason}", err=True)
    click.echo(f"{report.file}: {report.added} new, {report.known} already there, {len(report.bad)} bad.")


def _entry(ref: SectionRef, attributes: Attributes) -> str:
    lines = [
        f"{ref}: {attributes.offence}",
        f"  punishment: {attributes.punishment}",
        f"  cognizable: {_plain(attributes.cognizable)}, bailable: {_plain(attributes.bailable)}",
        f"  triable by: {attributes.court}",
    ]
    return "\n".join([*lines, f"  {attributes.condition}"] if attributes.condition else lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _plain(value: str) -> str:
    return value.replace("_", " ")


def _from(origin: str) -> str:
    return "" if origin == SHIPPED else f"  (imported from {origin})"


def _print(rows: list[dict[str, str]], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    for line in lines:
        click.echo(line)
