"""The sections of a case and the officer's decisions on them; finding sections of the loaded law."""

import asyncio
from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from afirgen.case.law import Assessment, Attributes, Law, LegalView, Route
from afirgen.case.session import Step
from afirgen.errors import NotFoundError
from afirgen.jobs.sections import Decision, accept_section, add_section, decisions_in, remove_section
from afirgen.jobs.views import CaseView
from afirgen.web.api.process import case_id_of
from afirgen.web.api.v1.describe import CaseId, SeenVersion, Version, refusals
from afirgen.web.deps import By, Deps, WebDeps

_TAGS = ["Sections"]
_EXAMPLE = "BNS 303(2)"
SectionName = Annotated[str, PathParameter(description=f"Act and number, such as {_EXAMPLE}.", max_length=200)]


class SectionChoice(Struct, frozen=True, kw_only=True):
    """A section to be added."""

    section: Annotated[str, Meta(description="Act and number; without an act the governing penal law.",
                                 examples=[_EXAMPLE], min_length=1, max_length=200)]  # fmt: skip
    version: Version = None


class SectionShown(Struct, frozen=True, kw_only=True):
    """A section that was brought up or added, with what the complaint says of it and what was decided."""

    name: Annotated[str, Meta(examples=[_EXAMPLE])]
    chosen: Annotated[bool, Meta(description="Whether it goes on the form as things stand.")]
    assessment: Assessment
    decisions: Annotated[list[Decision], Meta(description="Accepted, removed or added: by whom and when.")]


class CaseSections(Struct, frozen=True, kw_only=True):
    """The sections of a case in their order."""

    version: Annotated[int, Meta(description="The version of the step.", examples=[1])]
    law: Law
    law_reason: str
    route: Route
    route_reason: str
    sections: list[SectionShown]


class SectionFound(Struct, frozen=True, kw_only=True):
    """A section of the loaded law."""

    name: Annotated[str, Meta(examples=[_EXAMPLE])]
    title: str
    statement: Annotated[str, Meta(description="What it says, in this program's own words.")]
    attributes: tuple[Attributes, ...]


class SectionsFound(Struct, frozen=True, kw_only=True):
    """Sections that fit, best first."""

    sections: list[SectionFound]


@get("/api/v1/sections", tags=_TAGS, responses=refusals())
async def find_sections(
    deps: Deps, find: Annotated[str, QueryParameter(description="Words or a number.", max_length=200)]
) -> SectionsFound:
    """Find offences of the loaded law by number or by words."""
    found = await asyncio.to_thread(deps.desk.finder.find, find) if find.strip() else ()
    return SectionsFound(
        sections=[
            SectionFound(name=str(s.ref), title=s.title, statement=s.statement, attributes=s.attributes) for s in found
        ]
    )


@get("/api/v1/cases/{case_id:str}/sections", tags=_TAGS, responses=refusals(404))
async def case_sections(case_id: CaseId, deps: Deps) -> CaseSections:
    """Return the sections of a case with their ingredient tables and the officers' decisions."""
    return await _shown(await deps.review.view(case_id_of(case_id)), deps)


@post("/api/v1/cases/{case_id:str}/sections", tags=_TAGS, status_code=200, responses=refusals(403, 404, 409))
async def add(case_id: CaseId, data: JSONBody[SectionChoice], deps: Deps, by: By) -> CaseSections:
    """Add a section of the loaded law."""
    view = await add_section(deps.review, case_id_of(case_id), data.section, by=by, version=data.version)
    return await _shown(view, deps)


@post(
    "/api/v1/cases/{case_id:str}/sections/{section:str}/accept",
    tags=_TAGS,
    status_code=200,
    responses=refusals(403, 404, 409),
)
async def accept(
    case_id: CaseId, section: SectionName, deps: Deps, by: By, version: SeenVersion = None
) -> CaseSections:
    """Accept a section that the program brought up; one that was only possible is chosen by that."""
    view = await accept_section(deps.review, case_id_of(case_id), section, by=by, version=version)
    return await _shown(view, deps)


@delete(
    "/api/v1/cases/{case_id:str}/sections/{section:str}",
    tags=_TAGS,
    status_code=200,
    responses=refusals(403, 404, 409),
)
async def remove(
    case_id: CaseId, section: SectionName, deps: Deps, by: By, version: SeenVersion = None
) -> CaseSections:
    """Take a section off the chosen ones; that it was there stays on record."""
    view = await remove_section(deps.review, case_id_of(case_id), section, by=by, version=version)
    return await _shown(view, deps)


async def _shown(view: CaseView, deps: WebDeps) -> CaseSections:
    law = view.contents.get(Step.VIOLATIONS)
    if not isinstance(law, LegalView):
        raise NotFoundError("The sections of this case are not drafted yet.")
    decisions = decisions_in(await deps.audit.of_case(view.record.id))
    chosen = {a.section for a in law.proposed}
    return CaseSections(
        version=view.versions[Step.VIOLATIONS].version,
        law=law.law,
        law_reason=law.law_reason,
        route=law.route,
        route_reason=law.route_reason,
        sections=[
            SectionShown(
                name=str(a.section),
                chosen=a.section in chosen,
                assessment=a,
                decisions=[d for d in decisions if d.section == str(a.section)],
            )
            for a in law.assessments
        ],
    )


HANDLERS = (find_sections, case_sections, add, accept, remove)
