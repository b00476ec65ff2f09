"""Route and duties, each by the provision it rests on."""

import json
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from afirgen.case.clocks import DutyRecord, clocks_for
from afirgen.case.law import Assessment, Attributes, Cognizance, Route, SectionRef, Standing
from afirgen.legal_kb.route import came_electronically, duties_for, route_for

YES, NO, DEPENDS = Cognizance.YES, Cognizance.NO, Cognizance.OFFICER_DECIDES
WOMAN_OFFICER, STATEMENT, TWO_MONTHS = "173(1), first proviso", "BNSS 183(6)", "BNSS 193(2)"
ENQUIRY, FORENSIC = "BNSS 173(3)", "BNSS 176(3)"


def section(
    number: str,
    cognizable: Cognizance | None = YES,
    *,
    act: str = "BNS",
    months: int | None = 12,
    life: bool = False,
    death: bool = False,
    score: float = 0.9,
) -> Assessment:
    attributes = Attributes(
        offence="",
        punishment="",
        cognizable=cognizable or DEPENDS,
        bailable=YES,
        court="",
        max_months=months,
        life=life,
        death=death,
    )
    return Assessment(
        section=SectionRef(act, number),
        title="",
        statement="",
        standing=Standing.PROPOSED,
        reason="",
        attributes=attributes if cognizable else None,
        score=score,
    )


def owed(provision: str, *sections: Assessment) -> bool:
    return any(provision in duty for duty in duties_for(sections))


@pytest.mark.parametrize("marks", list(combinations_with_replacement([YES, NO, DEPENDS], 2)))
def test_route_by_cognizance(marks: tuple[Cognizance, ...]) -> None:
    """BNSS 174(4): one cognizable offence carries the case; 174(1): a report where none can be."""
    route = route_for([section("1", m) for m in marks], [])[0]
    if YES in marks:
        assert route is Route.FIR
    else:
        assert route is (Route.OFFICER_DECIDES if DEPENDS in marks else Route.NON_COGNIZABLE_REPORT)


def test_an_act_without_a_schedule_entry_never_defaults() -> None:
    """BNSS First Schedule: cognizance is looked up, not assumed."""
    assert route_for([section("9", None)], [])[0] is Route.OFFICER_DECIDES


@pytest.mark.parametrize(("score", "route"), [(0.35, Route.OFFICER_DECIDES), (0.34, Route.DIARY_ENTRY)])
def test_an_offence_nearly_stated_is_for_the_officer(score: float, route: Route) -> None:
    """BNSS 173(1): registration is not put off, so the reason says that it can be done at once."""
    found, reason = route_for([], [section("1", score=score)])
    assert found is route
    assert "FIR" in reason


def test_what_is_always_owed() -> None:
    """BNSS 173(1) and (2): read over, signed, and a free copy once it is registered."""
    assert duties_for([]) == ("Read the record over to the informant and have it signed (BNSS 173(1)).",)
    assert owed("BNSS 173(2)", section("303(2)"))


def test_a_non_cognizable_case_goes_to_the_magistrate() -> None:
    """BNSS 174(1): the informant is referred, and the diary report is sent every fortnight; no copy of an FIR."""
    only = section("352", Cognizance.NO)
    assert owed("BNSS 174(1)(i)", only)
    assert owed("BNSS 174(1)(ii)", only)
    assert not owed("BNSS 173(2)", only)


@pytest.mark.parametrize("number", [*map(str, range(64, 72)), *map(str, range(74, 80)), "124(1)", "64(2)(f)"])
def test_woman_officer_and_magistrate_for_bns_64_to_71_74_to_79_and_124(number: str) -> None:
    """BNSS 173(1) first proviso and 183(6)."""
    assert owed(WOMAN_OFFICER, section(number))
    assert owed(STATEMENT, section(number))


@pytest.mark.parametrize("number", ["63", "72", "73", "80(2)", "85", "123", "125", "641"])
def test_no_woman_officer_for_their_neighbours(number: str) -> None:
    """BNSS 173(1) first proviso and 183(6)."""
    assert not owed(WOMAN_OFFICER, section(number))
    assert not owed(STATEMENT, section(number))


@pytest.mark.parametrize("number", ["354", "354D", "376", "376AB", "509", "326A"])
def test_the_same_for_the_ipc_numbers_of_these_offences(number: str) -> None:
    """BNSS 173(1) first proviso and 183(6), for an occurrence before 01.07.2024."""
    assert owed(WOMAN_OFFICER, section(number, act="IPC"))
    assert owed(STATEMENT, section(number, act="IPC"))


def test_the_ipc_numbers_are_those_of_the_correspondence_table(reference_data: Path) -> None:
    """BNSS 173(1) first proviso, 183(6) and 193(2) name sections of the BNS; each IPC number maps to one of them."""
    text = (reference_data / "ipc_to_bns.jsonl").read_text(encoding="utf-8")
    women = {*map(str, range(64, 72)), *map(str, range(74, 80)), "124"}
    quick = {"64", "65", "66", "67", "68", "70", "71"}
    for row in map(json.loads, text.splitlines()):
        old = section(row["ipc"], act="IPC")
        assert owed(WOMAN_OFFICER, old) is bool(women & set(row["bns_base"])), row["ipc"]
        assert owed(TWO_MONTHS, old) is bool(quick & set(row["bns_base"])), row["ipc"]


def test_a_number_counts_only_within_its_own_act() -> None:
    assert not owed(WOMAN_OFFICER, section("74", act="IPC"), section("67", act="IT Act 2000"), section("354"))
    assert not owed("POCSO", section("8"))
    assert not owed(TWO_MONTHS, section("65", act="IPC"))


@pytest.mark.parametrize(
    ("act", "number", "within"),
    [
        *(("BNS", n, True) for n in ("64(1)", "65(2)", "66", "67", "68", "70(1)", "71")),
        *(("BNS", n, False) for n in ("69", "74", "78(2)")),
        *(("POCSO Act 2012", n, True) for n in ("4", "6", "8", "10")),
        ("POCSO Act 2012", "12", False),
        ("IPC", "376D", True),
        ("IPC", "354", False),
    ],
)
def test_two_months_by_bnss_193_2(act: str, number: str, *, within: bool) -> None:
    assert owed(TWO_MONTHS, section(number, act=act)) is within


def test_special_acts_name_who_is_told_and_who_investigates() -> None:
    """POCSO Act 19(6), IT Act 78, SC/ST Rules 7."""
    assert owed("POCSO Act 19(6)", section("12", act="POCSO Act 2012"))
    assert owed(STATEMENT, section("12", act="POCSO Act 2012"))
    assert owed("IT Act 78", section("66D", act="IT Act 2000"))
    assert owed("SC/ST Rules 7", section("3(1)(r)", act="SC/ST (Prevention of Atrocities) Act 1989"))


@pytest.mark.parametrize(
    ("months", "enquiry", "forensic"),
    [(None, False, False), (35, False, False), (36, True, False), (83, True, False), (84, False, True)],
)
def test_preliminary_enquiry_and_forensic_visit_by_the_longest_term(
    months: int | None, *, enquiry: bool, forensic: bool
) -> None:
    """BNSS 173(3): 3 to under 7 years; 176(3): 7 years or more."""
    assert owed(ENQUIRY, section("1", months=months), section("2", months=6)) is enquiry
    assert owed(FORENSIC, section("1", months=months), section("2", months=6)) is forensic


@pytest.mark.parametrize("gravest", ["life", "death"])
def test_life_or_death_is_more_than_seven_years(gravest: str) -> None:
    """BNSS 176(3)."""
    murder = section("103(1)", months=None, life=gravest == "life", death=gravest == "death")
    assert owed(FORENSIC, murder, section("303(2)", months=36))
    assert not owed(ENQUIRY, murder, section("303(2)", months=36))


def test_nothing_is_investigated_where_nothing_is_cognizable() -> None:
    """BNSS 174(2): no investigation of a non-cognizable case without a Magistrate's order."""
    assert not owed(ENQUIRY, section("318(2)", NO, months=36))
    assert not owed(FORENSIC, section("351(3)", NO, months=84))
    assert owed(FORENSIC, section("351(3)", NO, months=84), section("303(2)", YES, months=36))


def test_an_offence_elsewhere_is_a_zero_fir() -> None:
    """BNSS 173(1): information is taken irrespective of the area where the offence is committed."""
    assert any("Zero FIR" in duty and "BNSS 173(1)" in duty for duty in duties_for([section("303(2)")]))
    assert not any("Zero FIR" in duty for duty in duties_for([section("352", NO)]))


@pytest.mark.parametrize(
    ("text", "electronic"),
    [
        ("I have registered on the cyber crime portal, acknowledgement number 31412250012345.", True),
        ("This complaint is sent by email.", True),
        ("मैंने ऑनलाइन शिकायत की है।", True),
        ("He sent me an email with a link and I lost Rs 5,000.", False),
        ("I came to the station and told everything.", False),
    ],
)
def test_an_electronic_information_is_signed_within_three_days(text: str, *, electronic: bool) -> None:
    """BNSS 173(1)(ii)."""
    begun = datetime(2025, 3, 10, 9, 0, tzinfo=UTC)
    duties = duties_for([section("318(4)")], electronic=came_electronically(text))
    due = {c.name: c.due for c in clocks_for(duties, begun)}
    assert any("173(1)(ii)" in duty for duty in duties) is electronic
    assert due.get("signature") == (begun + timedelta(days=3) if electronic else None)


def test_the_magistrate_gets_the_report_forthwith() -> None:
    """BNSS 176(1): a report on a cognizable offence; 174(2): none is investigated otherwise."""
    assert owed("BNSS 176(1)", section("303(2)"))
    assert not owed("BNSS 176(1)", section("352", NO))


@pytest.mark.parametrize(
    ("act", "number", "owes"),
    [("BNS", "64(1)", True), ("BNS", "70(2)", True), ("BNS", "69", False), ("BNS", "74", False), ("IPC", "376", True)],
)
def test_a_medical_examination_within_a_day_where_rape_is_investigated(act: str, number: str, *, owes: bool) -> None:
    """BNSS 184(1)."""
    assert owed("BNSS 184(1)", section(number, act=act)) is owes


def test_the_clocks_of_a_case_by_their_provisions() -> None:
    """BNSS 184(1), 173(3), 174(1)(ii), 193(2), 193(3)(ii) and POCSO Act 19(6), counted from the report.

    The 14 days of an enquiry count from the leave for it.
    """
    begun = datetime(2025, 3, 10, 9, 0, tzinfo=UTC)

    def days(*sections: Assessment) -> dict[str, float]:
        return {c.provision: (c.due - begun) / timedelta(days=1) for c in clocks_for(duties_for(sections), begun)}

    child = section("6", act="POCSO Act 2012", months=None, life=True)
    assert days(section("64(1)", months=None, life=True), child) == {
        "POCSO Act 19(6)": 1,
        "BNSS 184(1)": 1,
        "BNSS 193(2)": 60,
        "BNSS 193(3)": 90,
    }
    assert days(section("303(2)", months=36)) == {"BNSS 193(3)": 90}
    assert days(section("352", NO)) == {"BNSS 174(1)(ii)": 14}
    theft = duties_for([section("303(2)", months=36)])
    leave = DutyRecord(next(d for d in theft if "173(3)" in d), begun + timedelta(days=2))
    assert {c.provision: c.due for c in clocks_for(theft, begun, [leave])}["BNSS 173(3)"] == begun + timedelta(days=16)
