"""Law by date, route, duties, and the facts that plain rules settle; provisions as in law-and-form."""

from datetime import date

import pytest

from afirgen.case.law import Assessment, Attributes, Cognizance, Law, Route, SectionRef, Standing
from afirgen.legal_kb.dates import law_for
from afirgen.legal_kb.everyday import hints_in, word_hits
from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.route import duties_for, route_for
from afirgen.legal_kb.screening import known_answers


def section(number: str, cognizable: Cognizance, *, act: str = "BNS", months: int | None = None) -> Assessment:
    return Assessment(
        section=SectionRef(act, number),
        title="",
        statement="",
        standing=Standing.PROPOSED,
        reason="",
        attributes=Attributes(
            offence="", punishment="", cognizable=cognizable, bailable=Cognizance.YES, court="", max_months=months
        ),
    )


@pytest.mark.parametrize(
    ("first", "last", "law"),
    [
        (date(2024, 6, 30), None, Law.IPC),
        (date(2024, 7, 1), None, Law.BNS),
        (date(2024, 6, 1), date(2024, 6, 30), Law.IPC),
        (date(2024, 6, 30), date(2024, 7, 1), Law.OFFICER_DECIDES),
        (None, None, Law.OFFICER_DECIDES),
    ],
)
def test_the_day_decides_the_law(first: date | None, last: date | None, law: Law) -> None:
    assert law_for(first, last)[0] is law


def test_one_cognizable_offence_makes_an_fir() -> None:
    """BNSS 174(4)."""
    assert route_for([section("352", Cognizance.NO), section("303(2)", Cognizance.YES)], [])[0] is Route.FIR


def test_only_non_cognizable_makes_a_report() -> None:
    """BNSS 174(1) and (2)."""
    route, reason = route_for([section("352", Cognizance.NO)], [])
    assert route is Route.NON_COGNIZABLE_REPORT
    assert "BNSS 174" in reason


def test_conditional_cognizance_is_for_the_officer() -> None:
    assert route_for([section("85", Cognizance.OFFICER_DECIDES)], [])[0] is Route.OFFICER_DECIDES


def test_no_offence_offers_a_diary_entry_and_refuses_nothing() -> None:
    route, reason = route_for([], [])
    assert route is Route.DIARY_ENTRY
    assert "the officer may register an FIR" in reason


def test_unchecked_is_for_the_officer() -> None:
    assert route_for([], [], checked=False)[0] is Route.OFFICER_DECIDES


@pytest.mark.parametrize(
    ("number", "act", "months", "provision"),
    [
        ("74", "BNS", 60, "173(1), first proviso"),
        ("64(1)", "BNS", 120, "193(2)"),
        ("78(2)", "BNS", 36, "183(6)"),
        ("303(2)", "BNS", 36, "173(3)"),
        ("331(4)", "BNS", 168, "176(3)"),
        ("8", "POCSO Act 2012", 60, "POCSO Act 19(6)"),
        ("66D", "IT Act 2000", 36, "IT Act 78"),
    ],
)
def test_duties_quote_their_provision(number: str, act: str, months: int, provision: str) -> None:
    assert any(provision in d for d in duties_for([section(number, Cognizance.YES, act=act, months=months)]))


def test_no_preliminary_enquiry_outside_three_to_seven_years() -> None:
    """BNSS 173(3)."""
    for months in (24, 84):
        assert not any("173(3)" in d for d in duties_for([section("1", Cognizance.YES, months=months)]))


@pytest.mark.parametrize(
    ("text", "first", "last", "night"),
    [
        ("The shop was broken open.", "01:30", None, 1.0),
        ("I closed at nine.", "21:00", "07:00", 1.0),
        ("It was in the morning.", "10:00", "15:00", 0.0),
        ("At night it was there.", "10:00", None, None),
        ("It is gone.", None, None, None),
    ],
)
def test_night_by_the_clock(text: str, first: str | None, last: str | None, night: float | None) -> None:
    answer = known_answers(text, time_from=first, time_to=last).get("at_night")
    assert (answer.probability if answer else None) == night


@pytest.mark.parametrize(
    ("text", "under_twelve", "child"),
    [
        ("My daughter is 9 years old.", 1.0, None),
        ("My daughter, aged 16, left the house.", 0.0, None),
        ("My son Ravi, 10, did not come back.", 1.0, None),
        ("I am a clerk aged 44.", 0.0, 0.0),
        ("My daughter was touched.", None, None),
    ],
)
def test_childhood_by_the_ages_stated(text: str, under_twelve: float | None, child: float | None) -> None:
    known = known_answers(text, time_from=None, time_to=None)
    assert (known["under_twelve"].probability if "under_twelve" in known else None) == under_twelve
    assert (known["child_victim"].probability if "child_victim" in known else None) == child


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("My daughter, aged 15, was taken.", 1.0),
        ("My daughter, aged 17, was taken.", 0.0),
        ("My daughter is 9 years old.", 1.0),
        ("I am a clerk aged 44.", 0.0),
        ("My daughter was touched.", None),
    ],
)
def test_sixteen_by_the_ages_stated(text: str, below: float | None) -> None:
    """BNS 65(1) ends at sixteen, childhood at eighteen."""
    known = known_answers(text, time_from=None, time_to=None)
    assert (known["under_sixteen"].probability if "under_sixteen" in known else None) == below


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("Two men on a motorcycle came.", 0.0),
        ("Three unknown persons and their driver.", 0.0),
        ("Three men came with a mob.", None),
        ("About fifteen men came.", 0.85),
        ("8-10 persons beat us.", 0.85),
        ("Seven persons with guns and lathis came to our office.", 0.85),
        ("At 6 pm a boy came from behind.", None),
        ("On 22/06/25 evening 2 boys came to the shop.", 0.0),
        ("I booked a ticket for 6 persons of our family on a site which came first.", None),
        ("In flat 402 some new boys have come.", None),
        ("Six persons are injured. A truck hit them.", None),
        ("Ramesh beat me.", None),
    ],
)
def test_a_group_by_the_number_stated(text: str, group: float | None) -> None:
    known = known_answers(text, time_from=None, time_to=None)
    assert (known["group_of_five"].probability if "group_of_five" in known else None) == group


def test_a_denied_fracture_is_settled() -> None:
    known = known_answers("There is swelling, no fracture in the x-ray.", time_from=None, time_to=None)
    assert known["bone_broken"].probability == 0.0


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("Kal raat mere ghar ka taala toda gaya.", "house_breaking_day"),
        ("मेरी चेन छीनकर भाग गए।", "snatching"),
        ("ताला टूटा हुआ था", "house_breaking_day"),
        ("என் செயினை பறித்துக்கொண்டு ஓடினார்", "snatching"),
        ("கதவின் பூட்டு உடைக்கப்பட்டிருந்தது", "house_breaking_day"),
        ("They THREATENED me", "criminal_intimidation"),
    ],
)
def test_everyday_words_in_four_scripts(book: OffenceBook, text: str, offence: str) -> None:
    assert offence in word_hits(text, book)


def test_words_are_whole_words(book: OffenceBook) -> None:
    assert "robbery" not in word_hits("He wore a robe and probably slept.", book)
    assert not hints_in("The theatre was full.", "theft, eat")
    assert hints_in("Two thefts.", "theft*")
