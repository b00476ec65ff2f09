"""The documents of a case in every kind, language and file format; each making of one is on record."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Struct

from afirgen.render.documents import FORMATS
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.describe import CaseId, refusals
from afirgen.web.deps import By, Deps
from afirgen.web.handouts import document_of, form_of, put_export_on_record

_TAGS = ["Documents"]
_JSON = "json"
Kind = Annotated[str, PathParameter(description="fir, ncr or another kind from the list.", max_length=50)]
Ending = Annotated[str, PathParameter(description="pdf, docx, html, txt or json.", max_length=10)]
FormLanguage = Annotated[str, QueryParameter(description="The form's language, from the list.", max_length=20)]


class DocumentList(Struct, frozen=True, kw_only=True):
    """What can be made of the form of a case."""

    kinds: Annotated[list[str], Meta(examples=[["fir", "ncr"]])]
    languages: Annotated[list[str], Meta(examples=[["en", "hi", "en-hi"]])]
    formats: Annotated[list[str], Meta(description="json is the record itself, the same for every kind.")]
    fir_number: str | None
    registered: Annotated[bool, Meta(description="Until it is, every print is marked as a draft.")]
    register_number: Annotated[
        str | None, Meta(description="In the station's register, with the year.", examples=["12/2025"])
    ]


@get("/api/v1/cases/{case_id:str}/documents", tags=_TAGS, responses=refusals(404))
async def list_documents(case_id: CaseId, deps: Deps) -> DocumentList:
    """List the documents that can be made; the form has to be drafted."""
    form = await form_of(deps, case_id_of(case_id))
    number = form.fir_number or ""
    registered = await deps.firs.finalized([number])
    entry = registered.get(number)
    return DocumentList(
        kinds=list(deps.desk.forms.kinds),
        languages=list(deps.desk.forms.languages),
        formats=[*FORMATS, _JSON],
        fir_number=form.fir_number,
        registered=number in registered,
        register_number=str(entry) if entry else None,
    )


@get(
    "/api/v1/cases/{case_id:str}/documents/{kind:str}/{ending:str}",
    tags=_TAGS,
    media_type="application/octet-stream",
    responses=refusals(404),
)
async def document(
    case_id: CaseId, kind: Kind, ending: Ending, deps: Deps, by: By, language: FormLanguage = "en"
) -> Response[bytes]:
    """Make a document of the newest form as a file."""
    case = case_id_of(case_id)
    if ending == _JSON:
        deps.desk.forms.layout(kind)
        deps.desk.forms.wording(language)
        form = await form_of(deps, case)
        data, media_type, number = msgspec.json.encode(form), "application/json", form.fir_number or ""
        filename = f"{number}.json"
        await put_export_on_record(deps, case, number, filename, data, by)
    else:
        made = await document_of(deps, case, (kind, language, ending), by)
        data, media_type, filename = made.data, made.media_type, made.filename
    headers = {"content-disposition": f'attachment; filename="{filename}"'}
    return Response(data, media_type=media_type, headers=headers)


HANDLERS = (list_documents, document)
