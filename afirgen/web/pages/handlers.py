"""The pages: sign-in, a new complaint, and the review of a case."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from afirgen.case.law import Standing, Verdict
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import AfirgenError, AuthenticationError, EmptyInputError, InvalidInputError
from afirgen.pipeline.run import Original
from afirgen.store.sign_in import SESSION_LIFE
from afirgen.web.accounts import COOKIE
from afirgen.web.api.process import BODY_LIMIT, case_id_of
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.guard import address_of, from_our_page

Form = URLEncodedBody[dict[str, str]]
_STEPS = (
    (Step.TRANSCRIPT, "Transcript"),
    (Step.SUMMARY, "Summary and facts"),
    (Step.VIOLATIONS, "Sections"),
    (Step.NARRATIVE, "Narrative"),
    (Step.FINAL, "FIR"),
)
_RECENT = 15
# Tells an extra field of the sections form, which lists what is accepted, from an untouched form.
_CHOSEN = "chosen"


@get("/sign-in")
async def sign_in_page(deps: Deps) -> Template:
    """Ask for name and password, or for the key where there are no officers yet."""
    return await _sign_in_form(deps, None)


@post("/sign-in", status_code=200)
async def sign_in(request: Request[Any, Any, Any], deps: Deps, data: Form) -> Response[Any]:
    """Give a session cookie for a password or the key."""
    try:
        from_our_page(request)
        token = await deps.accounts.enter(
            key=data.get("key", "").strip(),
            name=data.get("name", ""),
            password=data.get("password", ""),
            address=address_of(request),
        )
    except AuthenticationError as err:
        return await _sign_in_form(deps, err)
    answer = Redirect("/", status_code=303)
    answer.set_cookie(
        key=COOKIE,
        value=token,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=deps.settings.secure_cookies,
    )
    return answer


@post("/sign-out", status_code=200)
async def sign_out(request: Request[Any, Any, Any], deps: Deps, by: By) -> Redirect:
    """End the session."""
    await deps.accounts.leave(request.cookies.get(COOKIE, ""), by)
    answer = Redirect("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


@get("/")
async def home(deps: Deps) -> Template:
    """Offer a new complaint and list the newest cases."""
    return await _home(deps, None)


@post("/cases", status_code=200, request_max_body_size=BODY_LIMIT)
async def new_case(request: Request[Any, Any, Any], deps: Deps, by: By) -> Response[Any]:
    """Take a complaint from the page; a refusal is shown beside the form."""
    try:
        data, original = await _complaint(request)
        record = await deps.review.accept(data, original, by=by)
    except AfirgenError as err:
        return await _home(deps, err)
    return Redirect(f"/cases/{record.id}", status_code=303)


@get("/cases/{case_id:str}")
async def case_page(case_id: FromPath[str], deps: Deps) -> Template:
    """Show the current step of a case, or how far the work on it is."""
    return await _case(case_id_of(case_id), deps, None)


@post("/cases/{case_id:str}", status_code=200)
async def decide(request: Request[Any, Any, Any], case_id: FromPath[str], deps: Deps, by: By) -> Response[Any]:
    """Carry out the officer's decision on the current step."""
    case = case_id_of(case_id)
    form = await request.form()
    action, edit = str(form.get("action", "")), _edit(form)
    try:
        if action == "approve":
            await deps.review.approve(case, by=by, edit=edit, wait=False)
        elif action == "again":
            step = (await deps.review.view(case)).record.step
            note = str(form.get("note") or "") or None
            await deps.review.regenerate(case, step, by=by, note=note, wait=False)
        elif action == "retry":
            await deps.review.retry(case, by=by, wait=False)
        else:
            raise InvalidInputError("Choose what to do with this step.")
    except AfirgenError as err:
        return await _case(case, deps, err)
    return Redirect(f"/cases/{case}", status_code=303)


async def _complaint(request: Request[Any, Any, Any]) -> tuple[bytes, Original]:
    """Return what the form holds: a file or recording if one was chosen, else the typed text."""
    form = await request.form()
    language = str(form.get("language") or "") or None
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        data = await file.read()
        return data, Original(data=data, filename=file.filename, declared=file.content_type, language=language)
    text = str(form.get("text") or "")
    if not text.strip():
        raise EmptyInputError("Type the complaint, choose a file or make a recording.")
    return text.encode(), Original(data=text.encode(), language=language)


def _edit(form: Any) -> str | None:
    """Return the officer's text where it differs from what was shown."""
    if _CHOSEN in form:
        chosen = form.getall("section", [])
        added = str(form.get("added") or "").strip()
        wanted = "\n".join([*chosen, *([added] if added else [])])
        return wanted if wanted != str(form.get("shown", "")).replace("\r\n", "\n") else None
    text = str(form.get("text") or "").replace("\r\n", "\n").strip()
    return text if text and text != str(form.get("shown") or "").replace("\r\n", "\n").strip() else None


async def _sign_in_form(deps: WebDeps, error: AfirgenError | None) -> Template:
    context = {"problem": _sentence(error), "by_name": await deps.accounts.by_name()}
    return Template("sign_in.html", context=context, status_code=error.status if error else 200)


async def _home(deps: WebDeps, error: AfirgenError | None) -> Template:
    recent = await deps.review.recent(_RECENT)
    engines = deps.models.statuses()
    context = {"recent": recent, "problem": _sentence(error), "engines": engines}
    return Template("home.html", context=context, status_code=error.status if error else 200)


async def _case(case_id: str, deps: WebDeps, error: AfirgenError | None) -> Template:
    view = await deps.review.view(case_id)
    step = view.record.step
    order = [s for s, _ in _STEPS]
    context = {
        "view": view,
        "record": view.record,
        "content": view.contents.get(step),
        "steps": [(s, name, order.index(s) <= order.index(step)) for s, name in _STEPS],
        "problem": _sentence(error),
        "progress": deps.review.progress(case_id),
        "processing": view.record.status is SessionStatus.PROCESSING,
        "failed": view.record.status is SessionStatus.ERROR,
        "completed": view.record.status is SessionStatus.COMPLETED,
        "Standing": Standing,
        "Verdict": Verdict,
    }
    return Template("case.html", context=context, status_code=error.status if error else 200)


def _sentence(error: AfirgenError | None) -> str | None:
    return error.public if error else None


HANDLERS = (sign_in_page, sign_in, sign_out, home, new_case, case_page, decide)
