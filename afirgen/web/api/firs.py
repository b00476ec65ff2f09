"""Finished FIRs: /fir, /list_firs, /authenticate, and their documents."""

import asyncio
import hmac
import re
from datetime import datetime
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.openapi.spec import Example
from litestar.params import JSONBody, PathParameter, QueryParameter

from afirgen.case.audit import Action, Actor, Event, text_hash
from afirgen.case.fir import FirDocument
from afirgen.case.session import FirStatus, Step
from afirgen.errors import AuthenticationError, InvalidInputError, NotFoundError
from afirgen.render.documents import make_document
from afirgen.render.form import Print
from afirgen.store.firs import FirRecord, case_of
from afirgen.web.api.earlier import Authenticated, Authentication, FirList, FirListed, FirShown, FirWithContent
from afirgen.web.api.v1.describe import FIR_NUMBER, Limit, Offset, refusals
from afirgen.web.deps import By, Deps, WebDeps

_NUMBER = re.compile(r"FIR-[a-f0-9]{8}-[0-9]{14}")
_KEY_LENGTH = range(8, 257)
Number = Annotated[str, PathParameter(description="The FIR's number.", examples=[Example(value=FIR_NUMBER)])]


@get("/fir/{number:str}", responses=refusals(404))
async def fir(number: Number, deps: Deps) -> FirShown:
    """Tell an FIR's status."""
    return FirShown(**_shown(await deps.firs.get(checked(number))))


@get("/fir/{number:str}/content", responses=refusals(404))
async def fir_content(number: Number, deps: Deps) -> FirWithContent:
    """Return an FIR with its text."""
    record = await deps.firs.get(checked(number))
    return FirWithContent(**_shown(record), content=record.content or "")


@get("/fir/{number:str}/document.pdf", media_type="application/pdf", responses=refusals(404))
async def fir_pdf(
    number: Number,
    deps: Deps,
    by: By,
    language: Annotated[str, QueryParameter(description="The form's language: en, hi or en-hi.", max_length=20)] = "en",
) -> Response[bytes]:
    """Return the print of an FIR."""
    record = await deps.firs.get(checked(number))
    pdf = await _made(deps, record, language, "pdf")
    if pdf is None:
        raise NotFoundError("This FIR has no document here. Open its text instead.")
    await _exported(deps, by, record, pdf)
    headers = {"content-disposition": f'inline; filename="{number}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


@get("/fir/{number:str}/document.txt", media_type="text/plain", responses=refusals(404))
async def fir_text(number: Number, deps: Deps, by: By) -> Response[bytes]:
    """Return the text of an FIR as a file."""
    record = await deps.firs.get(checked(number))
    text = await _made(deps, record, "en", "txt") or (record.content or "").encode()
    await _exported(deps, by, record, text)
    headers = {"content-disposition": f'attachment; filename="{number}.txt"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@get("/list_firs", responses=refusals())
async def list_firs(deps: Deps, limit: Limit = 20, offset: Offset = 0) -> FirList:
    """List FIRs, newest first."""
    records = await deps.firs.page(limit=limit, offset=offset)
    listed = [_listed(record) for record in records]
    return FirList(records=listed, limit=limit, offset=offset, count=len(listed))


@post("/authenticate", status_code=200, responses=refusals(403, 404))
async def authenticate(data: JSONBody[Authentication], deps: Deps, by: By) -> Authenticated:
    """Finalize an FIR with the station's key."""
    number = checked(data.fir_number)
    if len(data.auth_key) not in _KEY_LENGTH:
        raise InvalidInputError("auth_key has 8 to 256 characters.")
    expected = deps.settings.fir_auth_key
    if not expected or not hmac.compare_digest(data.auth_key.encode(), expected.encode()):
        await deps.audit.note(Event(actor=by, action=Action.FIR_REFUSED, details={"fir_number": number}))
        raise AuthenticationError("The key is not right.")
    entry = await deps.firs.finalize(number, Event(actor=by, action=Action.FIR_FINALIZED))
    return Authenticated(success=True, message="The FIR is finalized.", fir_number=number, register_number=str(entry))


async def _made(deps: WebDeps, record: FirRecord, language: str, ending: str) -> bytes | None:
    """Return the form of an FIR as a file, None for one of an earlier installation, which has only its text."""
    if case_of(record.session_id) is None:
        return None
    try:
        document = (await deps.review.view(record.session_id or "")).contents.get(Step.FINAL)
    except NotFoundError:
        return None
    if not isinstance(document, FirDocument):
        return None
    wanted = Print("fir", language, record.status is FirStatus.FINALIZED, record.register)
    return await asyncio.to_thread(make_document, document, wanted, ending, deps.desk.forms)


async def _exported(deps: WebDeps, by: Actor, record: FirRecord, document: bytes) -> None:
    details = {"fir_number": record.fir_number, "sha256": text_hash(document)}
    await deps.audit.note(
        Event(actor=by, action=Action.FIR_EXPORTED, details=details), case_id=case_of(record.session_id)
    )


def checked(number: str) -> str:
    """Return an FIR number; raise :class:`InvalidInputError` for what does not look like one."""
    if not _NUMBER.fullmatch(number):
        raise InvalidInputError("The FIR number is not right. It looks like FIR-1a2b3c4d-20250307143000.")
    return number


def _listed(record: FirRecord) -> FirListed:
    shown = _shown(record)
    return FirListed(**{name: shown[name] for name in FirListed.__struct_fields__})


def _shown(record: FirRecord) -> dict[str, Any]:
    return {
        "fir_number": record.fir_number,
        "status": record.status.value,
        "created_at": _iso(record.created_at),
        "finalized_at": _iso(record.finalized_at),
        "register_number": str(record.register) if record.register else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


HANDLERS = (fir, fir_content, fir_pdf, fir_text, list_firs, authenticate)
