"""The original as received: the recording to listen to, its pages to look at, the file to keep."""

import asyncio
import io
import re
from pathlib import Path

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import File
from PIL import Image

from afirgen.case.evidence import SourceKind
from afirgen.errors import NotFoundError
from afirgen.pipeline.intake import open_source
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import Deps
from afirgen.web.pages.shell import PageRequest

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_QUALITY = 70


@get("/cases/{case_id:str}/original", media_type="application/octet-stream")
async def original(request: PageRequest, case_id: FromPath[str], deps: Deps) -> Response[bytes] | File:
    """Give the original; a part of a recording where the player asks for one."""
    record = await deps.desk.cases.get(case_id_of(case_id))
    path, source = deps.desk.originals.path(record.original), record.source
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if source.kind is SourceKind.AUDIO and asked:
        return await asyncio.to_thread(_part, path, source.media_type, asked)
    inline = source.kind is SourceKind.AUDIO
    return File(
        path,
        filename=source.filename or f"original.{source.kind.value}",
        media_type=source.media_type,
        content_disposition_type="inline" if inline else "attachment",
        headers={"accept-ranges": "bytes"},
    )


@get("/cases/{case_id:str}/pages/{number:str}", media_type="image/jpeg")
async def page(case_id: FromPath[str], number: FromPath[str], deps: Deps) -> Response[bytes]:
    """Give a page of a scan or PDF as a picture, at half the size in which boxes are measured.

    The answer may be kept by the browser: an original never changes.
    """
    record = await deps.desk.cases.get(case_id_of(case_id))
    data = await asyncio.to_thread(
        _picture, deps.desk.originals.path(record.original), int(number) if number.isdecimal() else 0
    )
    headers = {"cache-control": "private, max-age=600"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _picture(path: Path, number: int) -> bytes:
    pages = open_source(path).pages
    if not 1 <= number <= len(pages):
        raise NotFoundError("The original has no such page.")
    image = Image.fromarray(pages[number - 1].image())
    image = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


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


HANDLERS = (original, page)
