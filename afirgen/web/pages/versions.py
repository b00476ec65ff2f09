"""The history of a case: every version of every step, what was done, and any two versions side by side."""

import re
from difflib import SequenceMatcher

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Struct

from afirgen.case.session import Step
from afirgen.errors import AfirgenError, NotFoundError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import decode
from afirgen.store.cases import StepVersion
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.marks import text_of
from afirgen.web.pages.shell import PageRequest, show

_WORD = re.compile(r"\s+|\S+")


class Piece(Struct, frozen=True):
    """Some words of a comparison; ``change`` is ``same``, ``gone`` or ``new``."""

    change: str
    text: str


@get("/cases/{case_id:str}/history")
async def history(
    request: PageRequest,
    case_id: FromPath[str],
    deps: Deps,
    step: FromQuery[str] = "",
    a: FromQuery[int] = 0,
    b: FromQuery[int] = 0,
) -> Template:
    """List the versions and the acts, and compare two versions of a step where they are named."""
    return await _page(request, case_id_of(case_id), deps, (step, a, b), None)


@post("/cases/{case_id:str}/restore", status_code=200)
async def restore(
    request: PageRequest, case_id: FromPath[str], deps: Deps, by: By, data: URLEncodedBody[dict[str, str]]
) -> Template | Redirect:
    """Bring an earlier version of the current step back as a new version."""
    case = case_id_of(case_id)
    try:
        view = await deps.review.view(case)
        wanted = int(data.get("version", "0")) if data.get("version", "0").isdigit() else 0
        found = _version(await deps.desk.cases.history(case), view.record.step, wanted)
        seen = Seen(view.record.step, view.versions[view.record.step].version)
        await deps.review.save(case, decode(found), by=by, seen=seen)
    except AfirgenError as err:
        return await _page(request, case, deps, ("", 0, 0), err)
    return Redirect(f"/cases/{case}", status_code=303)


def changes(before: str, after: str) -> tuple[Piece, ...]:
    """Return both texts as one, word by word, with what went and what came."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    pieces: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        pieces += [Piece("gone", "".join(old[i:j]))] if j > i else []
        pieces += [Piece("new", "".join(new[k:m]))] if m > k else []
    return tuple(pieces)


def since_machine(versions: tuple[StepVersion, ...], step: Step) -> tuple[Piece, ...]:
    """Return what officers changed in a step since the newest draft of the machine; empty where nothing."""
    own = [v for v in versions if v.step is step]
    drafts = [n for n, v in enumerate(own) if v.author == "machine"]
    if not drafts or own[-1].author == "machine":
        return ()
    return changes(text_of(decode(own[drafts[-1]])), text_of(decode(own[-1])))


def before_last_change(versions: tuple[StepVersion, ...], step: Step) -> int | None:
    """Return the number of the version that undoing the last change brings back, None where there is none.

    What was brought back already stands where it stood first: undoing once more goes on from there.
    """
    own = [v for v in versions if v.step is step]
    first = next((n for n, v in enumerate(own) if v.content == own[-1].content), 0)
    return own[first - 1].version if first else None


async def _page(
    request: PageRequest, case: str, deps: WebDeps, wanted: tuple[str, int, int], error: AfirgenError | None
) -> Template:
    record = await deps.desk.cases.get(case)
    versions = await deps.desk.cases.history(case)
    compared: tuple[Piece, ...] | None = None
    step, a, b = wanted
    if step and error is None:
        try:
            texts = [text_of(decode(_version(versions, Step(step), number))) for number in (a, b)]
            compared = changes(*texts)
        except (ValueError, NotFoundError):
            error = NotFoundError("There is no such version to compare.")
    context = {
        "record": record,
        "versions": versions,
        "compared": compared,
        "wanted": wanted,
        "entries": await deps.audit.of_case(case),
    }
    return show(request, "history.html", context, error=error)


def _version(versions: tuple[StepVersion, ...], step: Step, number: int) -> StepVersion:
    found = next((v for v in versions if v.step is step and v.version == number), None)
    if found is None:
        raise NotFoundError("There is no such version of this step.")
    return found


HANDLERS = (history, restore)
