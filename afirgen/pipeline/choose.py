"""The officer's own choice of sections, from the loaded law only."""

import re

from msgspec import structs

from afirgen.case.law import Assessment, LegalView, SectionRef, Standing
from afirgen.errors import InvalidInputError, NotFoundError
from afirgen.legal_kb.route import duties_for, route_for, to_be_signed
from afirgen.pipeline.assess import LawSources, attributes_of

_SEPARATOR = re.compile(r"[,;\n]+")
_NUMBER = re.compile(r"^(?P<act>.*?)\s*(?P<number>\d+[A-Z]{0,2}(?:\([0-9a-zA-Z]+\))*)$")


def choose_sections(view: LegalView, wanted: str, sources: LawSources) -> LegalView:
    """Return ``view`` with exactly the listed sections proposed; the route and the duties follow them.

    An entry is an act and a number ("IT Act 2000 66D"); without an act the governing penal law is meant.

    Raises:
        InvalidInputError: An entry is not understood or not in the loaded law.
    """
    refs = [_parse(entry, view, sources) for entry in _SEPARATOR.split(wanted) if entry.strip()]
    known = {a.section: a for a in view.assessments}
    chosen = tuple(_chosen(ref, known.get(ref), sources) for ref in refs)
    rest = tuple(
        structs.replace(a, standing=Standing.REJECTED, reason="Not chosen by the officer.")
        if a.standing is Standing.PROPOSED
        else a
        for a in view.assessments
        if a.section not in refs
    )
    route, reason = route_for(chosen, [])
    duties = duties_for(chosen, electronic=to_be_signed(view.duties))
    return structs.replace(view, assessments=chosen + rest, route=route, route_reason=reason, duties=duties)


def _parse(entry: str, view: LegalView, sources: LawSources) -> SectionRef:
    match = _NUMBER.match(entry.strip())
    if match is None:
        raise InvalidInputError("A section was not understood. Write the act and the number, such as BNS 303(2).")
    ref = SectionRef(match["act"] or view.law.value, match["number"])
    if any(a.section == ref for a in view.assessments):
        return ref
    try:
        return sources.kb.section(ref).ref
    except NotFoundError as err:
        raise InvalidInputError(err.public) from err


def _chosen(ref: SectionRef, known: Assessment | None, sources: LawSources) -> Assessment:
    reason = "Chosen by the officer."
    if known is not None:
        if known.standing is Standing.PROPOSED:
            return known
        return structs.replace(known, standing=Standing.PROPOSED, reason=reason, ask=())
    section = sources.kb.section(ref)
    return Assessment(
        section=ref,
        title=section.title,
        statement=section.statement,
        standing=Standing.PROPOSED,
        reason=reason,
        attributes=attributes_of(sources.kb.entries(ref)),
    )
