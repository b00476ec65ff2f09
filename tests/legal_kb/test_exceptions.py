"""General exceptions are pointed out to the officer, with the provision of the governing law."""

import pytest

from afirgen.case.law import Law
from afirgen.legal_kb.exceptions import exception_notes


@pytest.mark.parametrize(
    ("text", "law", "provision"),
    [
        ("He says he pushed him in self-defence.", Law.BNS, "BNS 34 to 44"),
        ("The accused is a mental patient.", Law.IPC, "IPC 84"),
        ("Raju beat me on the instigation of his uncle.", Law.BNS, "BNS 45 to 56"),
        ("Two men tried to snatch my chain but I held it.", Law.OFFICER_DECIDES, "BNS 62 or IPC 511"),
        ("उसने मोबाइल छीनने की कोशिश की।", Law.BNS, "BNS 62"),
        ("The manager did it in connivance with the clerk.", Law.BNS, "BNS 61"),
        ("सबने मिलकर साजिश रची।", Law.IPC, "IPC 120A and 120B"),
        ("A mob pelted stones at our shop.", Law.BNS, "BNS 189 and 190"),
        ("They were members of an unlawful assembly.", Law.IPC, "IPC 141 and 149"),
    ],
)
def test_words_that_hint_at_a_general_rule(text: str, law: Law, provision: str) -> None:
    (note,) = exception_notes(text, [], law)
    assert provision in note


@pytest.mark.parametrize(
    ("described", "expected"),
    [("a boy of 6 years", "BNS 20"), ("boy aged 11", "BNS 21"), ("a 16 year old boy", "Juvenile Justice Act")],
)
def test_the_age_of_an_accused_child(described: str, expected: str) -> None:
    (note,) = exception_notes("He threw a stone.", [described], Law.BNS)
    assert expected in note


def test_a_disability_calls_for_recording_at_home() -> None:
    (note,) = exception_notes("My sister is deaf and uses signs.", [], Law.BNS)
    assert "173(1), second proviso" in note


def test_plain_complaints_and_adults_get_no_note() -> None:
    assert exception_notes("My cycle was stolen. I am 16 years old.", ["man aged about 45"], Law.BNS) == ()
