"""How well sections, law and route were found: pure functions over one case's result."""

from collections.abc import Iterable

from msgspec import Struct

from afirgen.case.law import Candidate, LegalView, Route, SectionRef
from afirgen.evaluate.cases import ActSections, Case

PENAL_ACTS = frozenset({"BNS", "IPC"})
DEPTHS = (10, 20)


class SectionScore(Struct, frozen=True, kw_only=True):
    """Counts of one case. ``recalled`` maps a depth to the groups among that many candidates."""

    groups: int
    recalled: dict[int, int]
    found: int
    exact_found: int
    exact_wanted: int
    right: int
    wrong: tuple[str, ...]
    forbidden: tuple[str, ...]
    special_wanted: int
    special_found: int
    special_wrong: int
    exact_case: bool
    law_right: bool | None
    cognizable_right: bool | None
    silent_right: bool | None


def score_sections(case: Case, view: LegalView) -> SectionScore:
    """Compare ``view`` with the case's labels (the figures' meaning: see docs/evaluation.md)."""
    penal = [a.section for a in view.proposed if a.section.act in PENAL_ACTS]
    special = [a.section for a in view.proposed if a.section.act not in PENAL_ACTS]
    # The two penal laws number their sections alike: a number of the other law is not the section asked for.
    lawful = [s for s in penal if s.act == case.law]
    found = sum(_meets(group, lawful) for group in case.required_groups)
    wanted = {n for group in case.required_groups for n in group} | set(case.required_sections)
    right = [s for s in lawful if _matches(s, wanted)]
    wrong = tuple(
        str(s) for s in penal if s not in right and not (s in lawful and _matches(s, case.acceptable_sections))
    )
    forbidden = [s for s in lawful if _is_forbidden(s, case.forbidden_sections)]
    forbidden += [s for s in special if _listed(s, case.forbidden_special_acts)]
    special_wrong = [
        s
        for s in special
        if not _listed(s, case.required_special_acts) and not _listed(s, case.acceptable_special_acts)
    ]
    special_found = sum(any(_listed(s, [act]) for s in special) for act in case.required_special_acts)
    complete = found == len(case.required_groups) and special_found == len(case.required_special_acts)
    return SectionScore(
        groups=len(case.required_groups),
        recalled=groups_recalled(case, view.candidates),
        found=found,
        exact_found=sum(any(s.number == n for s in lawful) for n in case.required_sections),
        exact_wanted=len(case.required_sections),
        right=len(right),
        wrong=wrong,
        forbidden=tuple(str(s) for s in forbidden),
        special_wanted=len(case.required_special_acts),
        special_found=special_found,
        special_wrong=len(special_wrong),
        exact_case=complete and not wrong and not forbidden and not special_wrong,
        law_right=view.law.value == case.law if case.has("law") else None,
        cognizable_right=_route_right(case, view) if case.has("cognizable") else None,
        silent_right=not view.proposed if not case.is_offence else None,
    )


def groups_recalled(case: Case, candidates: Iterable[Candidate]) -> dict[int, int]:
    """Count, for each depth, the required groups among the first candidates from the penal laws."""
    listed = [c.section for c in candidates if c.section.act in PENAL_ACTS]
    return {
        k: sum(_meets(group, (s for s in listed[:k] if s.act == case.law)) for group in case.required_groups)
        for k in DEPTHS
    }


def _meets(group: Iterable[str], sections: Iterable[SectionRef]) -> bool:
    bases = {base_number(n) for n in group}
    return any(s.base in bases for s in sections)


def base_number(number: str) -> str:
    """Return the section's number without its sub-section."""
    return number.split("(", 1)[0]


def _matches(section: SectionRef, numbers: Iterable[str]) -> bool:
    return any(section.number == n or section.base == base_number(n) for n in numbers)


def _is_forbidden(section: SectionRef, numbers: Iterable[str]) -> bool:
    """A forbidden base forbids all its sub-sections; a forbidden sub-section only itself."""
    return any(section.number == n or section.number.startswith(f"{n}(") for n in numbers)


def _listed(section: SectionRef, acts: Iterable[ActSections]) -> bool:
    return any(
        _act_key(a.act) == _act_key(section.act)
        and (not a.sections or section.base in {base_number(n) for n in a.sections})
        for a in acts
    )


def _act_key(name: str) -> str:
    """Compare acts without their year and the word Act."""
    return " ".join(w for w in name.casefold().replace(",", " ").split() if w != "act" and not w.isdecimal())


def _route_right(case: Case, view: LegalView) -> bool:
    expected = {True: {Route.FIR}, False: {Route.NON_COGNIZABLE_REPORT, Route.DIARY_ENTRY}}
    return case.cognizable is not None and view.route in expected[case.cognizable]
