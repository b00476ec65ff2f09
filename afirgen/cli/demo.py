"""`afirgen demo`: a draft from each sample."""

from importlib import import_module
from pathlib import Path

import click

from afirgen.errors import InvalidInputError

_KINDS = frozenset({".txt", ".wav", ".mp3", ".m4a", ".ogg", ".webm", ".png", ".jpg", ".tiff", ".webp", ".pdf"})


@click.command()
@click.option(
    "--samples",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("samples"),
    show_default=True,
    help="Folder of complaints.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for the drafts.",
)
@click.option("--reported-on", help="Day of the report for all of them (YYYY-MM-DD); default: today.")
@click.pass_context
def demo(ctx: click.Context, samples: Path, out: Path, reported_on: str | None) -> None:
    """Draft an FIR from every sample and say where it is."""
    files = sorted(path for path in samples.glob("*") if path.suffix.lower() in _KINDS)
    if not files:
        raise InvalidInputError(f"There are no samples in {samples}. Run this in the project's folder.")
    draft: click.Command = import_module("afirgen.cli.draft").draft
    options = ["--out", str(out), *(["--reported-on", reported_on] if reported_on else [])]
    for path in files:
        click.echo(f"\n{path.name}")
        with draft.make_context("draft", [str(path), *options], parent=ctx) as call:
            draft.invoke(call)
    click.echo(f"\nThe drafts are in {out}: one folder a sample, with the form in every format.")
