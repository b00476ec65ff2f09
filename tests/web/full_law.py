"""The section step's result for a snatching, with everything that a card can show."""

from afirgen.case.evidence import Span
from afirgen.case.law import (
    Assessment,
    Candidate,
    Ingredient,
    Law,
    LegalView,
    SectionRef,
    Standing,
    Verdict,
)
from afirgen.legal_kb.route import duties_for, route_for
from afirgen.legal_kb.statutes import KnowledgeBase


def full_law(kb: KnowledgeBase, text: str) -> LegalView:
    """Propose BNS 304(2) with ``text``'s own words, and BNS 309(4) as possible with a question to ask."""

    def quoted(words: str) -> tuple[Span, ...]:
        start = text.find(words)
        return (Span(start, start + len(words)),) if start >= 0 else ()

    proposed = _assessment(
        kb,
        "304(2)",
        Standing.PROPOSED,
        (
            Ingredient(
                question_id="took", question="Was a thing taken?", verdict=Verdict.MET, evidence=quoted("snatched")
            ),
            Ingredient(question_id="owner", question="Whose was the thing?", verdict=Verdict.NOT_STATED),
        ),
    )
    possible = _assessment(
        kb,
        "309(4)",
        Standing.POSSIBLE,
        (Ingredient(question_id="hurt", question="Was somebody hurt or put in fear?", verdict=Verdict.NOT_STATED),),
    )
    route, reason = route_for([proposed], [possible])
    return LegalView(
        law=Law.BNS,
        law_reason="The occurrence is on or after 01.07.2024: the Bharatiya Nyaya Sanhita 2023 applies.",
        candidates=(Candidate(section=proposed.section, score=1.0, origin="search"),),
        assessments=(proposed, possible),
        route=route,
        route_reason=reason,
        duties=duties_for([proposed]),
    )


def _assessment(kb: KnowledgeBase, number: str, standing: Standing, ingredients: tuple[Ingredient, ...]) -> Assessment:
    section = kb.section(SectionRef("BNS", number))
    asked = standing is Standing.POSSIBLE
    return Assessment(
        section=section.ref,
        title=section.title,
        statement=section.statement,
        standing=standing,
        reason="Some ingredients are not stated." if asked else "The taking is stated.",
        ingredients=ingredients,
        attributes=kb.entries(section.ref)[0],
        ask=tuple(i.question for i in ingredients) if asked else (),
    )
