"""What a step begins with when no model helps: what rules read, and else nothing."""

import re
from difflib import SequenceMatcher

from msgspec import structs

from afirgen.case.evidence import Segment, Span, Transcript
from afirgen.case.facts import Facts
from afirgen.case.fir import Prose
from afirgen.case.law import LegalView, Route
from afirgen.case.state import CaseState
from afirgen.pipeline.facts import extract_facts, spans_of
from afirgen.pipeline.governing_law import governing_law
from afirgen.pipeline.narrate import narrate
from afirgen.pipeline.summarise import summarise

_WORD = re.compile(r"\S+")
CORRECTED = "Corrected by the officer."
_BY_HAND = "Written by the officer, without a model."


def empty_transcript(case: CaseState) -> Transcript:
    """Return a transcript to be written by the officer, who hears or reads the original."""
    return Transcript(text="", language=case.language or "en", notes=(_BY_HAND,))


async def facts_by_rule(case: CaseState) -> tuple[Facts, Prose]:
    """Return the facts that have a fixed form, and the sentences they stand in."""
    transcript = case.transcript or empty_transcript(case)
    facts = await extract_facts(transcript, reported_on=case.reported_on.date(), model=None)
    return facts, summarise(narrate(transcript, facts), spans_of(facts))


def no_sections(case: CaseState) -> LegalView:
    """Return the law by the date of the occurrence, and no section: the officer adds them."""
    facts = case.facts or Facts()
    text = case.transcript.text if case.transcript else ""
    law, why = governing_law(text, facts)
    return LegalView(
        law=law,
        law_reason=why,
        route=Route.OFFICER_DECIDES,
        route_reason="The complaint was not checked for offences; the officer decides.",
        notes=(_BY_HAND,),
    )


def corrected(current: Transcript, text: str) -> Transcript:
    """Return the officer's text; what was left alone keeps its place in the recording or on the page."""
    kept = _moved(current, text)
    return Transcript(text=text, language=current.language, segments=kept, notes=(CORRECTED,))


def _moved(current: Transcript, text: str) -> tuple[Segment, ...]:
    """Return the segments at their places in ``text``; their words have no places of their own any more."""
    if not current.segments:
        return ()
    places = _word_places(current.text, text)
    moved = []
    for segment in current.segments:
        inside = [new for old, new in places if old.start < segment.span.end and segment.span.start < old.end]
        if inside:
            # What the officer has read and kept or set right is not doubtful any more.
            span = Span(inside[0].start, inside[-1].end)
            moved.append(structs.replace(segment, span=span, doubtful=False, words=()))
    return tuple(moved)


def _word_places(before: str, after: str) -> list[tuple[Span, Span]]:
    """Pair the words that stand in both texts, in order."""
    old, new = (list(_WORD.finditer(text)) for text in (before, after))
    matcher = SequenceMatcher(None, [m.group() for m in old], [m.group() for m in new])
    return [
        (Span(*old[block.a + n].span()), Span(*new[block.b + n].span()))
        for block in matcher.get_matching_blocks()
        for n in range(block.size)
    ]
