"""The originals of a case, as they were received."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter
from litestar.response import File
from msgspec import Meta, Struct

from afirgen.case.evidence import SourceKind
from afirgen.errors import NotFoundError
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.describe import CaseId, refusals
from afirgen.web.deps import By, Deps
from afirgen.web.handouts import original_of

_TAGS = ["Evidence"]
Sha256 = Annotated[str, PathParameter(description="The original's SHA-256, in hexadecimal.", max_length=64)]


class OriginalShown(Struct, frozen=True, kw_only=True):
    """An original; its name in the store is its hash."""

    sha256: Annotated[str, Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
    kind: SourceKind
    media_type: Annotated[str, Meta(examples=["audio/ogg"])]
    size: Annotated[int, Meta(description="In bytes.")]
    filename: Annotated[str | None, Meta(description="As the sender named it.")]
    received_at: Annotated[datetime, Meta(description="UTC.")]


class Evidence(Struct, frozen=True, kw_only=True):
    """The originals of a case."""

    originals: list[OriginalShown]


@get("/api/v1/cases/{case_id:str}/evidence", tags=_TAGS, responses=refusals(404))
async def list_evidence(case_id: CaseId, deps: Deps) -> Evidence:
    """List the originals of a case."""
    record = await deps.desk.cases.get(case_id_of(case_id))
    source = record.source
    shown = OriginalShown(
        sha256=record.original,
        kind=source.kind,
        media_type=source.media_type,
        size=source.size,
        filename=source.filename,
        received_at=record.created_at,
    )
    return Evidence(originals=[shown])


@get(
    "/api/v1/cases/{case_id:str}/evidence/{sha256:str}",
    tags=_TAGS,
    media_type="application/octet-stream",
    responses=refusals(404),
)
async def download_evidence(
    request: Request[Any, Any, Any], case_id: CaseId, sha256: Sha256, deps: Deps, by: By
) -> Response[bytes] | File:
    """Give an original byte for byte; a part of a recording where a Range header asks for one.

    That an original was given whole is on record.
    """
    record = await deps.desk.cases.get(case_id_of(case_id))
    if sha256 != record.original:
        raise NotFoundError("This case has no such original.")
    return await original_of(deps, record, request.headers.get("range", ""), by)


HANDLERS = (list_evidence, download_evidence)
