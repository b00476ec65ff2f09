from pathlib import Path

import msgspec
import pytest

from afirgen.case.facts import Facts
from afirgen.case.law import Candidate, LegalView, Route, SectionRef
from afirgen.errors import DataFileError
from afirgen.evaluate.cases import ActSections, Case, GoldProperty, read_cases
from afirgen.evaluate.errors_in_text import error_rates
from afirgen.evaluate.fields import Outcome, score_fields
from afirgen.evaluate.narrative import carried, invented_facts
from afirgen.evaluate.report import CaseResult, figures
from afirgen.evaluate.sections import groups_recalled, score_sections
from tests.case_factory import TEXT, THEFT, document

IT_66D = msgspec.structs.replace(THEFT, section=SectionRef("IT Act 2000", "66D"))
ROBBERY = msgspec.structs.replace(THEFT, section=SectionRef("BNS", "309(4)"))


def view(*assessments: object, candidates: tuple[str, ...] = (), route: Route = Route.FIR) -> LegalView:
    base = document().law
    listed = tuple(Candidate(section=SectionRef("BNS", n), score=1.0, origin="search") for n in candidates)
    return msgspec.structs.replace(base, assessments=assessments, candidates=listed, route=route)


def case(**labels: object) -> Case:
    return Case(id="c", text=TEXT, labels=frozenset(labels), **labels)  # type: ignore[arg-type]


def test_groups_are_met_by_any_member_and_by_base_number() -> None:
    score = score_sections(
        case(required_sections=("305",), required_groups=(("303", "305"), ("331",))),
        view(THEFT, candidates=("1", "331(4)", "303")),
    )
    assert (score.groups, score.found, score.exact_found, score.exact_wanted) == (2, 1, 0, 1)
    assert score.recalled == {10: 2, 20: 2}
    assert score.wrong == ()


def test_candidates_beyond_the_depth_do_not_count() -> None:
    filler = tuple(str(n) for n in range(1, 16))
    score = score_sections(case(required_groups=(("303",),)), view(candidates=(*filler, "303(2)")))
    assert score.recalled == {10: 0, 20: 1}


def test_forbidden_and_acceptable() -> None:
    gold = case(required_groups=(("303",),), acceptable_sections=("309",), forbidden_sections=("303(1)", "309"))
    score = score_sections(gold, view(THEFT, ROBBERY))
    assert score.wrong == ()
    assert score.forbidden == ("BNS 309(4)",)
    assert not score.exact_case


def test_a_number_of_the_other_penal_law_does_not_count() -> None:
    old = msgspec.structs.replace(THEFT, section=SectionRef("IPC", "303"))
    score = score_sections(case(required_groups=(("303",),), forbidden_sections=("303",)), view(old))
    assert (score.found, score.wrong, score.forbidden) == (0, ("IPC 303",), ())


def test_candidates_count_in_the_order_of_all_penal_candidates() -> None:
    gold = case(required_groups=(("303",),))
    others = tuple(Candidate(section=SectionRef("IPC", str(n)), score=1.0, origin="search") for n in range(298, 308))
    ours = Candidate(section=SectionRef("BNS", "303"), score=1.0, origin="search")
    special = Candidate(section=SectionRef("IT Act 2000", "66D"), score=1.0, origin="search")
    assert groups_recalled(gold, (*others, ours)) == {10: 0, 20: 1}
    assert groups_recalled(gold, (*others[:9], special, ours)) == {10: 1, 20: 1}


def test_special_acts_compare_without_year() -> None:
    gold = case(required_special_acts=(ActSections("IT Act, 2000", ("66D",)),), required_groups=())
    assert score_sections(gold, view(IT_66D)).special_found == 1
    assert score_sections(case(required_groups=()), view(IT_66D)).special_wrong == 1


def test_silence_and_route() -> None:
    nothing = case(is_offence=False, cognizable=False, law="BNS")
    score = score_sections(nothing, view(route=Route.DIARY_ENTRY))
    assert (score.silent_right, score.cognizable_right, score.law_right) == (True, True, True)
    assert score_sections(nothing, view(THEFT)).silent_right is False


def outcomes(gold: Case, facts: Facts) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for score in score_fields(gold, facts, TEXT):
        found.setdefault(score.name, []).append(score.outcome)
    return found


def test_fields_right_missed_wrong_invented_and_blank() -> None:
    gold = case(
        complainant_name="Anil Rao",
        father_or_husband_name="Somebody Else",
        phone=None,
        incident_date="2025-03-12",
        incident_time="between 19:00 and 19:30",
        delay_reason="was ill",
        incident_date_end=None,
    )
    assert outcomes(gold, document().facts) == {
        "complainant_name": [Outcome.RIGHT],
        "father_or_husband_name": [Outcome.WRONG],
        "phone": [Outcome.INVENTED],
        "incident_date": [Outcome.RIGHT],
        "incident_date_end": [Outcome.BLANK],
        "incident_time": [Outcome.RIGHT],
        "delay_reason": [Outcome.MISSED],
    }


def test_list_fields() -> None:
    gold = case(accused=("Ravi Kumar", "Sonu"), property=(GoldProperty("Motor cycle", 45000),), witnesses=())
    assert outcomes(gold, document().facts) == {
        "accused": [Outcome.RIGHT, Outcome.MISSED],
        "property": [Outcome.RIGHT],
    }


FRAME = frozenset({"the", "informant", "stated"})


@pytest.mark.parametrize(
    ("narrative", "invented"),
    [
        ("The informant stated that Ravi took it at 7.30 pm.", ()),
        ("The informant saw Ravi at 19:45 on 12.03.2025.", ("19:45",)),
        ("On 12 March 2025 at 19:30, worth 45,000 rupees, near the bank.", ()),
        ("On 03.12.2025 near the bank.", ("03.12.2025",)),
        ("The informant paid Rs 45,500 and Rs 45.", ("Rs 45,500", "Rs 45")),
        ("Suresh called from 9847012354.", ("Suresh", "9847012354")),
        ("Vehicle KL 07 AB 1234.", ("Vehicle", "KL 07 AB 1234")),
        ("घर के पास।", ()),
        ("दुकान के पास।", ("दुकान",)),
        ("There were 3 of them.", ("There", "3")),
    ],
)
def test_what_the_complaint_does_not_hold_is_invented(narrative: str, invented: tuple[str, ...]) -> None:
    assert invented_facts(narrative, [TEXT], FRAME) == invented


def test_facts_carried() -> None:
    gold = case(
        complainant_name="Anil Rao",
        accused=("Unknown", "Ravi"),
        place="near the bank",
        phone="9847012345",
        incident_date="2025-03-12",
        incident_time="19:30",
        property=(GoldProperty("motorcycle", 45000),),
    )
    assert carried(gold, TEXT) == (8, 8)
    assert carried(gold, "Rao said that a motorcycle worth 45 thousand was taken at half past seven.") == (3, 8)
    assert carried(case(), TEXT) == (0, 0)


def test_indic_vowel_signs_count_in_error_rates() -> None:
    assert error_rates("मेरी गाड़ी।", "मेरी गाड़ी") == (0.0, 0.0)
    words, characters = error_rates("मेरी गाड़ी", "मेरा गाड़ी")
    assert words == 0.5
    assert 0 < characters < 0.5


def test_figures_over_cases() -> None:
    good = score_sections(case(required_groups=(("303",),)), view(THEFT, candidates=("303",)))
    results = [
        CaseResult(id="a", language="en", is_offence=True, sections=good, seconds={"draft": 2.0}),
        CaseResult(id="b", language="en", is_offence=True, failed="No model."),
    ]
    table = figures(results)
    assert (table["cases"], table["failed"]) == (2, 1)
    assert (table["section_recall"], table["section_precision"], table["section_f1"]) == (1.0, 1.0, 1.0)
    assert table["seconds"]["draft"] == {"p50": 2.0, "p95": 2.0}
    assert table["word_error_rate"] is None


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "text": "x"}\nnot json\n', encoding="utf-8")
    with pytest.raises(DataFileError, match="line 2"):
        read_cases(path)
    path.write_text('{"id": "a"}\n', encoding="utf-8")
    with pytest.raises(DataFileError, match="give one of"):
        read_cases(path)
