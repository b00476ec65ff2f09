"""Working on a case: looking at its steps, keeping what is written, deciding, and putting things on record."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from afirgen.case.audit import Actor
from afirgen.case.session import SessionStatus, Step
from afirgen.errors import AfirgenError, InvalidInputError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import CaseView
from afirgen.web.acts import RecordKind, attest, put_on_record, register
from afirgen.web.api.process import case_id_of
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.case_page import case_template, work_on
from afirgen.web.pages.edits import Fields, edit_in, fields_of_form, seen_in, step_named
from afirgen.web.pages.shell import PageRequest, show


@get("/cases/{case_id:str}")
async def case_page(request: PageRequest, case_id: FromPath[str], deps: Deps, step: FromQuery[str] = "") -> Template:
    """Show the current step of a case, an earlier one, or how far the work on it is."""
    return await case_template(request, case_id_of(case_id), deps, asked=step)


@get("/cases/{case_id:str}/progress")
async def progress(request: PageRequest, case_id: FromPath[str], deps: Deps) -> Template | Response[str]:
    """Tell how far the work is; once it is over, the page is asked to load itself anew."""
    case = case_id_of(case_id)
    record = await deps.desk.cases.get(case)
    if record.status is not SessionStatus.PROCESSING:
        return Response("", media_type="text/html", headers={"HX-Refresh": "true"})
    return show(request, "progress.html", {"record": record, **await work_on(case, deps)})


@get("/cases/{case_id:str}/sections")
async def find_sections(
    request: PageRequest, case_id: FromPath[str], deps: Deps, find: FromQuery[str] = ""
) -> Template:
    """Find sections of the loaded law to add."""
    case_id_of(case_id)
    found = await asyncio.to_thread(deps.desk.finder.find, find[:200]) if find.strip() else ()
    return show(request, "found_sections.html", {"found": found, "asked": bool(find.strip())})


@post("/cases/{case_id:str}/autosave", status_code=200)
async def autosave(request: PageRequest, case_id: FromPath[str], deps: Deps, by: By) -> Template:
    """Keep what stands in the form as a version, without approving anything."""
    case, form = case_id_of(case_id), fields_of_form(await request.form())
    version, error = None, None
    try:
        view = await deps.review.view(case)
        seen = seen_in(form)
        edit = edit_in(view, form)
        if seen is None:
            raise InvalidInputError("Reload this page and try again.")
        if edit is not None:
            view = await deps.review.save(case, edit, by=by, seen=seen)
        version = view.versions[view.record.step].version if edit is not None else None
    except AfirgenError as err:
        error = err
    context = {"version": version, "now": datetime.now(UTC)}
    return show(request, "saved.html", context, error=error)


@post("/cases/{case_id:str}", status_code=200)
async def decide(request: PageRequest, case_id: FromPath[str], deps: Deps, by: By) -> Response[Any]:
    """Carry out the officer's decision on the current step; after a refusal nothing that was typed is lost."""
    case, form = case_id_of(case_id), fields_of_form(await request.form())
    try:
        await _carry_out(case, form, deps, by)
    except AfirgenError as err:
        return await case_template(request, case, deps, error=err, typed=form)
    return Redirect(f"/cases/{case}", status_code=303)


async def _carry_out(case: str, form: Fields, deps: WebDeps, by: Actor) -> None:
    action = form.get("action", "")
    if action in {"approve", "save"}:
        view = await deps.review.view(case)
        edit, seen = edit_in(view, form), seen_in(form)
        if action == "save":
            if edit is not None:
                await deps.review.save(case, edit, by=by, seen=seen or _current(view))
            return
        if view.record.step is Step.FINAL:
            await attest(deps, case, form.get("attest", ""), by)
        owns = bool(form.get("own_knowledge"))
        await deps.review.approve(case, by=by, edit=edit, seen=seen, owns=owns, wait=False)
    elif action == "again":
        await deps.review.regenerate(case, await _named_step(case, form, deps), by=by, wait=False)
    elif action == "back":
        await deps.review.reopen(case, await _named_step(case, form, deps), by=by)
    elif action == "retry":
        await deps.review.retry(case, by=by, wait=False)
    elif action == "by_hand":
        await deps.review.by_hand(case, by=by)
    else:
        await _put_on_record(case, action, form, deps, by)


async def _put_on_record(case: str, action: str, form: Fields, deps: WebDeps, by: Actor) -> None:
    """Carry out what decides no step."""
    if action in set(RecordKind):
        details = {key: form.get(key) for key in ("language", "who", "duty")}
        await put_on_record(deps, case, RecordKind(action), details, by)
    elif action == "hold":
        await deps.desk.holds.set(case, form.get("reason", ""), by)
    elif action == "lift_hold":
        await deps.desk.holds.lift(case, by)
    elif action == "register":
        await register(deps, case, form.get("auth_key", ""), by)
    else:
        raise InvalidInputError("Choose what to do with this step.")


async def _named_step(case: str, form: Fields, deps: WebDeps) -> Step:
    """Return the step that a form names, the current one where it names none."""
    return step_named(form.get("from", "")) or (await deps.review.view(case)).record.step


def _current(view: CaseView) -> Seen:
    return Seen(view.record.step, view.versions[view.record.step].version)


HANDLERS = (case_page, progress, find_sections, autosave, decide)
