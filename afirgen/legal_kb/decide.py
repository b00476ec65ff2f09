"""From answers to sections: pure rules, no model."""

from collections.abc import Mapping, Sequence
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
_LISTED_ONLY = "For the officer to consider beside the proposed sections."
_NOT_ENOUGH = "All ingredients may be met, but taken together not clearly enough."
_ORDER = (Standing.PROPOSED, Standing.POSSIBLE, Standing.REJECTED)
# An offence is proposed when it is at least as likely as this that it belongs on the report: a wrong section harms more
# than one that is listed as possible.
PROPOSED_FROM = 0.55
# A graver form takes the place of what it contains only if what it adds is itself at least as likely as this.
ADDED_FROM = 0.3


class Answer(Struct, frozen=True):
    """The probability of "yes", None where it was not asked, and the words that bear on it."""

    probability: float | None = None
    evidence: tuple[Span, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """An offence with its ingredient table, its standing and the reason.

    ``strength`` is the probability that the offence belongs on the report, or that of its weakest ingredient where
    only the ingredients were judged.
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
    likely: Mapping[str, float] | None = None,
) -> tuple[Decision, ...]:
    """Judge each offence by its ingredients, then let graver offences absorb those that they contain.

    ``losses`` are the sums of money that the complaint states, in rupees. ``likely`` gives, by offence id, how likely
    the offence belongs on the report all in all: then one ingredient may be unclear in what is proposed, but none
    denied. An offence that is not in it is judged by its ingredients alone. At most five are proposed.
    """
    known = likely or {}
    decisions = [_judge(o, answers, book, losses, known.get(o.id)) for o in offences]
    decisions = _without_graver(decisions, answers, book)
    decisions = _without_contained(decisions, book)
    decisions = _without_excluded(decisions)
    # Of two forms of one offence, the one that may still be made out is the one to be shown.
    ranked = sorted(decisions, key=lambda d: (_ORDER.index(d.standing), -d.strength))
    return tuple(_beyond_five(d, n) for n, d in enumerate(ranked))


def _judge(
    offence: Offence,
    answers: Mapping[str, Answer],
    book: OffenceBook,
    losses: Sequence[int],
    likely: float | None,
) -> Decision:
    needed = _needed(offence, answers)
    shown = dict.fromkeys((*offence.all, *chain.from_iterable(offence.any)))
    wanted = {q: _ingredient(q, answers, book, excludes=False) for q in shown}
    barred = [_ingredient(q, answers, book, excludes=True) for q in offence.none]
    missing = [q for q in needed if wanted[q].verdict in {Verdict.NOT_STATED, Verdict.NOT_CHECKED}]
    table = _Table(
        offence=offence,
        needed=len(needed),
        unchecked=all(wanted[q].verdict is Verdict.NOT_CHECKED for q in needed),
        unmet=[book.questions[q].text for q in needed if wanted[q].verdict is Verdict.NOT_MET],
        excluded=[book.questions[i.question_id].text for i in barred if i.verdict is Verdict.MET],
        missing=[book.questions[q].text for q in missing],
        loss_fits=not offence.loss or _loss_fits(offence.loss, losses),
    )
    standing, reason = _standing(table, likely)
    least = min((wanted[q].score or 0.0 for q in needed), default=0.0)
    return Decision(
        offence=offence,
        standing=standing,
        reason=reason,
        ingredients=(*wanted.values(), *barred),
        ask=tuple(dict.fromkeys(book.questions[q].ask for q in missing)),
        strength=least if likely is None else round(likely, 3),
    )


class _Table(Struct, frozen=True):
    """How an offence's ingredients came out: the texts of those that are denied, that exclude it, that are unclear."""

    offence: Offence
    needed: int
    unchecked: bool
    unmet: list[str]
    excluded: list[str]
    missing: list[str]
    loss_fits: bool


def _standing(table: _Table, likely: float | None) -> tuple[Standing, str]:
    """Return the standing and the reason for the officer."""
    enough = likely is None or likely >= PROPOSED_FROM
    unclear = f"Not stated clearly: {table.missing[0]}" if table.missing else ""
    if table.unchecked:
        return Standing.POSSIBLE, "Not checked."
    if denied := _denied(table):
        return Standing.REJECTED, denied
    if table.missing and (likely is None or not enough):
        return Standing.POSSIBLE, unclear
    if not table.loss_fits:
        return Standing.REJECTED, "The loss stated in the complaint is of another size."
    if table.offence.listed_only or not enough:
        return Standing.POSSIBLE, _LISTED_ONLY if table.offence.listed_only else _NOT_ENOUGH
    met = table.needed - len(table.missing)
    part = f"{met} of {table.needed} ingredients are met; likely all in all. {unclear}"
    return Standing.PROPOSED, part if table.missing else f"All {met} ingredients are met."


def _denied(table: _Table) -> str | None:
    if table.unmet:
        return f"Not so in the complaint: {table.unmet[0]}"
    return f"It is so in the complaint: {table.excluded[0]}" if table.excluded else None


def _needed(offence: Offence, answers: Mapping[str, Answer]) -> list[str]:
    """Return the questions that must be answered "yes", of each group of alternatives the likeliest one."""
    return [_best((q,), answers) for q in offence.all] + [_best(group, answers) for group in offence.any]


def _without_graver(decisions: Sequence[Decision], answers: Mapping[str, Answer], book: OffenceBook) -> list[Decision]:
    """Leave a graver form to the officer where it adds to a proposed one only what is unclear."""
    proposed = [d for d in decisions if d.standing is Standing.PROPOSED]
    doubts = {d.offence.id: _doubt_beyond(d, proposed, answers, book) for d in proposed}
    return [
        structs.replace(d, standing=Standing.POSSIBLE, reason=f"Not stated clearly: {doubt}")
        if (doubt := doubts.get(d.offence.id))
        else d
        for d in decisions
    ]


def _doubt_beyond(
    graver: Decision, proposed: Sequence[Decision], answers: Mapping[str, Answer], book: OffenceBook
) -> str | None:
    """Return the unclear question that a decision adds to another proposed one that it contains, if there is one."""
    contained = book.absorbed_by(graver.offence.id)
    needed = set(_needed(graver.offence, answers))
    weighed = [i for i in graver.ingredients if i.question_id in needed and not i.excludes]
    for other in proposed:
        if other.offence.id in contained:
            theirs = {i.question_id for i in other.ingredients if not i.excludes}
            for added in weighed:
                if added.question_id not in theirs and added.score is not None and added.score < ADDED_FROM:
                    return added.question
    return None


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
