"""What is handed out of a case: a document made of its form, or an original as received."""

import asyncio
import re
from pathlib import Path

from litestar import Response
from litestar.response import File
from msgspec import Struct

from afirgen.case.audit import Action, Actor, Event, text_hash
from afirgen.case.evidence import SourceKind
from afirgen.case.fir import FirDocument
from afirgen.case.session import Step
from afirgen.errors import NotFoundError
from afirgen.render.documents import FORMATS, make_document
from afirgen.render.form import Print
from afirgen.store.cases import CaseRecord
from afirgen.web.deps import WebDeps

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


class Handout(Struct, frozen=True):
    """A document as a file."""

    data: bytes
    media_type: str
    filename: str


async def form_of(deps: WebDeps, case: str) -> FirDocument:
    """Return the newest form of a case; raise :class:`NotFoundError` when it is not drafted yet."""
    content = (await deps.review.view(case)).contents.get(Step.FINAL)
    if not isinstance(content, FirDocument):
        raise NotFoundError("The form of this case is not drafted yet.")
    return content


async def document_of(deps: WebDeps, case: str, wanted: tuple[str, str, str], by: Actor) -> Handout:
    """Make a document, ``wanted`` by its kind, language and the ending of its name, and put that on record.

    Raises:
        NotFoundError: There is no such document, or the form is not drafted yet.
    """
    kind, language, ending = wanted
    form = await form_of(deps, case)
    number = form.fir_number or ""
    registered = await deps.firs.finalized([number])
    print_ = Print(kind, language, number in registered, registered.get(number))
    data = await asyncio.to_thread(make_document, form, print_, ending, deps.desk.forms)
    await put_export_on_record(deps, case, number, f"{kind}.{language}.{ending}", data, by)
    return Handout(data, FORMATS[ending].media_type, f"{number}-{kind}.{ending}")


async def put_export_on_record(deps: WebDeps, case: str, number: str, document: str, data: bytes, by: Actor) -> None:
    """Note that a document left the program."""
    details = {"fir_number": number, "document": document, "sha256": text_hash(data)}
    await deps.audit.note(Event(actor=by, action=Action.FIR_EXPORTED, details=details), case_id=case)


async def original_of(deps: WebDeps, record: CaseRecord, asked_range: str, by: Actor) -> Response[bytes] | File:
    """Give an original; of a recording the part that a player asks for. One given whole is put on record.

    Raises:
        NotFoundError: The file is gone.
    """
    source = record.source
    path = await asyncio.to_thread(deps.desk.originals.path, record.original)
    if not await asyncio.to_thread(path.is_file):
        raise NotFoundError("The original is not here any more.")
    asked = _RANGE.fullmatch(asked_range)
    if source.kind is SourceKind.AUDIO and asked:
        return await asyncio.to_thread(_part, path, source.media_type, asked)
    event = Event(actor=by, action=Action.ORIGINAL_EXPORTED, details={"sha256": record.original})
    await deps.audit.note(event, case_id=record.id)
    return File(
        path,
        filename=source.filename or f"original.{source.kind.value}",
        media_type=source.media_type,
        content_disposition_type="inline" if source.kind is SourceKind.AUDIO else "attachment",
        headers={"accept-ranges": "bytes"},
    )


def _part(path: Path, media_type: str, asked: "re.Match[str]") -> Response[bytes]:
    size = path.stat().st_size
    first = int(asked[1])
    last = min(int(asked[2]), size - 1) if asked[2] else size - 1
    if first > last:
        return Response(b"", status_code=416, headers={"content-range": f"bytes */{size}"})
    with path.open("rb") as file:
        file.seek(first)
        data = file.read(last - first + 1)
    headers = {"content-range": f"bytes {first}-{last}/{size}", "accept-ranges": "bytes"}
    return Response(data, status_code=206, media_type=media_type, headers=headers)
