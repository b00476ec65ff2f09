"""Step: the FIR document, with its blanks listed and what only the officer can settle."""

from afirgen.case.facts import Facts
from afirgen.case.fir import DIARY_BLANK, FirDocument, Prose, Provenance, Station
from afirgen.case.law import Law, LegalView, Route
from afirgen.case.state import CaseState
from afirgen.errors import StepConflictError


def compose(case: CaseState, *, station: Station, provenance: Provenance) -> FirDocument:
    """Put the checked parts together; nothing is added, every gap is named.

    Raises:
        StepConflictError: A step before this one has no value yet.
    """
    if case.transcript is None or case.facts is None or case.law is None or case.narrative is None:
        raise StepConflictError("The draft is not complete yet. Finish the earlier steps first.")
    return FirDocument(
        route=case.law.route,
        station=station,
        reported_on=case.reported_on,
        source=case.source,
        statement=case.transcript,
        facts=case.facts,
        law=case.law,
        sections=case.law.proposed,
        narrative=case.narrative,
        provenance=provenance,
        total_value_inr=total_value(case.facts),
        blanks=blanks(case.facts, station),
        needs_officer=needs_officer(case.facts, case.law, case.narrative),
        fir_number=case.fir_number,
    )


def total_value(facts: Facts) -> int | None:
    """Give item 10: the total that the complaint states, or the value of the only property.

    Values are not added up: one sum is often said twice, as the whole and in its parts.
    """
    if facts.stated_total_inr:
        return int(facts.stated_total_inr.value)
    only = facts.property[0].value_inr if len(facts.property) == 1 else None
    return int(only.value) if only else None


def blanks(facts: Facts, station: Station) -> tuple[str, ...]:
    """Name the form items that the complaint and the station's set-up leave empty, in the form's order."""
    who, when = facts.informant, facts.occurrence
    items: list[tuple[str, object]] = [
        ("1 district", station.district),
        ("1 police station", station.name),
        ("3(a) date of occurrence", when.date_from),
        ("3(a) time of occurrence", when.time_from),
        (DIARY_BLANK, None),
        ("5 place of occurrence", when.place),
        ("6(a) informant's name", who.name),
        ("6(b) father's or husband's name", who.relative_name),
        ("6(c) age or date of birth", who.age),
        ("6(h) occupation", who.occupation),
        ("6(i) address", who.address),
        ("6(j) phone", who.phone),
        ("7 accused", facts.accused),
        ("8 reasons for delay", facts.delay_reason),
    ]
    return tuple(name for name, value in items if not value)


def needs_officer(facts: Facts, law: LegalView, narrative: Prose) -> tuple[str, ...]:
    """List what must be decided or done by a person before approval."""
    needs = list(facts.notes) + list(law.notes)
    if law.law is Law.OFFICER_DECIDES:
        needs.append(f"Decide which penal law applies: {law.law_reason}")
    if law.route is Route.OFFICER_DECIDES:
        needs.append(f"Decide the route: {law.route_reason}")
    if not law.proposed:
        needs.append("No section is proposed: choose the sections, or record why none applies.")
    needs += [f"{a.section}: {question}" for a in law.possible for question in a.ask]
    needs += list(law.duties)
    needs += [f"Check this sentence: “{s.text}” {s.problem}" for s in narrative.sentences if s.problem]
    needs.append("Items 13 to 15 and all signatures are for the officer and the informant.")
    return tuple(dict.fromkeys(needs))
