"""The officer's decision on one section: accept what is proposed, remove it, or add one of the loaded law."""

import msgspec

from afirgen.case.audit import Action, Actor, Entry
from afirgen.case.law import LegalView
from afirgen.case.session import Step
from afirgen.errors import InvalidInputError, NotFoundError, StepConflictError
from afirgen.jobs.review import Review, Seen
from afirgen.jobs.views import CaseView

ACCEPTED, REMOVED, ADDED = "accepted", "removed", "added"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about a section, by whom and when (UTC, ISO)."""

    section: str
    decision: str
    by: str
    role: str
    at: str


async def add_section(review: Review, case_id: str, section: str, *, by: Actor, version: int | None = None) -> CaseView:
    """Put a section of the loaded law among the chosen ones.

    Raises:
        InvalidInputError: It is not understood, not in the loaded law, or chosen already.
        StepConflictError: The case is not at its sections.
        ChangedMeanwhileError: ``version`` is not the newest any more.
    """
    view, law = await _at_sections(review, case_id)
    if "," in section or ";" in section or "\n" in section:
        raise InvalidInputError("Send one section at a time, such as BNS 303(2).")
    if section in _chosen(law):
        raise InvalidInputError("This section is chosen already.")
    return await review.save(case_id, "\n".join([*_chosen(law), section]), by=by, seen=_seen(view, version))


async def remove_section(
    review: Review, case_id: str, section: str, *, by: Actor, version: int | None = None
) -> CaseView:
    """Take a section off the chosen ones; it stays on record as not chosen.

    Raises:
        NotFoundError: It is not among the chosen.
        StepConflictError: The case is not at its sections.
        ChangedMeanwhileError: ``version`` is not the newest any more.
    """
    view, law = await _at_sections(review, case_id)
    if section not in _chosen(law):
        raise NotFoundError("This section is not among the chosen ones.")
    kept = [other for other in _chosen(law) if other != section]
    return await review.save(case_id, "\n".join(kept), by=by, seen=_seen(view, version))


async def accept_section(
    review: Review, case_id: str, section: str, *, by: Actor, version: int | None = None
) -> CaseView:
    """Note that the officer accepts a section that the program brought up, and choose it where it was not.

    Raises:
        NotFoundError: The program did not bring it up.
        StepConflictError: The case is not at its sections.
        ChangedMeanwhileError: ``version`` is not the newest any more.
    """
    view, law = await _at_sections(review, case_id)
    if section not in {str(a.section) for a in law.assessments}:
        raise NotFoundError("This section was not brought up for this case. Add it instead.")
    seen = _seen(view, version)
    if section not in _chosen(law):
        view = await review.save(case_id, "\n".join([*_chosen(law), section]), by=by, seen=seen)
        seen = _seen(view, None)
    return await review.note(case_id, Action.SECTION_ACCEPTED, {"section": section}, by=by, seen=seen)


def decisions_in(entries: tuple[Entry, ...]) -> tuple[Decision, ...]:
    """Return the decisions on sections that the audit log of a case holds, oldest first."""
    found = []
    for entry in entries:
        details = msgspec.json.decode(entry.payload)
        if entry.action == Action.SECTION_ACCEPTED:
            found.append(_decision(entry, str(details["section"]), ACCEPTED))
        for decision in (REMOVED, ADDED):
            found += [_decision(entry, section, decision) for section in details.get("sections", {}).get(decision, ())]
    return tuple(found)


def _decision(entry: Entry, section: str, decision: str) -> Decision:
    return Decision(section=section, decision=decision, by=entry.actor, role=entry.role, at=entry.at)


async def _at_sections(review: Review, case_id: str) -> tuple[CaseView, LegalView]:
    view = await review.view(case_id)
    law = view.contents.get(Step.VIOLATIONS)
    if view.record.step is not Step.VIOLATIONS or not isinstance(law, LegalView):
        raise StepConflictError("This case is not at its sections now.")
    return view, law


def _chosen(law: LegalView) -> list[str]:
    return [str(a.section) for a in law.proposed]


def _seen(view: CaseView, version: int | None) -> Seen:
    return Seen(Step.VIOLATIONS, version or view.versions[Step.VIOLATIONS].version)
