"""From answers to sections: pure rules, no model."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from msgspec import Struct, structs

from afirgen.case.evidence import Span
from afirgen.case.law import Ingredient, Standing, Verdict
from afirgen.legal_kb.offences import Offence, OffenceBook

MOST_PROPOSED = 5
# Probabilities of "yes". Between the first two a fact counts as not stated.
MET_FROM = 0.5
NOT_MET_BELOW = 0.2
# An exclusion must be plain before it removes an offence.
EXCLUDED_FROM = 0.7
_ORDER = (Standing.PROPOSED, Standing.POSSIBLE, Standing.REJECTED)
# An offence for which no everyday word of the complaint speaks must be made out more clearly.
UNWORDED_FROM = 0.7


class Answer(Struct, frozen=True):
    """The probability of "yes", None where it was not asked, and the words that bear on it."""

    probability: float | None = None
    evidence: tuple[Span, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """An offence with its ingredient table, its standing and the reason.

    ``strength`` is the probability of its weakest ingredient.
    """

    offence: Offence
    standing: Standing
    reason: str
    ingredients: tuple[Ingredient, ...]
    ask: tuple[str, ...] = ()
    strength: float = 0.0


def verdict_of(answer: Answer, *, excludes: bool = False) -> Verdict:
    """Turn a probability into a verdict on the fact asked for."""
    if answer.probability is None:
        return Verdict.NOT_CHECKED
    if answer.probability >= (EXCLUDED_FROM if excludes else MET_FROM):
        return Verdict.MET
    return Verdict.NOT_MET if answer.probability < NOT_MET_BELOW else Verdict.NOT_STATED


def decide(
    offences: Sequence[Offence],
    answers: Mapping[str, Answer],
    book: OffenceBook,
    *,
    losses: Sequence[int] = (),
    worded: Collection[str] | None = None,
) -> tuple[Decision, ...]:
    """Judge each offence by its ingredients, then let graver offences absorb those that they contain.

    ``losses`` are the sums of money that the complaint states, in rupees. ``worded`` are the ids of the offences
    of which an everyday word is in the complaint; None leaves that out. At most five are proposed.
    """
    decisions = [_judge(o, answers, book, losses) for o in offences]
    if worded is not None:
        decisions = [d if d.offence.id in worded else _doubted(d) for d in decisions]
    decisions = _without_contained(decisions, book)
    decisions = _without_excluded(decisions)
    # Of two forms of one offence, the one that may still be made out is the one to be shown.
    ranked = sorted(decisions, key=lambda d: (_ORDER.index(d.standing), -d.strength))
    return tuple(_beyond_five(d, n) for n, d in enumerate(ranked))


def _judge(offence: Offence, answers: Mapping[str, Answer], book: OffenceBook, losses: Sequence[int]) -> Decision:
    needed = [_best((q,), answers) for q in offence.all] + [_best(group, answers) for group in offence.any]
    shown = dict.fromkeys((*offence.all, *chain.from_iterable(offence.any)))
    wanted = {q: _ingredient(q, answers, book, excludes=False) for q in shown}
    barred = [_ingredient(q, answers, book, excludes=True) for q in offence.none]
    unmet = [q for q in needed if wanted[q].verdict is Verdict.NOT_MET]
    missing = [q for q in needed if wanted[q].verdict in {Verdict.NOT_STATED, Verdict.NOT_CHECKED}]
    excluded = [i.question_id for i in barred if i.verdict is Verdict.MET]
    standing, reason = Standing.PROPOSED, f"All {len(needed)} ingredients are met."
    if all(wanted[q].verdict is Verdict.NOT_CHECKED for q in needed):
        standing, reason = Standing.POSSIBLE, "Not checked."
    elif unmet:
        standing, reason = Standing.REJECTED, f"Not so in the complaint: {book.questions[unmet[0]].text}"
    elif excluded:
        standing, reason = Standing.REJECTED, f"It is so in the complaint: {book.questions[excluded[0]].text}"
    elif missing:
        standing, reason = Standing.POSSIBLE, f"Not stated clearly: {book.questions[missing[0]].text}"
    elif offence.loss and not _loss_fits(offence.loss, losses):
        standing, reason = Standing.REJECTED, "The loss stated in the complaint is of another size."
    elif offence.listed_only:
        standing, reason = Standing.POSSIBLE, "For the officer to consider beside the proposed sections."
    return Decision(
        offence=offence,
        standing=standing,
        reason=reason,
        ingredients=(*wanted.values(), *barred),
        ask=tuple(dict.fromkeys(book.questions[q].ask for q in missing)),
        strength=min((wanted[q].score or 0.0 for q in needed), default=0.0),
    )


def _doubted(decision: Decision) -> Decision:
    if decision.standing is not Standing.PROPOSED or decision.strength >= UNWORDED_FROM:
        return decision
    reason = "All ingredients may be met, but none clearly, and no usual word for it is in the complaint."
    return structs.replace(decision, standing=Standing.POSSIBLE, reason=reason)


def _best(group: Sequence[str], answers: Mapping[str, Answer]) -> str:
    """Return the question of the group that speaks most for "yes"."""
    return max(group, key=lambda q: answers.get(q, Answer()).probability or 0.0)


def _ingredient(question_id: str, answers: Mapping[str, Answer], book: OffenceBook, *, excludes: bool) -> Ingredient:
    answer = answers.get(question_id, Answer())
    return Ingredient(
        question_id=question_id,
        question=book.questions[question_id].text,
        verdict=verdict_of(answer, excludes=excludes),
        excludes=excludes,
        score=None if answer.probability is None else round(answer.probability, 3),
        evidence=answer.evidence if verdict_of(answer) is Verdict.MET else (),
    )


def _loss_fits(bounds: tuple[int, int], losses: Sequence[int]) -> bool:
    """Tell whether the largest stated sum is within the bounds; without any sum it is not known to be."""
    least, most = bounds
    return bool(losses) and max(losses) >= least and (most == 0 or max(losses) <= most)


def _without_contained(decisions: Sequence[Decision], book: OffenceBook) -> list[Decision]:
    winners = [d.offence for d in decisions if d.standing is Standing.PROPOSED]
    settled = []
    for decision in decisions:
        holder = next((w for w in winners if decision.offence.id in book.absorbed_by(w.id)), None)
        if holder and decision.standing is not Standing.REJECTED:
            reason = f"Contained in {holder.name} ({holder.ref})."
            decision = structs.replace(decision, standing=Standing.REJECTED, reason=reason, ask=())  # noqa: PLW2901
        settled.append(decision)
    return settled


def _without_excluded(decisions: Sequence[Decision]) -> list[Decision]:
    """Of two offences that cannot stand together keep the stronger one, the other stays possible."""
    proposed = [d for d in decisions if d.standing is Standing.PROPOSED]
    losers: dict[str, Offence] = {}
    for one in proposed:
        for other in proposed:
            if other.offence.id in one.offence.excludes:
                weak, strong = sorted((one, other), key=lambda d: d.strength)
                losers[weak.offence.id] = strong.offence
    return [
        structs.replace(
            d,
            standing=Standing.POSSIBLE,
            reason=f"Does not stand beside {losers[d.offence.id].name}, which is better made out.",
        )
        if d.offence.id in losers
        else d
        for d in decisions
    ]


def _beyond_five(decision: Decision, rank: int) -> Decision:
    if decision.standing is Standing.PROPOSED and rank >= MOST_PROPOSED:
        reason = f"Also met; {MOST_PROPOSED} stronger sections are proposed."
        return structs.replace(decision, standing=Standing.POSSIBLE, reason=reason)
    return decision
