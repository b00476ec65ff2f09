"""Signing in and out, and the language of the pages."""

from typing import Any

from litestar import Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from afirgen.errors import AfirgenError, AuthenticationError
from afirgen.store.sign_in import SESSION_LIFE
from afirgen.web.accounts import COOKIE
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.guard import address_of, from_our_page
from afirgen.web.pages.shell import PageRequest, language_cookie, show, ui_language, ui_languages

Form = URLEncodedBody[dict[str, str]]


@get("/sign-in")
async def sign_in_page(request: PageRequest, deps: Deps) -> Template:
    """Ask for name and password, or for the key where there are no officers yet."""
    page = await _sign_in_form(request, deps, None)
    if "lang" in request.query_params:
        page.cookies.append(language_cookie(ui_language(request)))
    return page


@post("/sign-in", status_code=200)
async def sign_in(request: PageRequest, deps: Deps, data: Form) -> Response[Any]:
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
        return await _sign_in_form(request, deps, err)
    answer = Redirect(own_path(data.get("next", "")), status_code=303)
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
async def sign_out(request: PageRequest, deps: Deps, by: By) -> Redirect:
    """End the session."""
    await deps.accounts.leave(request.cookies.get(COOKIE, ""), by)
    answer = Redirect("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


@post("/language", status_code=200)
async def choose_language(data: Form) -> Redirect:
    """Keep the language of the pages."""
    chosen = data.get("language", "")
    answer = Redirect(own_path(data.get("back", "")), status_code=303)
    if chosen in ui_languages():
        answer.cookies.append(language_cookie(chosen))
    return answer


def own_path(path: str) -> str:
    """Return ``path`` if it leads to a page of ours, else the first page."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else "/"


async def _sign_in_form(request: PageRequest, deps: WebDeps, error: AfirgenError | None) -> Template:
    context = {
        "by_name": await deps.accounts.by_name(),
        "next": own_path(request.query_params.get("next", "")),
    }
    return show(request, "sign_in.html", context, error=error)


HANDLERS = (sign_in_page, sign_in, sign_out, choose_language)
