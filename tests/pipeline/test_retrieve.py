"""How words, search and screening answers open offences and order the candidate sections."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afirgen.case.law import Candidate, Law, SectionRef
from afirgen.legal_kb.decide import Answer
from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import load_knowledge_base
from afirgen.pipeline.retrieve import MOST_CANDIDATES, Candidates, merge, numbers_of

BOOK = load_offences(load_knowledge_base())
SECTIONS = sorted({SectionRef(o.act, o.ref.base) for o in BOOK.offences})


def searched(*refs: SectionRef | str) -> tuple[Candidate, ...]:
    named = [r if isinstance(r, SectionRef) else SectionRef("BNS", r) for r in refs]
    return tuple(Candidate(section=r, score=1 / (1 + n), origin="search") for n, r in enumerate(named))


def merged(
    text: str = "", *refs: SectionRef | str, law: Law = Law.BNS, screened: dict[str, float | None] | None = None
) -> Candidates:
    answers = {q: Answer(p) for q, p in (screened or {}).items()}
    return merge(text, searched(*refs), answers, law=law, book=BOOK)


def origins(found: Candidates) -> dict[str, str]:
    return {o.offence.id: o.origin for o in found.opened}


def scores(found: Candidates) -> dict[str, float]:
    return {o.offence.id: o.score for o in found.opened}


def test_nothing_speaks_for_nothing() -> None:
    assert merged("The sky is blue.") == Candidates((), ())


def test_each_sign_is_named_in_the_origin() -> None:
    assert origins(merged("A theft."))["theft"] == "words"
    assert origins(merged("", "303"))["theft"] == "search"
    assert origins(merged(screened={"stolen": 0.9}))["theft"] == "screening"
    assert origins(merged("A theft.", "303", screened={"stolen": 0.9}))["theft"] == "screening+words+search"


def test_more_words_weigh_more_up_to_a_bound() -> None:
    one, two = merged("theft"), merged("theft thief")
    assert scores(two)["theft"] > scores(one)["theft"]
    many, more = "theft thief thieves stolen pickpocket", "theft thief thieves stolen pickpocket gone, it is missing"
    assert scores(merged(more))["theft"] == scores(merged(many))["theft"]


def test_what_the_model_calls_the_wrong_opens_too() -> None:
    found = merge("He took it.", (), {}, law=Law.BNS, book=BOOK, named="The crime is theft.")
    assert origins(found)["theft"] == "words"
    assert "theft" not in origins(merged("He took it."))


def test_the_first_penal_sections_of_search_are_among_the_first_candidates() -> None:
    special = [SectionRef("Some Act", str(n)) for n in range(30)]
    penal = [SectionRef("BNS", str(n)) for n in range(200, 208)]
    found = merge("", searched(*special, *penal), {}, law=Law.BNS, book=OffenceBook([], {})).candidates
    assert [c.section for c in found[14:20]] == penal[:6]
    assert [c.section for c in found[:14]] == special[:14]
    assert len({c.section for c in found}) == len(found) == MOST_CANDIDATES


def test_a_better_place_in_the_search_weighs_more() -> None:
    assert scores(merged("", "303", "85"))["theft"] > scores(merged("", "85", "303"))["theft"]


def test_a_plain_no_closes_unless_a_word_stands_there() -> None:
    assert "theft" not in origins(merged("", "303", screened={"stolen": 0.01}))
    assert "theft" in origins(merged("theft", "303", screened={"stolen": 0.01}))


def test_an_answer_lowers_the_score_but_never_beyond_a_bound() -> None:
    plain, doubted = merged("theft"), merged("theft", screened={"stolen": 0.1})
    assert scores(plain)["theft"] > scores(doubted)["theft"]
    assert scores(doubted)["theft"] == scores(merged("theft", screened={"stolen": 0.0}))["theft"]


def test_a_question_without_an_answer_counts_for_nothing() -> None:
    assert merged("theft", screened={"stolen": None}) == merged("theft")


def test_an_offence_that_needs_its_words_waits_for_them() -> None:
    shy = next(o for o in BOOK.offences if o.needs_words)
    base = SectionRef(shy.act, shy.ref.base)
    assert shy.id not in origins(merged("", base, screened=dict.fromkeys(shy.all, 1.0)))
    assert "words" in origins(merged(shy.words.en[0].replace("*", ""), base))[shy.id]


@pytest.mark.parametrize(
    ("law", "acts"), [(Law.BNS, {"BNS"}), (Law.IPC, {"IPC"}), (Law.OFFICER_DECIDES, {"BNS", "IPC"})]
)
def test_penal_sections_are_those_of_the_governing_law(law: Law, acts: set[str]) -> None:
    found = merged("theft", "303", SectionRef("IPC", "379"), SectionRef("IT Act 2000", "66D"), law=law)
    listed = {c.section.act for c in found.candidates}
    assert listed == acts | {"IT Act 2000"}


def test_numbers_by_law() -> None:
    by_id = BOOK.by_id
    assert numbers_of(by_id["theft"], Law.BNS) == (SectionRef("BNS", "303(2)"),)
    assert numbers_of(by_id["theft"], Law.IPC) == (SectionRef("IPC", "379"),)
    assert numbers_of(by_id["theft"], Law.OFFICER_DECIDES) == (SectionRef("BNS", "303(2)"), SectionRef("IPC", "379"))
    assert numbers_of(by_id["suicide_to_compel"], Law.IPC) == ()
    assert numbers_of(by_id["pocso_assault"], Law.IPC) == (SectionRef("POCSO Act 2012", "8"),)


def test_the_closest_ipc_number_comes_first() -> None:
    """Snatching was registered as theft with assault in carrying it out (IPC 379, 356)."""
    found = [c.section.number for c in merged("snatched my chain", law=Law.IPC).candidates]
    assert found.index("379") < found.index("356")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["theft", "beat me", "raped", "चोरी", "ताला टूटा", "திருட*", "otp", "acid", "dowry"])),
    st.lists(st.sampled_from(SECTIONS), unique=True, max_size=60),
    st.dictionaries(st.sampled_from(BOOK.screening), st.none() | st.floats(0, 1)),
    st.sampled_from(Law),
)
def test_candidates_are_few_ordered_and_each_once(
    words: list[str], refs: list[SectionRef], screened: dict[str, float | None], law: Law
) -> None:
    found = merged(". ".join(words), *refs, law=law, screened=screened)
    sections = [c.section for c in found.candidates]
    assert len(sections) == len(set(sections)) <= MOST_CANDIDATES
    assert [c.score for c in found.candidates] == sorted((c.score for c in found.candidates), reverse=True)
    assert [o.score for o in found.opened] == sorted((o.score for o in found.opened), reverse=True)
    assert all("(" not in s.number for s in sections if s.act in {"BNS", "IPC"})
    assert all(o.origin for o in found.opened)


def test_an_empty_book_leaves_the_search_alone() -> None:
    found = merge("theft", searched("303"), {}, law=Law.BNS, book=OffenceBook([], {}))
    assert [c.section.number for c in found.candidates] == ["303"]
    assert found.opened == ()
