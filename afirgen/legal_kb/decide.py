"""From answers to sections: pure rules, no model."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from afirgen.case.evidence import Span
from afirgen.case.law import Ingredient, Standing, Verdict
from afirgen.legal_kb.offences import Offence, OffenceBook

MOST_PROPOSED = 5
# Scores are logit(yes) - logit(no). Between the two a fact counts as not stated.
MET_FROM = 0.9
NOT_MET_BELOW = 0.1
# An exclusion must be plain before it removes an offence.
EXCLUDED_FROM = 1.2


class Answer(Struct, frozen=True):
    """A question's score, None where it was not asked, and the words that bear on it."""

    score: float | None = None
    evidence: tuple[Span, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """An offence with its ingredient table, its standing and the reason."""

    offence: Offence
    standing: Standing
    reason: str
    ingredients: tuple[Ingredient, ...]
    ask: tuple[str, ...] = ()
    strength: float = 0.0


def verdict_of(answer: Answer, *, excludes: bool) -> Verdict:
    """Turn a score into a verdict on the fact asked for."""
    if answer.score is None:
        return Verdict.NOT_CHECKED
    if answer.score >= (EXCLUDED_FROM if excludes else MET_FROM):
        return Verdict.MET
    return Verdict.NOT_MET if answer.score < NOT_MET_BELOW else Verdict.NOT_STATED


def decide(
    offences: Sequence[Offence],
    answers: Mapping[str, Answer],
    book: OffenceBook,
    *,
    losses: Sequence[int] = (),
) -> tuple[Decision, ...]:
    """Judge each offence by its ingredients, then let graver offences absorb those that they contain.

    ``losses`` are the sums of money that the complaint states, in rupees. At most five are proposed.
    """
    decisions = [_judge(o, answers, book, losses) for o in offences]
    proposed = {d.offence.id for d in decisions if d.standing is Standing.PROPOSED}
    absorbed = {each for winner in proposed for each in book.absorbed_by(winner)}
    settled = [_absorb(d, book, proposed) if d.offence.id in absorbed else d for d in decisions]
    ranked = sorted(settled, key=lambda d: (d.standing is not Standing.PROPOSED, -d.strength))
    return tuple(_beyond_five(d, n) for n, d in enumerate(ranked))


def _judge(offence: Offence, answers: Mapping[str, Answer], book: OffenceBook, losses: Sequence[int]) -> Decision:
    wanted = tuple(_ingredient(q, answers, book, excludes=False) for q in offence.all)
    barred = tuple(_ingredient(q, answers, book, excludes=True) for q in offence.none)
    ingredients = wanted + barred
    missing = [i for i in wanted if i.verdict in {Verdict.NOT_STATED, Verdict.NOT_CHECKED}]
    unmet = [i for i in wanted if i.verdict is Verdict.NOT_MET]
    excluded = [i for i in barred if i.verdict is Verdict.MET]
    strength = sum(i.score or 0.0 for i in wanted) / len(wanted)
    ask = tuple(book.questions[i.question_id].ask for i in missing)
    standing, reason = Standing.PROPOSED, f"All {len(wanted)} ingredients are met."
    if unmet or excluded:
        fault = (unmet or excluded)[0]
        standing = Standing.REJECTED
        reason = f"{'Not so' if unmet else 'It is so'} in the complaint: {fault.question}"
    elif all(i.verdict is Verdict.NOT_CHECKED for i in wanted):
        standing, reason = Standing.POSSIBLE, "Not checked: the language model does not read this language."
    elif missing:
        standing, reason = Standing.POSSIBLE, f"Not stated clearly: {missing[0].question}"
    elif offence.loss and not _loss_fits(offence.loss, losses):
        standing, reason = Standing.REJECTED, "The loss stated in the complaint is of another size."
    elif offence.listed_only:
        standing, reason = Standing.POSSIBLE, "For the officer to consider beside the proposed sections."
    return Decision(
        offence=offence, standing=standing, reason=reason, ingredients=ingredients, ask=ask, strength=strength
    )


def _ingredient(question_id: str, answers: Mapping[str, Answer], book: OffenceBook, *, excludes: bool) -> Ingredient:
    answer = answers.get(question_id, Answer())
    return Ingredient(
        question_id=question_id,
        question=book.questions[question_id].text,
        verdict=verdict_of(answer, excludes=excludes),
        excludes=excludes,
        score=answer.score,
        evidence=answer.evidence,
    )


def _loss_fits(bounds: tuple[int, int], losses: Sequence[int]) -> bool:
    """Tell whether the largest stated sum is within the bounds; without any sum it is not known to be."""
    least, most = bounds
    return bool(losses) and max(losses) >= least and (most == 0 or max(losses) <= most)


def _absorb(decision: Decision, book: OffenceBook, proposed: set[str]) -> Decision:
    if decision.standing is not Standing.PROPOSED:
        return decision
    winner = next(w for w in proposed if decision.offence.id in book.absorbed_by(w))
    return _replace(decision, Standing.REJECTED, f"Contained in {book.by_id[winner].name} ({book.by_id[winner].ref}).")


def _beyond_five(decision: Decision, rank: int) -> Decision:
    if decision.standing is Standing.PROPOSED and rank >= MOST_PROPOSED:
        return _replace(decision, Standing.POSSIBLE, "Also met; five stronger sections are proposed.")
    return decision


def _replace(decision: Decision, standing: Standing, reason: str) -> Decision:
    return Decision(
        offence=decision.offence,
        standing=standing,
        reason=reason,
        ingredients=decision.ingredients,
        ask=decision.ask,
        strength=decision.strength,
    )
