"""Everything that is kept of a case as one archive, with a manifest of hashes."""

import asyncio
import json
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen import __version__
from afirgen.case.audit import Action, Actor, Event
from afirgen.errors import NotFoundError, StorageError
from afirgen.store.audit import AuditLog
from afirgen.store.database import Database
from afirgen.store.originals import Originals
from afirgen.store.raw import Row, as_text, raw
from afirgen.store.tables import (
    audit_head,
    audit_log,
    cases,
    fir_records,
    job_events,
    jobs,
    old_sessions,
    step_versions,
)


async def export_case(
    database: Database, originals: Originals, case_id: str, by: Actor, documents: dict[str, bytes]
) -> bytes:
    """Return a zip of a case: rows, versions, FIR, jobs, original, audit entries, ``documents`` and ``manifest.json``.

    A session of an earlier installation is exported by its id too.
    The manifest gives size and SHA-256 of each file; its own hash is what the audit log keeps of the export.

    Raises:
        NotFoundError: There is no such case.
        StorageError: The database or the original could not be read.
    """
    async with database.snapshot() as connection:
        files, head = await _collect(connection, case_id), await _head(connection)
    original = json.loads(files.get("case.json", b"{}")).get("original")
    released = f'"{Action.ORIGINAL_REMOVED.value}"'.encode() in files["audit.jsonl"]
    if original and not (released and not originals.is_here(original)):
        try:
            files[f"original/{original}"] = await asyncio.to_thread(lambda: originals.path(original).read_bytes())
        except OSError as err:
            raise StorageError(
                "The original of this case is gone or cannot be read. Run `afirgen audit verify`.", detail=str(err)
            ) from err
    files |= documents
    manifest = _manifest(case_id, head, files)
    details = {"manifest_sha256": sha256(manifest).hexdigest(), "files": len(files)}
    await AuditLog(database).note(Event(actor=by, action=Action.CASE_EXPORTED, details=details), case_id=case_id)
    return await asyncio.to_thread(_zip, {**files, "manifest.json": manifest})


async def _collect(connection: AsyncConnection, case_id: str) -> dict[str, bytes]:
    found = {
        "case.json": await _rows(connection, cases, "id", case_id),
        "session.json": await _rows(connection, old_sessions, "session_id", case_id),
    }
    files = {name: _json(rows[0]) for name, rows in found.items() if rows}
    if not files:
        raise NotFoundError("There is no such session. It may have been mistyped or removed.")
    for row in await _rows(connection, step_versions, "case_id", case_id):
        stem = f"versions/{int(row['id'] or 0):08}-{row['step']}-{row['version']}"
        files[f"{stem}.json"] = (row.get("content") or "").encode("utf-8", "surrogateescape")
        files[f"{stem}.row.json"] = _json(row)
    for row in await _rows(connection, fir_records, "session_id", case_id):
        files[f"fir/{row['fir_number']}.json"] = _json(row)
    for row in await _rows(connection, jobs, "case_id", case_id):
        told = await _rows(connection, job_events, "job_id", row["id"] or "")
        files[f"jobs/{row['id']}.jsonl"] = b"\n".join(map(_json, (row, *told))) + b"\n"
    entries = await _rows(connection, audit_log, "case_id", case_id)
    files["audit.jsonl"] = b"\n".join(_json(row) for row in entries) + b"\n"
    return files


async def _rows(connection: AsyncConnection, table: Table, column: str, value: str) -> list[Row]:
    query = raw(table).where(table.c[column] == value).order_by(*table.primary_key.columns)
    return [as_text(row) for row in (await connection.execute(query)).mappings()]


async def _head(connection: AsyncConnection) -> dict[str, object]:
    row = (await connection.execute(select(audit_head.c.seq, audit_head.c.hash))).one()
    return {"seq": row.seq, "hash": row.hash}


def _json(row: Row) -> bytes:
    return json.dumps(row, sort_keys=True).encode("ascii")


def _manifest(case_id: str, head: dict[str, object], files: dict[str, bytes]) -> bytes:
    listed = {name: {"size": len(data), "sha256": sha256(data).hexdigest()} for name, data in sorted(files.items())}
    manifest = {
        "case": case_id,
        "program": f"AFIRGen {__version__}",
        "exported_at": datetime.now(UTC).isoformat(),
        "audit_head": head,
        "files": listed,
    }
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)


def _zip(files: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    return out.getvalue()
