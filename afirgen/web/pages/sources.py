"""The original as received: the recording to listen to, its pages to look at, the file to keep."""

import asyncio
import io
from pathlib import Path

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import File
from PIL import Image

from afirgen.errors import NotFoundError
from afirgen.pipeline.intake import open_source
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import By, Deps
from afirgen.web.handouts import original_of
from afirgen.web.pages.shell import PageRequest

_QUALITY = 70


@get("/cases/{case_id:str}/original", media_type="application/octet-stream")
async def original(request: PageRequest, case_id: FromPath[str], deps: Deps, by: By) -> Response[bytes] | File:
    """Give the original; a part of a recording where the player asks for one."""
    record = await deps.desk.cases.get(case_id_of(case_id))
    return await original_of(deps, record, request.headers.get("range", ""), by)


@get("/cases/{case_id:str}/pages/{number:str}", media_type="image/jpeg")
async def page(case_id: FromPath[str], number: FromPath[str], deps: Deps) -> Response[bytes]:
    """Give a page of a scan or PDF as a picture, at half the size in which boxes are measured.

    The answer may be kept by the browser: an original never changes.
    """
    record = await deps.desk.cases.get(case_id_of(case_id))
    path = await asyncio.to_thread(deps.desk.originals.path, record.original)
    data = await asyncio.to_thread(_picture, path, int(number) if number.isdecimal() else 0)
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


HANDLERS = (original, page)
