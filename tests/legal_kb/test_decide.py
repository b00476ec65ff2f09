"""The rules from answers to sections, on the shipped offences."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afirgen.case.evidence import Span
from afirgen.case.law import Standing, Verdict
from afirgen.legal_kb.decide import (
    ADDED_FROM,
    EXCLUDED_FROM,
    MET_FROM,
    MOST_PROPOSED,
    NOT_MET_BELOW,
    Answer,
    Decision,
    decide,
    verdict_of,
)
from afirgen.legal_kb.offences import Offence, OffenceBook, Question


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
    met = [i.question_id for i in found.ingredients if not i.excludes and i.verdict is Verdict.MET]
    assert met == ["stolen", "no_consent"]


def test_an_unclear_ingredient_makes_it_possible_and_is_asked(book: OffenceBook) -> None:
    found = judged(book, "grievous_hurt", "beaten", unclear="bone_broken")["grievous_hurt"]
    assert found.standing is Standing.POSSIBLE
    assert found.ask == (book.questions["bone_broken"].ask,)


def weighed(book: OffenceBook, answers: dict[str, float], likely: dict[str, float]) -> dict[str, Decision]:
    """Decide on offences of which it is given how likely they are all in all."""
    given_answers = {q: Answer(answers.get(q, 0.02)) for q in book.questions}
    return {d.offence.id: d for d in decide([book.by_id[o] for o in likely], given_answers, book, likely=likely)}


def test_a_likely_offence_may_have_an_unclear_ingredient_which_is_asked(book: OffenceBook) -> None:
    unclear = {"beaten": 0.95, "bone_broken": 0.35}
    found = weighed(book, unclear, {"grievous_hurt": 0.7})["grievous_hurt"]
    assert (found.standing, found.strength) == (Standing.PROPOSED, 0.7)
    assert found.reason.startswith("1 of 2 ingredients are met")
    assert found.ask == (book.questions["bone_broken"].ask,)
    assert weighed(book, unclear, {"grievous_hurt": 0.4})["grievous_hurt"].standing is Standing.POSSIBLE


@pytest.mark.parametrize("answers", [{"beaten": 0.95}, {"beaten": 0.95, "bone_broken": NOT_MET_BELOW - 0.01}])
def test_no_likelihood_makes_up_for_what_is_denied(book: OffenceBook, answers: dict[str, float]) -> None:
    found = weighed(book, answers, {"grievous_hurt": 0.99})["grievous_hurt"]
    assert found.standing is Standing.REJECTED


def test_all_ingredients_met_is_not_enough_for_an_unlikely_offence(book: OffenceBook) -> None:
    found = weighed(book, {"stolen": 0.6, "no_consent": 0.6}, {"theft": 0.3})["theft"]
    assert found.standing is Standing.POSSIBLE
    assert "not clearly enough" in found.reason


@pytest.mark.parametrize(
    ("added", "proposed"), [(ADDED_FROM - 0.01, {"theft"}), (ADDED_FROM, {"robbery"}), (0.9, {"robbery"})]
)
def test_a_graver_form_needs_what_it_adds(book: OffenceBook, added: float, proposed: set[str]) -> None:
    answers = {"stolen": 0.95, "no_consent": 0.95, "force_in_taking": added}
    found = weighed(book, answers, {"theft": 0.9, "robbery": 0.9})
    assert {o for o, d in found.items() if d.standing is Standing.PROPOSED} == proposed
    if proposed == {"theft"}:
        assert found["robbery"].standing is Standing.POSSIBLE
        assert book.questions["force_in_taking"].text in found["robbery"].reason


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


# --- on a small book --------------------------------------------------------------------------------------

A_TO_H = "abcdefgh"


def small_book(*offences: Offence) -> OffenceBook:
    return OffenceBook(offences, {q: Question(text=f"Is {q} so?", ask=f"What of {q}?") for q in A_TO_H})


def made_of(offence_id: str, needs: str, **rest: object) -> Offence:
    return Offence(id=offence_id, section="1", name=offence_id.title(), all=tuple(needs.split()), **rest)  # type: ignore[arg-type]


def outcome(book: OffenceBook, *, losses: Sequence[int] = (), **yes: float | None) -> dict[str, Decision]:
    answers = {q: Answer(p) for q, p in yes.items()}
    return {d.offence.id: d for d in decide(book.offences, answers, book, losses=losses)}


@pytest.mark.parametrize(
    ("probability", "needed", "excluding"),
    [
        (None, Verdict.NOT_CHECKED, Verdict.NOT_CHECKED),
        (0.0, Verdict.NOT_MET, Verdict.NOT_MET),
        (NOT_MET_BELOW - 1e-9, Verdict.NOT_MET, Verdict.NOT_MET),
        (NOT_MET_BELOW, Verdict.NOT_STATED, Verdict.NOT_STATED),
        (MET_FROM - 1e-9, Verdict.NOT_STATED, Verdict.NOT_STATED),
        (MET_FROM, Verdict.MET, Verdict.NOT_STATED),
        (EXCLUDED_FROM - 1e-9, Verdict.MET, Verdict.NOT_STATED),
        (EXCLUDED_FROM, Verdict.MET, Verdict.MET),
        (1.0, Verdict.MET, Verdict.MET),
    ],
)
def test_where_a_verdict_changes(probability: float | None, needed: Verdict, excluding: Verdict) -> None:
    assert verdict_of(Answer(probability)) is needed
    assert verdict_of(Answer(probability), excludes=True) is excluding


def test_only_what_is_met_is_quoted() -> None:
    book = small_book(made_of("it", "a b"))
    answers = {"a": Answer(0.9, (Span(0, 4),)), "b": Answer(0.3, (Span(5, 9),))}
    quoted = {i.question_id: i.evidence for i in decide(book.offences, answers, book)[0].ingredients}
    assert quoted == {"a": (Span(0, 4),), "b": ()}


def test_a_chain_of_absorption_skips_the_middle() -> None:
    """The gravest absorbs the least through one that is not made out itself."""
    book = small_book(
        made_of("grave", "a", contains=("middle",)), made_of("middle", "b", contains=("least",)), made_of("least", "c")
    )
    found = outcome(book, a=0.6, b=0.0, c=0.99)
    assert found["grave"].standing is Standing.PROPOSED
    assert found["least"].reason == "Contained in Grave (BNS 1)."
    assert book.questions["b"].text in found["middle"].reason


def test_what_is_absorbed_is_not_asked_about_any_more() -> None:
    book = small_book(made_of("grave", "a", contains=("least",)), made_of("least", "c"))
    found = outcome(book, a=0.9, c=0.3)
    assert (found["least"].standing, found["least"].ask) == (Standing.REJECTED, ())


def test_what_is_only_possible_absorbs_nothing() -> None:
    book = small_book(made_of("grave", "a", contains=("least",)), made_of("least", "c"))
    assert outcome(book, a=0.3, c=0.9)["least"].standing is Standing.PROPOSED


@pytest.mark.parametrize("named_by", ["one", "other"])
def test_of_two_that_exclude_each_other_the_stronger_stays(named_by: str) -> None:
    one = made_of("one", "a", excludes=("other",) if named_by == "one" else ())
    other = made_of("other", "b", excludes=("one",) if named_by == "other" else ())
    found = outcome(small_book(one, other), a=0.6, b=0.9)
    assert (found["one"].standing, found["other"].standing) == (Standing.POSSIBLE, Standing.PROPOSED)
    assert found["one"].reason == "Does not stand beside Other, which is better made out."


def test_an_absorbed_offence_excludes_nothing() -> None:
    book = small_book(
        made_of("grave", "a", contains=("least",)), made_of("least", "b", excludes=("third",)), made_of("third", "c")
    )
    assert outcome(book, a=0.9, b=0.99, c=0.6)["third"].standing is Standing.PROPOSED


@pytest.mark.parametrize(
    ("bounds", "losses", "fits"),
    [
        ((20_000, 99_999), (19_999,), False),
        ((20_000, 99_999), (20_000,), True),
        ((20_000, 99_999), (99_999,), True),
        ((20_000, 99_999), (100_000,), False),
        ((100_000, 0), (10**9,), True),
        ((0, 500), (), False),
        ((0, 500), (300, 501), False),
    ],
)
def test_loss_bounds_hold_for_the_largest_sum(bounds: tuple[int, int], losses: tuple[int, ...], *, fits: bool) -> None:
    found = outcome(small_book(made_of("it", "a", loss=bounds)), a=0.9, losses=losses)["it"]
    assert found.standing is (Standing.PROPOSED if fits else Standing.REJECTED)


def test_the_reason_names_what_stands_against_it_first() -> None:
    book = small_book(made_of("it", "a b", none=("c",), loss=(5, 0)))
    assert outcome(book, a=0.0, b=0.3, c=0.9)["it"].reason == "Not so in the complaint: Is a so?"
    assert outcome(book, a=0.9, b=0.3, c=0.9)["it"].reason == "It is so in the complaint: Is c so?"
    assert outcome(book, a=0.9, b=0.3, c=0.1)["it"].reason == "Not stated clearly: Is b so?"
    assert outcome(book, a=0.9, b=0.9, c=0.1)["it"].reason == "The loss stated in the complaint is of another size."
    assert outcome(book, a=0.9, b=0.9, c=0.1, losses=(9,))["it"].reason == "All 2 ingredients are met."


def test_what_was_not_asked_is_said_so_and_stays_to_be_asked() -> None:
    found = outcome(small_book(made_of("it", "a b")))["it"]
    assert (found.standing, found.reason) == (Standing.POSSIBLE, "Not checked.")
    assert found.ask == ("What of a?", "What of b?")
    assert [i.score for i in found.ingredients] == [None, None]


def test_an_offence_half_asked_is_never_proposed() -> None:
    found = outcome(small_book(made_of("it", "a b")), a=0.99)["it"]
    assert (found.standing, found.ask) == (Standing.POSSIBLE, ("What of b?",))


def test_strength_is_that_of_the_weakest_ingredient() -> None:
    book = small_book(made_of("it", "a b", any=(("c", "d"),)))
    assert outcome(book, a=0.9, b=0.8, c=0.0, d=0.7)["it"].strength == 0.7


PROBABILITIES = st.sampled_from([None, 0.0, 0.19, 0.2, 0.49, 0.5, 0.69, 0.7, 1.0]) | st.floats(0, 1)
SETS = st.lists(st.sampled_from(A_TO_H), unique=True, max_size=3).map(tuple)


@st.composite
def books(draw: st.DrawFn) -> OffenceBook:
    """Draw a book in which an offence contains only later ones, so that none contains itself."""
    ids = [f"o{n}" for n in range(draw(st.integers(1, 9)))]

    def offence(n: int) -> Offence:
        later = st.lists(st.sampled_from(ids[n + 1 :]), unique=True, max_size=2) if ids[n + 1 :] else st.just([])
        return Offence(
            id=ids[n],
            section=str(n),
            name=ids[n],
            all=draw(SETS.filter(bool)),
            any=tuple(g for g in (draw(SETS),) if g),
            none=draw(SETS),
            contains=tuple(draw(later)),
            excludes=tuple(draw(st.lists(st.sampled_from(ids), unique=True, max_size=2).map(lambda x: [*x]))),
            loss=draw(st.sampled_from([None, None, (0, 100), (50, 0)])),
            listed_only=draw(st.sampled_from([False, False, True])),
        )

    return small_book(*(offence(n) for n in range(len(ids))))


@settings(max_examples=300)
@given(
    books(),
    st.fixed_dictionaries(dict.fromkeys(A_TO_H, PROBABILITIES)),
    st.lists(st.integers(0, 200), max_size=2),
)
def test_what_never_happens(book: OffenceBook, yes: dict[str, float | None], losses: list[int]) -> None:
    decisions = decide(book.offences, {q: Answer(p) for q, p in yes.items()}, book, losses=losses)
    assert sorted(d.offence.id for d in decisions) == sorted(book.by_id)
    proposed = [d.offence for d in decisions if d.standing is Standing.PROPOSED]
    assert len(proposed) <= MOST_PROPOSED
    assert [d.offence for d in decisions[: len(proposed)]] == proposed
    met = {q for q, p in yes.items() if p is not None and p >= MET_FROM}
    barred = {q for q, p in yes.items() if p is not None and p >= EXCLUDED_FROM}
    names = {o.id for o in proposed}
    for offence in proposed:
        assert set(offence.all) <= met
        assert all(set(group) & met for group in offence.any)
        assert not set(offence.none) & barred
        assert not offence.listed_only
        assert not names & (book.absorbed_by(offence.id) | set(offence.excludes) - {offence.id})
