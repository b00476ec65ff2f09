"""The rules from answers to sections, on the shipped offences."""

from collections.abc import Sequence

import pytest

from afirgen.case.law import Standing, Verdict
from afirgen.legal_kb.decide import MOST_PROPOSED, Answer, Decision, decide
from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import load_knowledge_base


@pytest.fixture(scope="module")
def book() -> OffenceBook:
    return load_offences(load_knowledge_base())


def judged(
    book: OffenceBook, offences: str, yes: str, *, unclear: str = "", losses: Sequence[int] = ()
) -> dict[str, Decision]:
    """Decide with the named facts met or unclear and all others not met."""
    answers = {q: Answer(0.02) for q in book.questions}
    answers |= {q: Answer(0.95) for q in yes.split()} | {q: Answer(0.35) for q in unclear.split()}
    return {d.offence.id: d for d in decide([book.by_id[o] for o in offences.split()], answers, book, losses=losses)}


def standing(decisions: dict[str, Decision], offence_id: str) -> Standing:
    return decisions[offence_id].standing


def test_all_ingredients_met_is_proposed(book: OffenceBook) -> None:
    found = judged(book, "theft", "stolen no_consent")["theft"]
    assert found.standing is Standing.PROPOSED
    assert [i.verdict for i in found.ingredients if not i.excludes] == [Verdict.MET, Verdict.MET]


def test_an_unclear_ingredient_makes_it_possible_and_is_asked(book: OffenceBook) -> None:
    found = judged(book, "grievous_hurt", "beaten", unclear="bone_broken")["grievous_hurt"]
    assert found.standing is Standing.POSSIBLE
    assert found.ask == (book.questions["bone_broken"].ask,)


def test_an_ingredient_not_met_rejects(book: OffenceBook) -> None:
    found = judged(book, "murder", "died")["murder"]
    assert found.standing is Standing.REJECTED
    assert book.questions["murdered"].text in found.reason


def test_an_exclusion_that_is_met_rejects(book: OffenceBook) -> None:
    assert standing(judged(book, "theft", "stolen no_consent force_in_taking"), "theft") is Standing.REJECTED


def test_one_of_a_list_is_enough(book: OffenceBook) -> None:
    assert standing(judged(book, "theft_in_building", "stolen no_consent"), "theft_in_building") is Standing.REJECTED
    on_train = judged(book, "theft_in_building", "stolen no_consent public_transport")
    assert standing(on_train, "theft_in_building") is Standing.PROPOSED


def test_the_graver_form_absorbs_the_plain_one(book: OffenceBook) -> None:
    facts = "stolen no_consent force_in_taking hurt_in_taking beaten"
    found = judged(book, "theft robbery robbery_with_hurt hurt", facts)
    assert [o for o, d in found.items() if d.standing is Standing.PROPOSED] == ["robbery_with_hurt"]
    assert "Contained in" in found["robbery"].reason


def test_dacoity_absorbs_robbery(book: OffenceBook) -> None:
    found = judged(book, "robbery dacoity", "stolen no_consent force_in_taking five_robbers")
    assert standing(found, "dacoity") is Standing.PROPOSED
    assert standing(found, "robbery") is Standing.REJECTED


def test_weapon_and_fracture_together(book: OffenceBook) -> None:
    facts = "beaten bone_broken weapon_used"
    found = judged(book, "hurt hurt_by_weapon grievous_hurt grievous_hurt_by_weapon", facts)
    assert [o for o, d in found.items() if d.standing is Standing.PROPOSED] == ["grievous_hurt_by_weapon"]


@pytest.mark.parametrize(
    ("losses", "proposed"),
    [((), "mischief"), ((5000,), "mischief"), ((36000, 500), "mischief_20k"), ((100000,), "mischief_1_lakh")],
)
def test_mischief_goes_by_the_stated_loss(book: OffenceBook, losses: tuple[int, ...], proposed: str) -> None:
    found = judged(book, "mischief mischief_20k mischief_1_lakh", "damaged", losses=losses)
    assert [o for o, d in found.items() if d.standing is Standing.PROPOSED] == [proposed]


def test_night_decides_between_house_breaking_by_day_and_by_night(book: OffenceBook) -> None:
    both = "house_breaking_day house_breaking_night"
    day, night = judged(book, both, "entered broke_in"), judged(book, both, "entered broke_in at_night")
    assert standing(day, "house_breaking_day") is standing(night, "house_breaking_night") is Standing.PROPOSED
    assert standing(day, "house_breaking_night") is standing(night, "house_breaking_day") is Standing.REJECTED


def test_what_was_not_asked_is_not_proposed(book: OffenceBook) -> None:
    found = decide([book.by_id["theft"]], {}, book)[0]
    assert found.standing is Standing.POSSIBLE
    assert {i.verdict for i in found.ingredients} == {Verdict.NOT_CHECKED}


def test_at_most_five_are_proposed(book: OffenceBook) -> None:
    everything = " ".join(book.by_id)
    facts = "beaten damaged abused threatened defamed nuisance stopped entered on_land animal_hurt fake_notes"
    found = judged(book, everything, facts)
    proposed = [d for d in found.values() if d.standing is Standing.PROPOSED]
    assert len(proposed) == MOST_PROPOSED
    assert any("stronger sections" in d.reason for d in found.values())


def test_a_debt_alone_is_not_cheating(book: OffenceBook) -> None:
    found = judged(book, "cheating breach_of_trust", "deceived lost_by_deceit entrusted money_owed")
    assert {d.standing for d in found.values()} == {Standing.REJECTED}


def test_listed_only_is_never_proposed(book: OffenceBook) -> None:
    assert standing(judged(book, "conspiracy", "planned_together"), "conspiracy") is Standing.POSSIBLE
