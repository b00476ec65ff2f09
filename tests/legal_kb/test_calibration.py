"""Fitting finds each question's own leaning, and the shipped numbers belong to the shipped questions."""

import math
import random
from pathlib import Path

import pytest

from afirgen.errors import DataFileError
from afirgen.legal_kb.calibration import Example, Sign, fit, load_calibration
from afirgen.legal_kb.offences import load_offences
from afirgen.legal_kb.statutes import load_knowledge_base

LEANINGS = {"leans_to_yes": 3.0, "even": 0.0, "leans_to_no": -3.0}


def examples(number: int) -> list[Example]:
    """Draw answers of a model whose logits are shifted by each question's leaning."""
    chance = random.Random(7)
    drawn = []
    for _ in range(number):
        question = chance.choice(list(LEANINGS))
        truth = chance.random() < 0.4
        logit = LEANINGS[question] + chance.gauss(1.5 if truth else -1.5, 1.0)
        hints = sum(chance.random() < (0.6 if truth else 0.1) for _ in range(2))
        drawn.append(Example(question, Sign(logit, 0.0, hints), truth))
    return drawn


def test_each_leaning_is_taken_out() -> None:
    found = fit(examples(1500), model="m")
    for question, leaning in LEANINGS.items():
        assert found.probability(question, Sign(leaning + 3, 0.0, 1)) > 0.95
        assert found.probability(question, Sign(leaning - 3, 0.0, 0)) < 0.05


def test_probabilities_are_honest() -> None:
    drawn = examples(3000)
    found = fit(drawn[:1500], model="m")
    guessed = [(found.probability(e.question_id, e.sign), e.truth) for e in drawn[1500:]]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        band = [(p, t) for p, t in guessed if low <= p < low + 0.2]
        share = sum(t for _, t in band) / len(band)
        assert math.isclose(share, sum(p for p, _ in band) / len(band), abs_tol=0.15)


def test_a_text_that_draws_yes_to_everything_is_seen_through() -> None:
    chance = random.Random(3)
    drawn = []
    for _ in range(1200):
        mean, truth = chance.choice((-4.0, 4.0)), chance.random() < 0.4
        drawn.append(Example("even", Sign(mean + chance.gauss(1.5 if truth else -1.5, 1.0), mean, 0), truth))
    found = fit(drawn, model="m")
    assert found.probability("even", Sign(-4 + 3, -4.0, 0)) > 0.9
    assert found.probability("even", Sign(4 - 3, 4.0, 0)) < 0.1


def test_a_usual_word_for_the_offence_counts_as_much_as_it_tells() -> None:
    chance = random.Random(5)
    drawn = []
    for _ in range(1500):
        truth = chance.random() < 0.4
        worded = chance.random() < (0.8 if truth else 0.2)
        drawn.append(Example("even", Sign(chance.gauss(1.0 if truth else -1.0, 1.0), 0.0, 0, worded=worded), truth))
    found = fit(drawn, model="m")
    without, with_word = (found.probability("even", Sign(0.0, 0.0, 0, worded=w)) for w in (False, True))
    assert without < 0.35
    assert with_word > 0.55


def test_an_unknown_question_has_the_common_bias() -> None:
    found = fit(examples(300), model="m")
    assert 0 < found.probability("new", Sign(0.0, 0.0, 0)) < 1


def test_the_shipped_calibration_knows_only_shipped_questions() -> None:
    book = load_offences(load_knowledge_base())
    found = load_calibration()
    assert found.slope > 0
    assert found.worded > 0
    assert found.named > 0
    assert found.bias.keys() <= book.questions.keys()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text("{")
    with pytest.raises(DataFileError, match=r"calibration\.json"):
        load_calibration(tmp_path / "calibration.json")
