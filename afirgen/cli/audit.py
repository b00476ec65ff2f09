"""`afirgen audit`: check the chain and the records, and hand out a case with everything that is kept of it."""

import asyncio
import os
from pathlib import Path

import click
import msgspec

from afirgen.case.fir import FirDocument
from afirgen.case.session import Step
from afirgen.cli.operator import operator
from afirgen.errors import AuditFaultError, InvalidInputError
from afirgen.render.pdf import render_pdf
from afirgen.render.text import render_text
from afirgen.settings import Settings, load_settings
from afirgen.store.cases import CaseStore
from afirgen.store.database import open_database
from afirgen.store.export import export_case
from afirgen.store.migrate import require_head
from afirgen.store.originals import Originals
from afirgen.store.verify import Verdict, verify


@click.group()
def audit() -> None:
    """Check the records against the audit log, and export cases."""


@audit.command("verify")
def verify_command() -> None:
    """Compare the chain, every record and every original with their hashes; name what was changed."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    verdict = asyncio.run(_verify(settings))
    for fault in verdict.faults:
        click.echo(f"{fault.record}: {fault.sentence}")
    if verdict.faults:
        raise AuditFaultError("The records are not as they were written. Keep them and tell whoever is responsible.")
    click.echo(
        f"{verdict.entries} entries, {verdict.records} records and {verdict.originals} originals are as they were "
        f"written. The chain ends with {verdict.head}."
    )


@audit.command("export")
@click.argument("case")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: case-CASE.zip.")
def export_command(case: str, out: Path | None) -> None:
    """Write a zip with everything that is kept of CASE and a manifest of hashes."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    target = out or Path(f"case-{case}.zip")
    if target.exists():
        raise InvalidInputError(f"The file {target.name} exists already. Choose another with --out.")
    archive = asyncio.run(_export(settings, case))
    # What an informant said is for the owner of the file only.
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(archive)
    click.echo(f"Written: {target}")


async def _verify(settings: Settings) -> Verdict:
    database = open_database(settings)
    try:
        return await verify(database, _originals(settings))
    finally:
        await database.close()


async def _export(settings: Settings, case: str) -> bytes:
    database = open_database(settings)
    try:
        newest = (await CaseStore(database).newest(case)).get(Step.FINAL)
        documents = _documents(msgspec.json.decode(newest.content, type=FirDocument)) if newest else {}
        return await export_case(database, _originals(settings), case, operator(), documents)
    finally:
        await database.close()


def _documents(document: FirDocument) -> dict[str, bytes]:
    return {"fir/fir.txt": render_text(document).encode(), "fir/fir.pdf": render_pdf(document)}


def _originals(settings: Settings) -> Originals:
    return Originals(settings.data_dir / "originals")
