"""Step: which sections the complaint's own facts make out. The model answers, rules decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from afirgen.case.evidence import Transcript
from afirgen.case.facts import Facts, Field
from afirgen.case.languages import LANGUAGES
from afirgen.case.law import Assessment, Attributes, Cognizance, Law, LegalView, SectionRef, Standing, Verdict
from afirgen.case.mentions.amounts import find_amounts
from afirgen.inference.engine import Priority
from afirgen.inference.llama.request import Generation, Prompt, Scoring
from afirgen.legal_kb.calibration import Calibration, load_calibration
from afirgen.legal_kb.decide import Answer, Decision, decide, verdict_of
from afirgen.legal_kb.exceptions import exception_notes
from afirgen.legal_kb.law_checks import attributes_in
from afirgen.legal_kb.notes import Note, load_notes, notes_for
from afirgen.legal_kb.odds import Clues, clues_in, evidence_for
from afirgen.legal_kb.offences import Offence, OffenceBook
from afirgen.legal_kb.older_law import as_numbered, governed
from afirgen.legal_kb.route import came_electronically, duties_for, route_for
from afirgen.legal_kb.screening import known_answers
from afirgen.legal_kb.statutes import BNS, IPC, KnowledgeBase
from afirgen.pipeline.governing_law import governing_law
from afirgen.pipeline.model_port import SYSTEM, LanguageModel, shared_prompt
from afirgen.pipeline.questions import NAMING, NAMING_TOKENS, Asker, Name, Score
from afirgen.pipeline.retrieve import Candidates, Opened, Searcher, merge, numbers_of

# Each question costs the model about 20 tokens; this many fit the time that a section step may take.
MOST_QUESTIONS = 40
# Kept back of these for what excludes an offence whose ingredients are met.
_KEPT_BACK = 6
_MOST_POSSIBLE = 12
MOST_SEARCHED = 60
_MOST_UNCHECKED = 3
_OLDER = "The same in the Indian Penal Code, if the occurrence was before 01.07.2024."


@dataclass(frozen=True)
class LawSources:
    """The loaded statutes, the offences with their ingredients, search over both, calibration and notes."""

    kb: KnowledgeBase
    book: OffenceBook
    searcher: Searcher
    calibration: Calibration = field(default_factory=load_calibration)
    notes: Sequence[Note] = field(default_factory=load_notes)


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
    text, when, book = transcript.text, facts.occurrence, sources.book
    law, why = governing_law(text, facts)
    searched = await sources.searcher.search(text, limit=MOST_SEARCHED)
    reads = model is not None and transcript.language in model.readable_languages
    answers: Mapping[str, Answer] = {}
    likely: dict[str, float] = {}
    if model is not None and reads:
        known = known_answers(text, time_from=_value(when.time_from), time_to=_value(when.time_to))
        score, name = _scorer(model, text, priority, deadline_s), _namer(model, text, priority, deadline_s)
        asker = Asker(text, score, name, book=book, calibration=sources.calibration, known=known, budget=MOST_QUESTIONS)
        await asker.screen()
        found = merge(text, searched, asker.answers, law=law, book=book, named=asker.named)
        offences = await examine(found.opened, asker)
        answers = asker.answers
        likely = _likely(offences, answers, clues_in(text, asker.named, searched, book), sources.calibration)
    else:
        found = merge(text, searched, {}, law=law, book=book)
        offences = tuple(o.offence for o in found.opened[:_MOST_POSSIBLE])
    offences = governed(offences, law)
    losses = [int(m.value) for m in find_amounts(text)]
    decisions = decide(offences, answers, book, losses=losses, likely=likely)
    assessments = _assessments(decisions, answers, law, sources.kb)
    proposed = [a for a in assessments if a.standing is Standing.PROPOSED]
    possible = [a for a in assessments if a.standing is Standing.POSSIBLE]
    route, route_reason = route_for(proposed, possible, checked=reads)
    return LegalView(
        law=law,
        law_reason=why,
        candidates=found.candidates,
        assessments=(*assessments, *_without_ingredients(found, book, sources.kb)),
        route=route,
        route_reason=route_reason,
        duties=duties_for(proposed, electronic=came_electronically(text)),
        notes=(
            *_notes(transcript, facts, law, proposed, reads=reads),
            *notes_for(text, (a.section for a in proposed), sources.notes),
        ),
    )


def _scorer(model: LanguageModel, text: str, priority: Priority, deadline_s: float | None) -> Score:
    async def score(questions: tuple[str, ...]) -> tuple[float, ...]:
        request = Scoring(
            system=SYSTEM,
            shared=shared_prompt(text),
            questions=questions,
            priority=priority,
            deadline_s=deadline_s,
        )
        return (await model.score(request)).scores

    return score


def _namer(model: LanguageModel, text: str, priority: Priority, deadline_s: float | None) -> Name:
    async def name() -> str:
        prompt = Prompt(system=SYSTEM, shared=shared_prompt(text), task=NAMING)
        request = Generation(prompt=prompt, max_tokens=NAMING_TOKENS, priority=priority, deadline_s=deadline_s)
        return (await model.generate(request)).text

    return name


def _value(stated: Field | None) -> str | None:
    return stated.value if stated else None


async def examine(opened: Sequence[Opened], asker: Asker) -> tuple[Offence, ...]:
    """Ask for the ingredients of the opened offences in order, then for what excludes those still standing.

    What an answer already speaks against is not asked about further. Returns the offences that were examined.
    """
    examined: list[Offence] = []
    wanted: list[str] = []
    for offence in (o.offence for o in opened):
        needed = () if asker.rejects(offence) else (*offence.all, *(q for group in offence.any for q in group))
        more = [q for q in asker.open_questions(needed) if q not in wanted]
        if len(wanted) + len(more) <= asker.left - _KEPT_BACK:
            wanted += more
            examined.append(offence)
    await asker.ask(wanted)
    standing = [o for o in examined if not asker.rejects(o)]
    await asker.ask(q for o in standing for q in (*o.none, *((o.cognizable_if,) if o.cognizable_if else ())))
    return tuple(examined)


def _likely(
    offences: Sequence[Offence], answers: Mapping[str, Answer], clues: Clues, calibration: Calibration
) -> dict[str, float]:
    """Return how likely an offence belongs on the report, by its id, where all its ingredients were asked about."""
    if calibration.offence is None:
        return {}
    seen = {o.id: evidence_for(o, answers, clues) for o in offences}
    return {i: calibration.offence.probability(evidence) for i, evidence in seen.items() if evidence}


def _assessments(
    decisions: Sequence[Decision], answers: Mapping[str, Answer], law: Law, kb: KnowledgeBase
) -> list[Assessment]:
    listed: dict[SectionRef, Assessment] = {}
    possible = 0
    for decision in decisions:
        possible += decision.standing is Standing.POSSIBLE
        if decision.standing is Standing.POSSIBLE and possible > _MOST_POSSIBLE:
            continue
        refs = numbers_of(decision.offence, law)
        if refs:
            listed.setdefault(refs[0], _assessment(decision, answers, refs[0], kb))
        if law is Law.OFFICER_DECIDES and decision.standing is Standing.PROPOSED:
            older = [_assessment(decision, answers, ref, kb) for ref in refs[1:2] if ref not in listed]
            reason = " ".join(filter(None, (_OLDER, decision.offence.ipc_doubt)))
            listed.update({a.section: structs.replace(a, standing=Standing.POSSIBLE, reason=reason) for a in older})
    return list(listed.values())


def _assessment(decision: Decision, answers: Mapping[str, Answer], ref: SectionRef, kb: KnowledgeBase) -> Assessment:
    return Assessment(
        section=ref,
        title=decision.offence.name,
        statement=kb.section(ref).statement,
        standing=decision.standing,
        reason=_reason(decision, ref),
        ingredients=decision.ingredients,
        attributes=as_numbered(ref, _attributes(decision.offence, answers, kb), decision.offence, kb),
        score=decision.strength,
        ask=decision.ask,
    )


def _reason(decision: Decision, ref: SectionRef) -> str:
    """Say why, with the doubt about an older number where the ingredients are met."""
    doubt = decision.offence.ipc_doubt if ref.act == IPC and decision.standing is Standing.POSSIBLE else None
    return doubt if doubt and not decision.ask else decision.reason


def _attributes(offence: Offence, answers: Mapping[str, Answer], kb: KnowledgeBase) -> Attributes | None:
    """Take the schedule's entry; a condition of cognizance that the complaint meets is settled."""
    attributes = attributes_in(offence, kb)
    settled = offence.cognizable_if and verdict_of(answers.get(offence.cognizable_if, Answer())) is Verdict.MET
    if attributes and settled:
        return structs.replace(attributes, cognizable=Cognizance.YES)
    return attributes


def attributes_of(entries: Sequence[Attributes]) -> Attributes | None:
    """Take the entry of the section's ordinary case, which the schedule lists first."""
    return entries[0] if entries else None


def _without_ingredients(found: Candidates, book: OffenceBook, kb: KnowledgeBase) -> tuple[Assessment, ...]:
    """List the sections that search found and that have no ingredients here, marked as such."""
    covered = {SectionRef(o.act, o.ref.base) for o in book.offences}
    others = [c for c in found.candidates if c.section not in covered and c.section.act == BNS]
    return tuple(
        Assessment(
            section=c.section,
            title=kb.section(c.section).title,
            statement=kb.section(c.section).statement,
            standing=Standing.REJECTED,
            reason="Found by search; its ingredients are not written out here, so it was not checked.",
            attributes=attributes_of(kb.entries(c.section)),
        )
        for c in others[:_MOST_UNCHECKED]
    )


def _notes(
    transcript: Transcript, facts: Facts, law: Law, proposed: Sequence[Assessment], *, reads: bool
) -> tuple[str, ...]:
    notes = []
    if not reads:
        code = transcript.language
        name = LANGUAGES[code].name if code in LANGUAGES else code
        notes.append(f"The sections were not checked: this language model does not read {name}.")
    if proposed and len(facts.accused) > 1:
        section = "34 of the IPC" if law is Law.IPC else "3(5) of the BNS"
        notes.append(f"More than one person is accused: consider common intention, section {section}.")
    described = [f.value for a in facts.accused for f in (a.name, a.description) if f]
    return (*notes, *exception_notes(transcript.text, described, law))
