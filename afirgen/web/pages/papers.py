"""The documents of a case: every kind, language and format, each making of one on record."""

import asyncio
from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from afirgen.case.audit import Action, Event, text_hash
from afirgen.case.fir import FirDocument
from afirgen.case.session import Step
from afirgen.errors import NotFoundError
from afirgen.render.documents import FORMATS, make_document
from afirgen.render.form import Print
from afirgen.render.html import style_policy
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import By, Deps


@get("/cases/{case_id:str}/documents/{kind:str}/{ending:str}")
async def document(
    case_id: FromPath[str],
    kind: FromPath[str],
    ending: FromPath[str],
    deps: Deps,
    by: By,
    language: FromQuery[str] = "en",
) -> Response[Any]:
    """Give a document; HTML is shown with its own style allowed, Word and text are saved."""
    view = await deps.review.view(case_id_of(case_id))
    content = view.contents.get(Step.FINAL)
    if not isinstance(content, FirDocument):
        raise NotFoundError("The form of this case is not drafted yet.")
    number = content.fir_number or ""
    registered = await deps.firs.finalized([number])
    wanted = Print(kind, language, number in registered, registered.get(number))
    data = await asyncio.to_thread(make_document, content, wanted, ending, deps.desk.forms)
    details = {"fir_number": number, "document": f"{kind}.{language}.{ending}", "sha256": text_hash(data)}
    await deps.audit.note(Event(actor=by, action=Action.FIR_EXPORTED, details=details), case_id=view.record.id)
    how = "inline" if ending in {"pdf", "html"} else "attachment"
    headers = {"content-disposition": f'{how}; filename="{number}-{kind}.{ending}"'}
    if ending == "html":
        headers["content-security-policy"] = f"default-src 'none'; style-src {style_policy()}; frame-ancestors 'none'"
    return Response(data, media_type=FORMATS[ending].media_type, headers=headers)


HANDLERS = (document,)
