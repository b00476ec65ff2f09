"""What all pages share: the language of the page, its words, and how a page is shown."""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Template

from afirgen.errors import AfirgenError
from afirgen.render.wording import shipped_forms

PageRequest = Request[Any, Any, Any]
UI_COOKIE = "afirgen_language"
LANGUAGE = "language"
"""Under which name the application knows the station's language."""
_YEAR_S = 365 * 24 * 3600


@cache
def words(language: str) -> dict[str, Any]:
    """Return the words of the pages in a language."""
    file = resources.files("afirgen.web") / "words" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def ui_languages() -> tuple[str, ...]:
    """Return the codes of the languages that the pages are there in, English first."""
    folder = resources.files("afirgen.web") / "words"
    codes = sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    return ("en", *(code for code in codes if code != "en"))


def said(sentence: str, language: str) -> str:
    """Return a fixed sentence of the program in the language of the page, as it is where it is not in the data."""
    own: dict[str, str] = words(language).get("said", {})
    if sentence in own:
        return own[sentence]
    for pattern, translated in _patterns(language):
        if found := pattern.fullmatch(sentence):
            return translated.format(*(said(part, language) for part in found.groups()))
    return shipped_forms().wording(language).said(sentence)


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences with something in them that changes, as patterns, each with its translation."""
    own: dict[str, str] = words(language).get("said", {})
    return tuple(
        (re.compile(re.escape(sentence).replace(r"\{\}", "(.+)")), translated)
        for sentence, translated in own.items()
        if "{}" in sentence
    )


def ui_language(request: PageRequest) -> str:
    """Return the language that was asked for in the address or chosen before, else the station's, else English."""
    own = request.app.state.get(LANGUAGE) or ""
    asked = request.query_params.get("lang") or request.cookies.get(UI_COOKIE) or own
    return asked if asked in ui_languages() else "en"


def language_cookie(language: str) -> Cookie:
    """Return the cookie that keeps the chosen language for a year."""
    return Cookie(key=UI_COOKIE, value=language, max_age=_YEAR_S, samesite="strict", httponly=True, path="/")


def show(
    request: PageRequest,
    name: str,
    context: dict[str, Any],
    *,
    error: AfirgenError | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Template:
    """Return a page in the reader's language; ``error`` or ``problem`` is told at its top, an error sets the status."""
    language = ui_language(request)
    common = {
        "t": words(language),
        "ui": language,
        "ui_names": {code: words(code)["own_name"] for code in ui_languages()},
        "problem": said(error.public if error else problem or "", language),
        "user": request.scope.get("user"),
    }
    return Template(name, context={**common, **context}, status_code=error.status if error else status)
