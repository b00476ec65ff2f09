"""How likely an offence belongs on the report, from all its ingredients together and what else speaks for it.

Single answers are uncertain, and the least certain of an offence's ingredients says little of the offence as a whole:
where all but one are plain, the everyday words are there and search finds the section, the last one is more likely than
its own answer says. So the log odds of an offence are a weighted sum of

    the least and the mean log odds of its ingredients, everyday words (any, and more than one), whether the model's own
    name for the wrong holds one, the logarithm of the section's rank in search, and the likeliest exclusion

with eight weights for all offences, fitted on the tuning cases by ``scripts/calibrate.py``.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, structs

from afirgen.case.law import Candidate, SectionRef
from afirgen.legal_kb.decide import Answer
from afirgen.legal_kb.everyday import word_hits
from afirgen.legal_kb.offences import Offence, OffenceBook

_STEPS = 25
_PULL = 1e-2
# Beyond this, a rank in search tells nothing more.
_LAST_RANK = 60
# No answer is surer than this.
_SUREST = 0.999


class Clues(Struct, frozen=True):
    """What speaks for offences beside their ingredients.

    Everyday words in the complaint and in the model's name for the wrong are counted by offence id; ``ranks`` are those
    of sections in search, from 0.
    """

    words: Mapping[str, int]
    named: Mapping[str, int]
    ranks: Mapping[SectionRef, int]


class Evidence(Struct, frozen=True, kw_only=True):
    """What is known of one offence in one complaint; log odds are natural, ``barred`` is a probability."""

    least: float
    mean: float
    words: int
    named: bool
    rank: int
    barred: float


class Odds(Struct, frozen=True, kw_only=True):
    """The weights of :class:`Evidence`, and what is common to all offences."""

    least: float
    mean: float
    worded: float
    more_words: float
    named: float
    rank: float
    barred: float
    common: float

    def probability(self, evidence: Evidence) -> float:
        """Return the probability that the offence belongs on the report."""
        return logistic(float(np.dot(structs.astuple(self), _row(evidence))))


def logistic(value: float) -> float:
    """Return the probability whose natural log odds are ``value``."""
    return 1 / (1 + math.exp(-value)) if value > 0 else math.exp(value) / (1 + math.exp(value))


def clues_in(text: str, named: str, searched: Sequence[Candidate], book: OffenceBook) -> Clues:
    """Collect the clues of a complaint; ``named`` is what the model calls the wrong."""
    return Clues(
        words=word_hits(text, book),
        named=word_hits(named, book),
        ranks={candidate.section: rank for rank, candidate in enumerate(searched)},
    )


def evidence_for(offence: Offence, answers: Mapping[str, Answer], clues: Clues) -> Evidence | None:
    """Return what is known of an offence, None where an ingredient was not asked about."""
    groups = [*((q,) for q in offence.all), *offence.any]
    needed = [max((_probability(q, answers) for q in group), default=0.0) for group in groups]
    if not needed or not all(_asked(group, answers) for group in groups):
        return None
    odds = [_log_odds(p) for p in needed]
    return Evidence(
        least=min(odds),
        mean=sum(odds) / len(odds),
        words=clues.words.get(offence.id, 0),
        named=offence.id in clues.named,
        rank=min(_LAST_RANK, clues.ranks.get(SectionRef(offence.act, offence.ref.base), _LAST_RANK)),
        barred=max((_probability(q, answers) for q in offence.none), default=0.0),
    )


def fit_odds(seen: Sequence[tuple[Evidence, bool]]) -> Odds:
    """Fit by penalised maximum likelihood over offences seen in cases, with whether they belong on the report."""
    rows = np.array([_row(evidence) for evidence, _ in seen])
    truth = np.array([right for _, right in seen], dtype=float)
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-rows @ weights))
        curvature = rows.T @ (rows * (guess * (1 - guess))[:, None]) + _PULL * np.eye(rows.shape[1])
        weights += np.linalg.solve(curvature, rows.T @ (truth - guess) - _PULL * weights)
    return Odds(**{name: round(float(w), 4) for name, w in zip(Odds.__struct_fields__, weights, strict=True)})


def _row(evidence: Evidence) -> tuple[float, ...]:
    """Return the terms in the order of the fields of :class:`Odds`."""
    more_words = evidence.words > 1
    rank = math.log1p(evidence.rank)
    return (evidence.least, evidence.mean, evidence.words > 0, more_words, evidence.named, rank, evidence.barred, 1.0)


def _asked(group: Sequence[str], answers: Mapping[str, Answer]) -> bool:
    return any(q in answers and answers[q].probability is not None for q in group)


def _probability(question_id: str, answers: Mapping[str, Answer]) -> float:
    return answers.get(question_id, Answer()).probability or 0.0


def _log_odds(probability: float) -> float:
    held = min(_SUREST, max(1 - _SUREST, probability))
    return math.log(held / (1 - held))
