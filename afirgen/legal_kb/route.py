"""Which record is made, and the duties that go with it: pure rules that name their provision."""

import re
from collections.abc import Iterator, Mapping, Sequence

from afirgen.case.law import Assessment, Cognizance, Route

_PRELIMINARY_FROM, _PRELIMINARY_BELOW = 36, 84
_FORENSIC_FROM = 84
# What BNSS 173(1) and 183(6) name, and the same offences by the numbers they had before 01.07.2024.
_AGAINST_WOMEN = {
    "BNS": frozenset((*map(str, range(64, 72)), *map(str, range(74, 80)), "124")),
    "IPC": frozenset("326A 326B 354 354A 354B 354C 354D 376 376A 376AB 376B 376C 376D 376DA 376DB 376E 509".split()),
}
_TWO_MONTHS = {
    "BNS": frozenset(("64", "65", "66", "67", "68", "70", "71")),
    "IPC": frozenset(("376", "376A", "376AB", "376B", "376C", "376D", "376DA", "376DB", "376E")),
}
_RAPE = {"BNS": frozenset(("64", "65", "66", "70", "71")), "IPC": _TWO_MONTHS["IPC"] - {"376B", "376C"}}
_POCSO_TWO_MONTHS = frozenset(("4", "6", "8", "10"))
_SIGNED_LATER = "Have the electronic information signed within three days; then it is on record (BNSS 173(1)(ii))."
_ZERO_FIR = "An offence outside this station's area is registered as a Zero FIR and sent to its station (BNSS 173(1))."
_ELECTRONIC = re.compile(
    r"\be-?mail(?:ed)?\s+(?:complaint|this|you)|\b(?:by|through|via|on)\s+(?:the\s+)?(?:e-?mail|online\s+portal|citizen\s+portal)\b"
    r"|\bcyber\s*crime\s+portal\b|\bcybercrime\.gov\b|\bncrp\b|\backnowledge?ment\s+(?:no|number)\b|\bonline\s+complaint\b|\be-?fir\b"
    r"|ऑनलाइन\s+शिकायत|ई-?मेल\s+से|\bonline\s+shikayat\b|இணையவழி\s+புகார்|மின்னஞ்சல்\s+மூலம்",
    re.IGNORECASE,
)
# A possible section whose weakest fact is at least this likely may yet be an offence.
_NEAR = 0.35


def route_for(
    proposed: Sequence[Assessment], possible: Sequence[Assessment], *, checked: bool = True
) -> tuple[Route, str]:
    """Return the route and its reason; ``checked`` is False where no model read the complaint.

    One cognizable offence makes the case cognizable (BNSS 174(4)). Registration is never refused by the
    program: without a proposed section a diary entry is offered, and the officer may register all the same.
    """
    marks = [a.attributes.cognizable if a.attributes else Cognizance.OFFICER_DECIDES for a in proposed]
    if Cognizance.YES in marks:
        return Route.FIR, "At least one proposed offence is cognizable: FIR under BNSS 173."
    if Cognizance.OFFICER_DECIDES in marks:
        return Route.OFFICER_DECIDES, "Whether the offence is cognizable depends on a condition; the officer decides."
    if marks:
        return (
            Route.NON_COGNIZABLE_REPORT,
            "All proposed offences are non-cognizable: a report under BNSS 174, and no investigation without order.",
        )
    if not checked:
        return Route.OFFICER_DECIDES, "The complaint was not checked for offences; the officer decides."
    if any(a.score >= _NEAR for a in possible):
        return (
            Route.OFFICER_DECIDES,
            "No offence is fully stated. Ask the open questions, then decide; an FIR can be registered at once.",
        )
    return (
        Route.DIARY_ENTRY,
        "No offence is seen in the complaint: a general diary entry is offered; the officer may register an FIR.",
    )


def came_electronically(text: str) -> bool:
    """Tell whether the complaint says that it was sent by e-mail or through a portal."""
    return _ELECTRONIC.search(text) is not None


def to_be_signed(duties: Sequence[str]) -> bool:
    """Tell whether the signature of an electronic information is among the duties."""
    return _SIGNED_LATER in duties


def duties_for(proposed: Sequence[Assessment], *, electronic: bool = False) -> tuple[str, ...]:
    """Return what the officer must see to for the proposed sections, each with its provision.

    ``electronic`` says that the information came by electronic communication.
    """
    acts = {a.section.act for a in proposed}
    # What is not cognizable is not investigated without a Magistrate's order (BNSS 174(2)).
    investigated = any(a.attributes and a.attributes.cognizable is not Cognizance.NO for a in proposed)
    longest = max(map(_months, proposed)) if investigated else 0
    duties = [*_record_duties(proposed, investigated=investigated, electronic=electronic), *_victim_duties(proposed)]
    if "IT Act 2000" in acts:
        duties.append("An Inspector or an officer above that rank investigates (IT Act 78).")
    if "SC/ST (Prevention of Atrocities) Act 1989" in acts:
        duties.append("A Deputy Superintendent or an officer above that rank investigates (SC/ST Rules 7).")
    if _PRELIMINARY_FROM <= longest < _PRELIMINARY_BELOW:
        duties.append(
            "A preliminary enquiry within 14 days is possible with a Deputy Superintendent's leave (BNSS 173(3))."
        )
    if longest >= _FORENSIC_FROM:
        duties.append("A forensic team visits the scene and the visit is filmed (BNSS 176(3)).")
    return tuple(duties)


def _record_duties(proposed: Sequence[Assessment], *, investigated: bool, electronic: bool) -> Iterator[str]:
    yield "Read the record over to the informant and have it signed (BNSS 173(1))."
    if electronic:
        yield _SIGNED_LATER
    if investigated:
        yield "Give the informant a copy free of cost (BNSS 173(2))."
        yield _ZERO_FIR
        yield "Send the report to the Magistrate forthwith (BNSS 176(1))."
    elif proposed:
        yield "Enter the substance in the prescribed book and refer the informant to the Magistrate (BNSS 174(1)(i))."
        yield "Send the daily diary report of such cases to the Magistrate every fortnight (BNSS 174(1)(ii))."


def _victim_duties(proposed: Sequence[Assessment]) -> Iterator[str]:
    against_women = _any_of(proposed, _AGAINST_WOMEN)
    pocso = {a.section.base for a in proposed if a.section.act == "POCSO Act 2012"}
    if against_women:
        yield "A woman officer records this information (BNSS 173(1), first proviso)."
        yield (
            "If the victim is disabled: record it at home or at a place of choice, with an interpreter or special "
            "educator, and film it (BNSS 173(1), second proviso)."
        )
    if against_women or pocso:
        yield "The victim's statement is recorded before a Magistrate (BNSS 183(6))."
    if _any_of(proposed, _RAPE):
        yield "With her consent the victim is examined by a doctor within 24 hours (BNSS 184(1))."
    if _any_of(proposed, _TWO_MONTHS) or pocso & _POCSO_TWO_MONTHS:
        yield "The investigation is to be complete within two months (BNSS 193(2))."
    if pocso:
        yield "Inform the Child Welfare Committee and the Special Court within 24 hours (POCSO Act 19(6))."


def _any_of(proposed: Sequence[Assessment], listed: Mapping[str, frozenset[str]]) -> bool:
    return any(a.section.base in listed.get(a.section.act, ()) for a in proposed)


def _months(assessment: Assessment) -> int:
    attributes = assessment.attributes
    if attributes is None:
        return 0
    return 10_000 if attributes.life or attributes.death else attributes.max_months or 0
