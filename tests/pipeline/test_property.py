"""Which of the things that the model names are property of the case."""

import pytest

from afirgen.case.evidence import Transcript
from afirgen.pipeline.property import read_property, stated_total
from afirgen.pipeline.record import Thing


@pytest.mark.parametrize(
    ("text", "thing", "rupees", "expected"),
    [
        ("My bag with Rs 4,000 is missing.", "bag", "4,000", ("bag", "4000")),
        ("He broke my window. Repair will cost Rs 900.", "window", "", ("window", None)),
        ("They took my phone Redmi 12. I want it back.", "phone Redmi 12", "9,000", ("phone Redmi 12", None)),
        (
            "I parked my motorcycle Bajaj CT. After an hour the motorcycle was not there.",
            "motorcycle Bajaj CT",
            "",
            ("motorcycle Bajaj CT", None),
        ),
        ("I paid Rs 74,999 to that account.", "Rs 74,999", "74,999", ("Rs 74,999", "74999")),
    ],
)
def test_what_is_lost_harmed_or_paid_is_taken(
    text: str, thing: str, rupees: str, expected: tuple[str, str | None]
) -> None:
    found, unclear = read_property([Thing(thing, rupees)], Transcript(text=text, language="en"))
    assert [(p.item.value, p.value_inr.value if p.value_inr else None) for p in found] == [expected]
    assert unclear == ()


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("His phone was ringing till midnight.", "phone"),
        ("The contractor gave an advance of Rs 20,000 to me in May.", "advance of Rs 20,000"),
        ("I was sitting on my motorcycle.", "motorcycle"),
    ],
)
def test_what_only_occurs_is_left_to_the_officer(text: str, thing: str) -> None:
    found, unclear = read_property([Thing(thing)], Transcript(text=text, language="en"))
    assert found == ()
    assert unclear == (thing,)


@pytest.mark.parametrize("thing", ["phone no 98610 47532", "head injury", "a golden crown"])
def test_numbers_injuries_and_inventions_are_dropped(thing: str) -> None:
    text = "He took my bag. I have a head injury. My phone no 98610 47532."
    assert read_property([Thing(thing)], Transcript(text=text, language="en")) == ((), ())


def test_a_total_is_the_informants_own() -> None:
    total = stated_total("A ring of Rs 9,000 and cash Rs 1,000, total Rs 10,000.")
    assert total is not None
    assert total.value == "10000"
    assert stated_total("A ring of Rs 9,000 and cash Rs 1,000.") is None
