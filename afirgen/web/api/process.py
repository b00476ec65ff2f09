"""Taking complaints and reviewing them: /process, /validate, /session, /regenerate."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)
from litestar.params import JSONBody, QueryParameter

from afirgen.case.evidence import SourceKind
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import AfirgenError, InvalidInputError, NotFoundError
from afirgen.jobs.views import CaseView
from afirgen.pipeline.run import Original
from afirgen.store.old_sessions import OldSession
from afirgen.web.api.contents import content_of, message_for
from afirgen.web.api.earlier import Processed, Regenerated, SessionShown, Validated, Validation, Wish
from afirgen.web.api.v1.describe import CaseId, refusals
from afirgen.web.deps import By, Deps, WebDeps

# The limit on a file is 25 MiB; the form around it needs some more.
BODY_LIMIT = 25 * 1024 * 1024 + 64 * 1024
_LONGEST_INPUT = 10_000
_DONE = {"text": [], "audio": ["asr_done"], "image": ["ocr_done"]}
KINDS = {"text": {SourceKind.TEXT}, "audio": {SourceKind.AUDIO}, "image": {SourceKind.IMAGE, SourceKind.PDF}}
"""What each field of a form may hold, whatever the file's name says."""


@dataclass
class UploadOperation(Operation):
    """The description of a call whose form is read by hand."""

    def __post_init__(self) -> None:
        """Describe the form."""
        text, file = Schema(type=OpenAPIType.STRING), Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        fields: dict[str, Any] = {"text": text, "audio": file, "image": file, "language": text}
        form = Schema(type=OpenAPIType.OBJECT, properties=fields)
        self.request_body = RequestBody(content={"multipart/form-data": OpenAPIMediaType(schema=form)})


@post(
    "/process",
    status_code=200,
    request_max_body_size=BODY_LIMIT,
    responses=refusals(403, 413, 415, 503),
    operation_class=UploadOperation,
)
async def process(
    request: Request[Any, Any, Any],
    deps: Deps,
    by: By,
    text: Annotated[str | None, QueryParameter(description="The complaint, instead of a field of the form.")] = None,
) -> Processed:
    """Take one complaint as text, audio or image and answer with its transcript.

    The form has exactly one of `text`, `audio` and `image`, and may have `language`. The answer waits for the job.
    """
    field, data, original = await read_upload(request, text)
    record = await deps.reception.accept(data, original, by=by, kinds=KINDS[field], wait=True)
    view = await deps.review.view(record.id)
    failed = view.record.status is SessionStatus.ERROR
    return Processed(
        success=not failed,
        session_id=record.id,
        error=view.record.error,
        steps=[] if failed else _DONE[field],
        requires_validation=not failed,
        current_step=view.record.step.value,
        content_for_validation=await content_of(view, deps.firs) if not failed else None,
    )


async def read_upload(request: Request[Any, Any, Any], text: str | None) -> tuple[str, bytes, Original]:
    """Return which of the three inputs was sent, its bytes and its description; exactly one must be there."""
    form = await request.form() if "form" in request.headers.get("content-type", "") else {}
    given: dict[str, Any] = {name: form.get(name) for name in ("audio", "image", "text")}
    given["text"] = given["text"] or text
    sent = {name: value for name, value in given.items() if value not in (None, "", [])}
    if len(sent) != 1:
        raise InvalidInputError("Send exactly one of audio, image and text.")
    language = form.get("language") or None
    ((field, value),) = sent.items()
    if isinstance(value, UploadFile):
        data = await value.read()
        original = Original(data=data, filename=value.filename, declared=value.content_type, language=language)
        return field, data, original
    if field != "text":
        raise InvalidInputError(f"Send {field} as a file.")
    data = str(value).encode()
    return field, data, Original(data=data, language=language)


@post("/validate", status_code=200, responses=refusals(403, 404, 504))
async def validate(data: JSONBody[Validation], deps: Deps, by: By) -> Validated:
    """Approve, edit, send back or draft again the step that waits; the answer waits for the job of the next step."""
    case_id = case_id_of(data.session_id)
    if data.user_input and len(data.user_input) > _LONGEST_INPUT:
        raise InvalidInputError("user_input is too long. Use at most 10,000 characters.")
    if data.approved:
        # The call knows no way to say so apart: whoever sends a text or approves one stands for it.
        view = await deps.review.approve(case_id, by=by, edit=data.user_input, owns=True)
    elif data.regenerate:
        current = await deps.review.view(case_id)
        view = await deps.review.regenerate(case_id, current.record.step, by=by, note=data.user_input)
    else:
        view = await deps.review.reject(case_id, by=by, note=data.user_input)
    return await _answer(view, deps, approved=data.approved)


async def _answer(view: CaseView, deps: WebDeps, *, approved: bool) -> Validated:
    completed = view.record.status is SessionStatus.COMPLETED
    if view.record.status is SessionStatus.ERROR:
        raise StepFailedError(view.record.error or "The step failed. Try it again.")
    return Validated(
        success=True,
        session_id=view.record.id,
        current_step=view.record.step.value,
        content=await content_of(view, deps.firs),
        message=message_for(view, approved=approved),
        requires_validation=not completed,
        completed=completed,
    )


class StepFailedError(AfirgenError):
    """The model behind the next step did not deliver."""

    status = 504
    code = "step_failed"


@get("/session/{session_id:str}/status", responses=refusals(404))
async def session_status(session_id: CaseId, deps: Deps) -> SessionShown:
    """Tell where a session stands."""
    case_id = case_id_of(session_id)
    try:
        record = await deps.review.record(case_id)
    except NotFoundError:
        return _old_status(await deps.old_sessions.get(case_id))
    return SessionShown(
        session_id=record.id,
        status=record.status.value,
        current_step=record.step.value,
        awaiting_validation=record.status is SessionStatus.AWAITING_VALIDATION,
        created_at=record.created_at.isoformat(),
        last_activity=record.last_activity.isoformat(),
        error=record.error,
    )


def _old_status(session: OldSession) -> SessionShown:
    return SessionShown(
        session_id=session.id,
        status=session.status.value,
        current_step=session.step.value,
        awaiting_validation=False,
        created_at=session.created_at,
        last_activity=session.last_activity,
    )


@post("/regenerate/{session_id:str}", status_code=200, responses=refusals(403, 404, 504))
async def regenerate(
    request: Request[Any, Any, Any],
    session_id: CaseId,
    deps: Deps,
    by: By,
    step: Annotated[str | None, QueryParameter(description="Which step; may be sent as JSON instead.")] = None,
    user_input: Annotated[str | None, QueryParameter(description="What the new draft should heed.")] = None,
) -> Regenerated:
    """Draft a step once more; the answer waits for the job."""
    if step is None and "json" in request.headers.get("content-type", ""):
        wish = _wish(await request.body())
        step, user_input = wish.step, wish.user_input
    try:
        wanted = Step(step or "")
    except ValueError as err:
        raise InvalidInputError(
            "Choose summary_review, violations_review or fir_narrative_review as the step."
        ) from err
    view = await deps.review.regenerate(case_id_of(session_id), wanted, by=by, note=user_input)
    answer = await _answer(view, deps, approved=False)
    return Regenerated(
        success=answer.success,
        session_id=answer.session_id,
        step=wanted.value,
        content=answer.content,
        message=answer.message,
    )


def _wish(body: bytes) -> Wish:
    try:
        return msgspec.json.decode(body, type=Wish)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise InvalidInputError("The JSON is not right. Send an object with step and user_input.") from err


def case_id_of(text: str) -> str:
    """Return the session id in its usual form; raise for what is not a UUID."""
    try:
        return str(UUID(text))
    except ValueError as err:
        raise InvalidInputError("The session id is not a UUID. Check it.") from err


HANDLERS = (process, validate, session_status, regenerate)
