"""Speech and page reading alone, under the addresses of the former side servers; nothing is stored."""

from typing import Annotated

from litestar import post
from litestar.datastructures import UploadFile
from litestar.params import MultipartBody
from msgspec import Meta, Struct

from afirgen.errors import AfirgenError, InvalidInputError
from afirgen.pipeline.run import Original
from afirgen.web.api.process import BODY_LIMIT, KINDS
from afirgen.web.api.v1.describe import refusals
from afirgen.web.deps import By, Deps, WebDeps

Reason = Annotated[str | None, Meta(description="Why it failed, in a sentence.")]


class Recording(Struct, kw_only=True):
    """A recording."""

    audio: UploadFile


class Page(Struct, kw_only=True):
    """A picture of a page."""

    image: UploadFile


class Heard(Struct, frozen=True, kw_only=True):
    """What was heard."""

    success: bool
    transcript: str | None
    error: Reason


class Read(Struct, frozen=True, kw_only=True):
    """What was read."""

    success: bool
    extracted_text: str | None
    error: Reason


@post("/asr", status_code=200, request_max_body_size=BODY_LIMIT, responses=refusals(403, 413, 415, 503))
async def asr(data: MultipartBody[Recording], deps: Deps, by: By) -> Heard:
    """Write a recording down."""
    text, error = await _text(data.audio, deps, by, "audio")
    return Heard(success=error is None, transcript=text, error=error)


@post("/ocr", status_code=200, request_max_body_size=BODY_LIMIT, responses=refusals(403, 413, 415, 503))
async def ocr(data: MultipartBody[Page], deps: Deps, by: By) -> Read:
    """Read a picture of a page."""
    text, error = await _text(data.image, deps, by, "image")
    return Read(success=error is None, extracted_text=text, error=error)


async def _text(file: UploadFile, deps: WebDeps, by: By, field: str) -> tuple[str | None, str | None]:
    """Return the text of a file, or why a model could not give it; a file that cannot be taken is refused."""
    original = Original(data=await file.read(), filename=file.filename or None, declared=file.content_type or None)
    await deps.reception.inspect(original, KINDS[field])
    try:
        return (await deps.reception.read_only(original, by=by)).text, None
    except InvalidInputError:
        raise
    except AfirgenError as err:
        return None, err.public


HANDLERS = (asr, ocr)
