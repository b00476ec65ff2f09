"""The documents of a case: every kind, language and format, each making of one on record."""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from afirgen.render.html import style_policy
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import By, Deps
from afirgen.web.handouts import document_of


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
    made = await document_of(deps, case_id_of(case_id), (kind, language, ending), by)
    how = "inline" if ending in {"pdf", "html"} else "attachment"
    headers = {"content-disposition": f'{how}; filename="{made.filename}"'}
    if ending == "html":
        headers["content-security-policy"] = (
            f"default-src 'none'; font-src 'self'; style-src {style_policy()}; frame-ancestors 'none'"
        )
    return Response(made.data, media_type=made.media_type, headers=headers)


@get("/cases/{case_id:str}/documents")
async def chosen_document(
    case_id: FromPath[str], kind: FromQuery[str], language: FromQuery[str], ending: FromQuery[str]
) -> Redirect:
    """Lead to the document that was chosen in a form."""
    path = f"/cases/{case_id_of(case_id)}/documents/{quote(kind, safe='')}/{quote(ending, safe='')}"
    return Redirect(f"{path}?{urlencode({'language': language})}", status_code=303)


HANDLERS = (document, chosen_document)
