"""`afirgen draft`: one complaint through the whole pipeline, in this process."""

import asyncio
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from afirgen.bootstrap import build_program
from afirgen.case.evidence import SourceKind
from afirgen.case.facts import Facts
from afirgen.case.fir import FirDocument
from afirgen.cli.law import tell_faults
from afirgen.errors import InvalidInputError
from afirgen.inference.models.manifest import Role
from afirgen.pipeline.run import STAGES, Original
from afirgen.render.documents import FORMATS, make_document
from afirgen.render.form import Print
from afirgen.render.values import group_rupees
from afirgen.render.wording import Forms, load_forms, shipped_forms
from afirgen.settings import load_settings

_INDIA = ZoneInfo("Asia/Kolkata")
_NOON = time(12, 0)
_READERS = {
    SourceKind.TEXT: (),
    SourceKind.AUDIO: (Role.SPEECH,),
    SourceKind.IMAGE: (Role.OCR,),
    SourceKind.PDF: (Role.OCR,),
}


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--reported-on", type=click.DateTime(["%Y-%m-%d"]), help="Day of the report; default: today.")
@click.option("--language", help="Language of the complaint (en, hi, hi-Latn, ta, ...); default: found out.")
@click.option("--form", default="en", show_default=True, help="Language of the form: en, hi, en-hi or a station's own.")
@click.option("--kind", default="fir", show_default=True, help="Document: fir, informant_copy, ncr, diary_entry, ...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the whole draft as JSON instead of the summary.")
def draft(
    file: str,
    reported_on: datetime | None,
    language: str | None,
    form: str,
    kind: str,
    out: Path,
    *,
    as_json: bool,
) -> None:
    """Draft an FIR from FILE (text, audio, image or PDF), or from standard input with "-".

    Writes fir.json and the document as .txt, .pdf, .docx and .html to a folder named after FILE below --out.
    """
    wanted, forms = Print(kind, form), load_forms(load_settings().data_dir / "forms")
    # What cannot be printed is said before the long work, not after it.
    forms.layout(kind), forms.wording(form)
    data: bytes | Path = sys.stdin.buffer.read() if file == "-" else Path(file)
    if isinstance(data, Path) and not data.is_file():
        raise InvalidInputError(f"There is no file {data.name}. Check the name.")
    name = None if file == "-" else Path(file).name
    original = Original(data=data, filename=name, language=language)
    document = asyncio.run(_run(original, _moment(reported_on.date() if reported_on else None)))
    folder = out / (Path(file).stem if file != "-" else "stdin")
    written = write_draft(document, folder, wanted, forms)
    if as_json:
        click.echo(msgspec.json.encode(document).decode())
    else:
        click.echo(summary(document))
        click.echo(f"\nWritten: {', '.join(map(str, written))}")


async def _run(original: Original, reported_on: datetime) -> FirDocument:
    program = build_program(load_settings(), quiet=True)
    tell_faults(program.law.faults)
    # What cannot become a complaint is refused before any model is loaded, and only the needed ones are.
    source = await program.pipeline.inspect(original)
    roles = [Role.LLM, Role.EMBEDDING, *_READERS[source.kind]]
    with _bars() as bars:
        tasks: dict[str, TaskID] = {}

        def on_progress(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES[stage], total=1.0)
            bars.update(tasks[stage], completed=share)

        async with program.running(roles=roles, on_progress=on_progress):
            return await program.pipeline.draft(original, reported_on=reported_on, on_progress=on_progress)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _moment(day: date | None) -> datetime:
    """Return now, or noon in India of another day."""
    return datetime.combine(day, _NOON, tzinfo=_INDIA).astimezone(UTC) if day else datetime.now(UTC)


def write_draft(
    document: FirDocument, folder: Path, wanted: Print | None = None, forms: Forms | None = None
) -> list[Path]:
    """Write the draft as fir.json and as the wanted document in every format into ``folder``; return the files."""
    wanted, forms = wanted or Print(), forms or shipped_forms()
    folder.mkdir(parents=True, exist_ok=True)
    pretty = msgspec.json.format(msgspec.json.encode(document), indent=2)
    files = {"fir.json": pretty}
    files |= {f"{wanted.kind}.{ending}": make_document(document, wanted, ending, forms) for ending in FORMATS}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def summary(document: FirDocument) -> str:
    """Say in a few lines who, when, where, which sections and why, and what is left to do."""
    facts = document.facts
    lines = [
        f"Informant: {_or_blank(facts.informant.name)}",
        f"When:      {_when(facts)}",
        f"Where:     {_or_blank(facts.occurrence.place)}",
        f"Accused:   {_accused(facts)}",
        f"Property:  {_property(facts)}",
        f"Law:       {document.law.law_reason}",
        f"Route:     {document.law.route_reason}",
        "Sections:",
    ]
    lines += [f"  {a.section}  {a.title}: {a.reason}" for a in document.sections] or ["  none proposed"]
    lines += ["Left blank:", *(f"  {b}" for b in document.blanks)]
    lines += ["For the officer:", *(f"  {n}" for n in document.needs_officer)]
    return "\n".join(lines)


def _or_blank(field: object) -> str:
    return getattr(field, "value", "") or "blank"


def _when(facts: Facts) -> str:
    when = facts.occurrence
    parts = [f.value for f in (when.date_from, when.date_to, when.time_from, when.time_to) if f]
    return " ".join(parts) or "blank"


def _accused(facts: Facts) -> str:
    return "; ".join(_or_blank(a.name or a.description) for a in facts.accused) or "blank"


def _property(facts: Facts) -> str:
    items = [
        p.item.value + (f" (Rs {group_rupees(int(p.value_inr.value))})" if p.value_inr else "") for p in facts.property
    ]
    return "; ".join(items) or "blank"
