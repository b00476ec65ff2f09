"""How likely an offence is as a whole: what is weighed, and that fitting finds the weights."""

import math
import random

import pytest

from afirgen.case.law import Candidate, SectionRef
from afirgen.legal_kb.calibration import load_calibration
from afirgen.legal_kb.decide import Answer
from afirgen.legal_kb.odds import Clues, Evidence, clues_in, evidence_for, fit_odds
from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.statutes import BNS

NOTHING = Clues(words={}, named={}, ranks={})


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_the_ingredients_are_weighed_with_the_best_of_each_group(book: OffenceBook) -> None:
    offence = next(o for o in book.offences if o.all and o.any and o.none)
    answers = {q: Answer(0.9) for q in offence.all}
    for group in offence.any:
        answers |= {q: Answer(0.1) for q in group} | {group[-1]: Answer(0.6)}
    answers |= {q: Answer(0.3) for q in offence.none if q not in answers}
    found = evidence_for(offence, answers, NOTHING)
    assert found is not None
    assert found.least == pytest.approx(log_odds(0.6))
    parts = len(offence.all) + len(offence.any)
    assert found.mean == pytest.approx(
        (len(offence.all) * log_odds(0.9) + len(offence.any) * log_odds(0.6)) / parts, abs=0.01
    )
    assert (found.words, found.named, found.barred) == (0, False, 0.3)


def test_what_was_not_asked_is_not_weighed(book: OffenceBook) -> None:
    theft = book.by_id["theft"]
    assert evidence_for(theft, {}, NOTHING) is None
    assert evidence_for(theft, {"stolen": Answer(0.9)}, NOTHING) is None
    assert evidence_for(theft, {"stolen": Answer(0.9), "no_consent": Answer(None)}, NOTHING) is None


def test_no_answer_is_infinitely_sure(book: OffenceBook) -> None:
    found = evidence_for(book.by_id["theft"], {"stolen": Answer(1.0), "no_consent": Answer(0.0)}, NOTHING)
    assert found is not None
    assert math.isfinite(found.least)
    assert math.isfinite(found.mean)


def test_clues_are_the_words_of_both_and_the_rank(book: OffenceBook) -> None:
    searched = [Candidate(section=SectionRef(BNS, n), score=1.0, origin="search") for n in ("318", "303")]
    clues = clues_in("My phone was stolen by a thief.", "Theft", searched, book)
    answers = {q: Answer(0.5) for q in book.questions}
    theft = evidence_for(book.by_id["theft"], answers, clues)
    assert theft is not None
    assert theft.words >= 1
    assert (theft.named, theft.rank) == (True, 1)
    murder = evidence_for(book.by_id["murder"], answers, clues)
    assert murder is not None
    assert (murder.words, murder.named, murder.rank) == (0, False, 60)


def test_fitting_finds_what_tells() -> None:
    chance = random.Random(11)
    seen = []
    for _ in range(3000):
        mean, words, rank = chance.gauss(0, 2), chance.choice((0, 1, 2)), chance.randrange(60)
        odds = 1.0 * mean + 1.5 * (words > 0) - 0.5 * math.log1p(rank)
        truth = chance.random() < 1 / (1 + math.exp(-odds))
        evidence = Evidence(least=mean - 1, mean=mean, words=words, named=False, rank=rank, barred=0.0)
        seen.append((evidence, truth))
    found = fit_odds(seen[:2000])
    assert found.worded == pytest.approx(1.5, abs=0.35)
    assert found.rank == pytest.approx(-0.5, abs=0.15)
    assert found.least + found.mean == pytest.approx(1.0, abs=0.15)
    for low in (0.0, 0.25, 0.5, 0.75):
        band = [(p, t) for e, t in seen[2000:] if low <= (p := found.probability(e)) < low + 0.25]
        assert sum(t for _, t in band) / len(band) == pytest.approx(sum(p for p, _ in band) / len(band), abs=0.1)


def test_the_shipped_weights_point_the_right_way() -> None:
    odds = load_calibration().offence
    assert odds is not None
    assert odds.least >= 0
    assert odds.mean > 0
    assert odds.worded > 0
    assert odds.named > 0
    assert odds.rank < 0
    assert odds.barred < 0
