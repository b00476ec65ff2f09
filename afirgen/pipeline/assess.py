"""Step: which sections the complaint's own facts make out. The model answers, rules decide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from afirgen.case.evidence import Span, Transcript
from afirgen.case.facts import Facts
from afirgen.case.languages import LANGUAGES
from afirgen.case.law import Assessment, Attributes, Ingredient, Law, LegalView, SectionRef, Standing
from afirgen.case.mentions.amounts import find_amounts
from afirgen.case.sentences import sentences
from afirgen.inference.engine import Priority
from afirgen.inference.llama.request import Scoring
from afirgen.legal_kb.dates import law_for
from afirgen.legal_kb.decide import Answer, Decision, decide
from afirgen.legal_kb.offences import Offence, OffenceBook
from afirgen.legal_kb.route import duties_for, route_for
from afirgen.legal_kb.statutes import KnowledgeBase
from afirgen.pipeline.grounding import tokens
from afirgen.pipeline.model_port import SYSTEM, LanguageModel, shared_prompt
from afirgen.pipeline.retrieve import Found, Searcher, retrieve

# Each question costs the model about 20 tokens; this many fit the time that a section step may take.
MOST_QUESTIONS = 44
_ANSWER = " Answer Yes or No."
_MOST_POSSIBLE = 12


@dataclass(frozen=True)
class LawSources:
    """The loaded statutes, the offences with their ingredients, and search over both."""

    kb: KnowledgeBase
    book: OffenceBook
    searcher: Searcher


async def find_sections(
    transcript: Transcript,
    facts: Facts,
    *,
    sources: LawSources,
    model: LanguageModel | None,
    priority: Priority = Priority.OFFICER,
    deadline_s: float | None = None,
) -> LegalView:
    """Return law, candidates, assessed sections, route and duties for a complaint.

    A model that does not read the language is not asked: nothing is proposed then, and the candidates are
    listed for the officer.
    """
    kb, book = sources.kb, sources.book
    when = facts.occurrence
    law, why = law_for(_day(when.date_from), _day(when.date_to))
    found = await retrieve(transcript.text, law=law, book=book, searcher=sources.searcher)
    offences = _affordable(found.offences)
    readable = model is not None and transcript.language in model.readable_languages
    answers: dict[str, Answer] = {}
    if model is not None and readable:
        answers = await _ask(transcript, offences, book, model, priority=priority, deadline_s=deadline_s)
    losses = [int(m.value) for m in find_amounts(transcript.text)]
    decisions = decide(offences, answers, book, losses=losses)
    assessments = _assessments(decisions, law, kb)
    proposed = [a for a in assessments if a.standing is Standing.PROPOSED]
    possible = [a for a in assessments if a.standing is Standing.POSSIBLE]
    route, route_reason = route_for(proposed, possible)
    return LegalView(
        law=law,
        law_reason=why,
        candidates=found.candidates,
        assessments=tuple(assessments) + _without_ingredients(found, book, kb),
        route=route,
        route_reason=route_reason,
        duties=duties_for(proposed),
        notes=() if readable else (_not_checked(transcript.language),),
    )


def _day(field: object) -> date | None:
    value = getattr(field, "value", None)
    return date.fromisoformat(value) if value else None


def _affordable(offences: Sequence[Offence]) -> tuple[Offence, ...]:
    """Take offences in order as long as their questions, each asked once, are not too many."""
    asked: set[str] = set()
    taken = []
    for offence in offences:
        more = {*offence.all, *offence.none} - asked
        if len(asked) + len(more) > MOST_QUESTIONS:
            continue
        asked |= more
        taken.append(offence)
    return tuple(taken)


async def _ask(
    transcript: Transcript,
    offences: Sequence[Offence],
    book: OffenceBook,
    model: LanguageModel,
    *,
    priority: Priority,
    deadline_s: float | None,
) -> dict[str, Answer]:
    ids = list(dict.fromkeys(q for o in offences for q in (*o.all, *o.none)))
    scored = await model.score(
        Scoring(
            system=SYSTEM,
            shared=shared_prompt(transcript.text),
            questions=tuple(book.questions[q].text + _ANSWER for q in ids),
            priority=priority,
            deadline_s=deadline_s,
        )
    )
    return {
        q: Answer(score, _evidence(book.questions[q].text, transcript))
        for q, score in zip(ids, scored.scores, strict=True)
    }


def _evidence(question: str, transcript: Transcript) -> tuple[Span, ...]:
    """Quote the sentence that shares most words of meaning with the question, if any does."""
    wanted = {_stem(t) for t, _ in tokens(question) if len(t) > len("the")}
    best, most = None, 0
    for span in sentences(transcript.text):
        shared = len(wanted & {_stem(t) for t, _ in tokens(transcript.quote(span))})
        if shared > most:
            best, most = span, shared
    return (best,) if best else ()


def _stem(word: str) -> str:
    return word[: len("stolen") - 1]


def _assessments(decisions: Sequence[Decision], law: Law, kb: KnowledgeBase) -> list[Assessment]:
    listed: list[Assessment] = []
    seen: set[SectionRef] = set()
    possible = 0
    for decision in decisions:
        possible += decision.standing is Standing.POSSIBLE
        if decision.standing is Standing.POSSIBLE and possible > _MOST_POSSIBLE:
            continue
        for ref in _numbers(decision.offence, law):
            if ref not in seen:
                seen.add(ref)
                listed.append(_assessment(decision, ref, kb))
    return listed


def _numbers(offence: Offence, law: Law) -> tuple[SectionRef, ...]:
    """Return the section as the governing law numbers it; an offence that the IPC had not gives none."""
    if law is not Law.IPC or offence.act != "BNS":
        return (offence.ref,)
    return tuple(SectionRef("IPC", n) for n in offence.ipc[:1])


def _assessment(decision: Decision, ref: SectionRef, kb: KnowledgeBase) -> Assessment:
    section = kb.section(decision.offence.ref)
    return Assessment(
        section=ref,
        title=decision.offence.name,
        statement=section.statement,
        standing=decision.standing,
        reason=decision.reason,
        ingredients=tuple(_calibrated(i) for i in decision.ingredients),
        attributes=_attributes(kb.entries(decision.offence.ref)),
        score=_probability(decision.strength),
        ask=decision.ask,
    )


def _calibrated(ingredient: Ingredient) -> Ingredient:
    score = None if ingredient.score is None else round(_probability(ingredient.score), 3)
    return Ingredient(
        question_id=ingredient.question_id,
        question=ingredient.question,
        verdict=ingredient.verdict,
        excludes=ingredient.excludes,
        score=score,
        evidence=ingredient.evidence,
    )


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _attributes(entries: Sequence[Attributes]) -> Attributes | None:
    """Take the entry of the section's ordinary case, which the schedule lists first."""
    return entries[0] if entries else None


def _without_ingredients(found: Found, book: OffenceBook, kb: KnowledgeBase) -> tuple[Assessment, ...]:
    """List the sections that search found and that have no ingredients here, marked as such."""
    covered = {SectionRef(o.act, o.ref.base) for o in book.offences}
    others = [c for c in found.candidates if c.section not in covered and c.section.act == "BNS"][:3]
    return tuple(
        Assessment(
            section=c.section,
            title=kb.section(c.section).title,
            statement=kb.section(c.section).statement,
            standing=Standing.REJECTED,
            reason="Found by search; its ingredients are not written out here, so it was not checked.",
            attributes=_attributes(kb.entries(c.section)),
        )
        for c in others
    )


def _not_checked(language: str) -> str:
    name = LANGUAGES[language].name if language in LANGUAGES else language
    return f"The sections were not checked: this language model does not read {name}."
