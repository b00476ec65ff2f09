"""What was drafted and written in a case: every version of every step, and what differs between two."""

from typing import Annotated

from litestar import get, post
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Struct

from afirgen.case.session import Step
from afirgen.errors import NotFoundError, StepConflictError
from afirgen.jobs.review import Seen
from afirgen.jobs.views import decode
from afirgen.store.cases import StepVersion
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.answers import CaseFull, StepContent, StepShown, case_full, content_shown, step_shown
from afirgen.web.api.v1.describe import MOST, CaseId, refusals
from afirgen.web.deps import By, Deps, WebDeps
from afirgen.web.pages.marks import text_of
from afirgen.web.pages.versions import Piece, changes

_TAGS = ["Versions"]
AnyStep = Annotated[Step, PathParameter(description="A step of the case.")]
Number = Annotated[int, PathParameter(description="A version's number.", ge=1, le=MOST)]


class Versions(Struct, frozen=True, kw_only=True):
    """All versions of all steps, oldest first."""

    versions: list[StepShown]


class VersionFull(Struct, frozen=True, kw_only=True):
    """A version with its content."""

    version: StepShown
    content: StepContent


class Difference(Struct, frozen=True, kw_only=True):
    """Two versions of a step as one text, word by word."""

    step: Step
    older: int
    newer: int
    pieces: Annotated[list[Piece], Meta(description="Words in order; change is same, gone or new.")]


@get("/api/v1/cases/{case_id:str}/versions", tags=_TAGS, responses=refusals(404))
async def list_versions(case_id: CaseId, deps: Deps) -> Versions:
    """List the versions of all steps. The first of each step is the machine's draft; none is ever changed."""
    return Versions(versions=[step_shown(version) for version in await _history(case_id_of(case_id), deps)])


@get("/api/v1/cases/{case_id:str}/versions/{step:str}/{version:int}", tags=_TAGS, responses=refusals(404))
async def show_version(case_id: CaseId, step: AnyStep, version: Number, deps: Deps) -> VersionFull:
    """Return a version with its content."""
    found = _one(await _history(case_id_of(case_id), deps), step, version)
    return VersionFull(version=step_shown(found), content=content_shown(decode(found)))


@get("/api/v1/cases/{case_id:str}/diff/{step:str}", tags=_TAGS, responses=refusals(404))
async def compare_versions(
    case_id: CaseId,
    step: AnyStep,
    deps: Deps,
    older: Annotated[int, QueryParameter(description="The version to compare from.", ge=1, le=MOST)],
    newer: Annotated[int, QueryParameter(description="The version to compare to.", ge=1, le=MOST)],
) -> Difference:
    """Compare what two versions of a step say, word by word."""
    history = await _history(case_id_of(case_id), deps)
    before, after = (text_of(decode(_one(history, step, number))) for number in (older, newer))
    return Difference(step=step, older=older, newer=newer, pieces=list(changes(before, after)))


@post(
    "/api/v1/cases/{case_id:str}/versions/{step:str}/{version:int}/restore",
    tags=_TAGS,
    status_code=200,
    responses=refusals(403, 404, 409),
)
async def restore_version(case_id: CaseId, step: AnyStep, version: Number, deps: Deps, by: By) -> CaseFull:
    """Bring an earlier version of the current step back as its newest one."""
    case = case_id_of(case_id)
    view = await deps.review.view(case)
    found = _one(await _history(case, deps), step, version)
    if view.record.step is not step:
        raise StepConflictError(f"This case is at another step now: {view.record.step.value}.")
    seen = Seen(step, view.versions[step].version)
    return await case_full(await deps.review.save(case, decode(found), by=by, seen=seen), deps)


async def _history(case: str, deps: WebDeps) -> tuple[StepVersion, ...]:
    history = await deps.desk.cases.history(case)
    if not history:
        await deps.desk.cases.get(case)
    return history


def _one(history: tuple[StepVersion, ...], step: Step, number: int) -> StepVersion:
    found = next((v for v in history if v.step is step and v.version == number), None)
    if found is None:
        raise NotFoundError("There is no such version of this step.")
    return found


HANDLERS = (list_versions, show_version, compare_versions, restore_version)
