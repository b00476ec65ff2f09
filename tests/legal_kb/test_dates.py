"""The law by the day of the occurrence (BNS 1(2) and 358: in force from 2024-07-01)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afirgen.case.evidence import Span
from afirgen.case.law import Law
from afirgen.legal_kb.dates import BNS_FROM, goes_on, law_for, undated

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2040, 1, 1))


def test_the_last_day_of_the_ipc_and_the_first_of_the_bns() -> None:
    assert date(2024, 7, 1) == BNS_FROM
    assert law_for(date(2024, 6, 30), date(2024, 6, 30))[0] is Law.IPC
    assert law_for(date(2024, 7, 1), date(2024, 7, 1))[0] is Law.BNS


def test_each_answer_gives_its_own_reason() -> None:
    assert "before 01.07.2024: the Indian Penal Code" in law_for(date(2024, 6, 30), None)[1]
    assert "on or after 01.07.2024: the Bharatiya" in law_for(date(2024, 7, 1), None)[1]
    assert "the officer decides" in law_for(date(2024, 6, 30), date(2024, 7, 1))[1]
    assert "not known" in law_for(None, None)[1]


def test_an_end_without_a_beginning_is_not_enough() -> None:
    assert law_for(None, date(2024, 7, 2))[0] is Law.OFFICER_DECIDES


@given(DAYS, st.integers(0, 4000))
def test_a_range_has_one_law_only_where_both_its_ends_have_it(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    ends = {law_for(first, None)[0], law_for(last, None)[0]}
    assert law_for(first, last)[0] is (ends.pop() if len(ends) == 1 else Law.OFFICER_DECIDES)


def test_days_that_are_all_late_settle_the_law_and_early_ones_do_not() -> None:
    assert law_for(None, None, [date(2024, 7, 1), date(2025, 2, 3)])[0] is Law.BNS
    assert law_for(None, None, [date(2019, 5, 1), date(2025, 2, 3)])[0] is Law.OFFICER_DECIDES
    assert law_for(None, None, [date(2019, 5, 1)])[0] is Law.OFFICER_DECIDES


@pytest.mark.parametrize(
    "text",
    [
        "He took my gold last Diwali.",
        "Last year he took it.",
        "Two years ago he took it.",
        "पिछली दिवाली पर लिया।",
        "दो साल पहले लिया।",
        "Pichhle saal liya.",
        "கடந்த தீபாவளி அன்று வாங்கினார்.",
    ],
)
def test_a_time_without_a_date_leaves_the_law_to_the_officer(text: str) -> None:
    """BNS 358: a festival or a year gone by may lie on either side of 01.07.2024, whatever dates are named beside it."""
    late = [date(2025, 2, 3)]
    assert undated(text)
    assert law_for(None, None, late, undated=True)[0] is Law.OFFICER_DECIDES
    assert law_for(late[0], None, late, undated=True)[0] is Law.BNS


@pytest.mark.parametrize("text", ["Yesterday he took it.", "He is my neighbour since last year.", "I am 30 years old."])
def test_other_words_of_time_leave_the_law_alone(text: str) -> None:
    assert not undated(text)


@pytest.mark.parametrize(
    ("text", "still"),
    [
        ("Since 01.05.2024 he follows me.", True),
        ("01.05.2024 onwards he follows me.", True),
        ("From 01.05.2024 till date he follows me.", True),
        ("01.05.2024 से लगातार पीछा कर रहा है।", True),
        ("On 01.05.2024 he followed me.", False),
    ],
)
def test_what_began_under_the_ipc_and_goes_on_is_for_the_officer(text: str, *, still: bool) -> None:
    """BNS 358: an occurrence on both sides of 01.07.2024."""
    start = text.index("01.05.2024")
    assert goes_on(text, Span(start, start + len("01.05.2024"))) is still
    law = law_for(date(2024, 5, 1), None, goes_on=still)[0]
    assert law is (Law.OFFICER_DECIDES if still else Law.IPC)
    assert law_for(date(2024, 5, 1), date(2024, 5, 3), goes_on=still)[0] is Law.IPC


def test_without_a_day_nothing_goes_on() -> None:
    assert not goes_on("Since long he follows me.", None)
