"""`afirgen audit`: check the chain and the records, and hand out a case with everything that is kept of it."""

import asyncio
import os
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from afirgen.case.fir import FirDocument, RegisterEntry
from afirgen.case.session import Step
from afirgen.cli.operator import operator
from afirgen.errors import AuditFaultError, InvalidInputError
from afirgen.jobs.archive import archive_case
from afirgen.render.code import PrintCode, record_hash
from afirgen.render.documents import Likeness, code_of, compare
from afirgen.render.wording import load_forms
from afirgen.settings import Settings, load_settings
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database, open_database
from afirgen.store.firs import FirStore
from afirgen.store.migrate import require_head
from afirgen.store.originals import Originals
from afirgen.store.s3_originals import open_originals
from afirgen.store.verify import Verdict, verify


@click.group()
def audit() -> None:
    """Check the records against the audit log, and export cases."""


@audit.command("verify")
@click.option(
    "--document",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Also check that a print (PDF, DOCX, HTML or text) says what its record says.",
)
def verify_command(document: Path | None) -> None:
    """Compare the chain, every record and every original with their hashes; name what was changed."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    file = document.read_bytes() if document else None
    code = code_of(file) if file is not None else None
    verdict, found = asyncio.run(_verify(settings, code))
    for fault in verdict.faults:
        click.echo(f"{fault.record}: {fault.sentence}")
    if verdict.faults:
        raise AuditFaultError("The records are not as they were written. Keep them and tell whoever is responsible.")
    click.echo(
        f"{verdict.entries} entries, {verdict.records} records and {verdict.originals} originals are as they were "
        f"written. The chain ends with {verdict.head}."
    )
    if file is not None and code is not None:
        click.echo(_compared(settings, file, found))


@audit.command("continues")
@click.argument("entries", type=click.IntRange(0))
@click.argument("head")
def continues_command(entries: int, head: str) -> None:
    """Check that the log goes on from a copy whose ENTRIES end with the hash HEAD, as a restored backup's do."""
    settings = load_settings()
    require_head(settings.sqlalchemy_url)
    there, since = asyncio.run(_since(settings, entries))
    if entries and there != head:
        raise AuditFaultError("The audit log is not the continuation of the copy's. Run `afirgen audit verify`.")
    click.echo(f"The audit log goes on from the copy's; {since} entries came since.")


def _compared(settings: Settings, file: bytes, found: "_Found | None") -> str:
    """Say how a print stands to its record; raise :class:`AuditFaultError` where it does not say the same."""
    if found is None:
        raise AuditFaultError("No record here has the code of this document. It was made elsewhere, or from a draft.")
    which = f"version {found.version} of the form of case {found.case}"
    match compare(file, found.document, load_forms(settings.data_dir / "forms"), found.entry):
        case Likeness.SAME_BYTES:
            said = f"The document is {which}, byte for byte."
        case Likeness.SAME_WORDS:
            said = f"The document has the words of {which}; the file was saved anew."
        case Likeness.OTHER:
            raise AuditFaultError(
                f"The document carries the code of {which}, but its words are not those of the record."
            )
    newer = f" A newer version {found.newest} is on record." if found.newest > found.version else ""
    return said + newer


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


class _Found(Struct, frozen=True):
    """The record that a print was made from; ``newest`` is the number of the form's newest version."""

    case: str
    version: int
    newest: int
    document: FirDocument
    entry: RegisterEntry | None


async def _since(settings: Settings, entries: int) -> tuple[str | None, int]:
    database = open_database(settings)
    try:
        log = AuditLog(database)
        return await log.hash_at(entries), await log.length() - entries
    finally:
        await database.close()


async def _verify(settings: Settings, code: PrintCode | None) -> tuple[Verdict, _Found | None]:
    database = open_database(settings)
    try:
        found = await _find(database, code) if code else None
        return await verify(database, _originals(settings)), found
    finally:
        await database.close()


async def _find(database: Database, code: PrintCode) -> _Found | None:
    """Return the newest version of a form whose hash the code names."""
    kept = await CaseStore(database).of_step(Step.FINAL)
    newest = {case: version.version for case, version in kept}
    for case, version in reversed(kept):
        document = msgspec.json.decode(version.content, type=FirDocument)
        if record_hash(document).startswith(code.record):
            entry = await _entry(database, document)
            return _Found(case, version.version, newest[case], document, entry)
    return None


async def _entry(database: Database, document: FirDocument) -> RegisterEntry | None:
    return (await FirStore(database).get(document.fir_number)).register if document.fir_number else None


async def _export(settings: Settings, case: str) -> bytes:
    database = open_database(settings)
    try:
        forms = load_forms(settings.data_dir / "forms")
        return await archive_case(database, _originals(settings), forms, case, operator())
    finally:
        await database.close()


def _originals(settings: Settings) -> Originals:
    return open_originals(settings)
