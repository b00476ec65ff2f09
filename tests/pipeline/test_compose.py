from afirgen.case.evidence import Span
from afirgen.case.facts import Facts, Field, Property
from afirgen.case.fir import Station
from afirgen.case.law import Law, LegalView, Route
from afirgen.pipeline.compose import total_value
from tests.case_factory import THEFT, document, field


def test_blanks_are_named_in_the_forms_order() -> None:
    doc = document()
    assert doc.blanks[:3] == ("1 district", "1 police station", "3(c) general diary entry")
    assert "6(a) informant's name" not in doc.blanks
    assert "6(a) informant's name" in document(facts=Facts()).blanks
    assert "1 district" not in document(station=Station(name="Fort", district="Kollam")).blanks


def test_the_officer_is_told_what_is_open() -> None:
    law = LegalView(law=Law.OFFICER_DECIDES, law_reason="No date is stated.", route=Route.OFFICER_DECIDES)
    needs = document(law=law).needs_officer
    assert any("No date is stated." in n for n in needs)
    assert any("No section is proposed" in n for n in needs)
    assert any("signatures" in n for n in needs)


def test_only_proposed_sections_go_on_the_form() -> None:
    assert document().sections == (THEFT,)


def test_values_are_never_added_up() -> None:
    one = Property(item=field("motorcycle"), value_inr=field("Rs 45,000", "45000"))
    two = Property(item=Field(value="cash", span=Span(0, 4)), value_inr=Field(value="500", span=Span(0, 1)))
    assert total_value(Facts(property=(one,))) == 45000
    assert total_value(Facts(property=(one, two))) is None
    stated = Field(value="45500", span=Span(0, 1))
    assert total_value(Facts(property=(one, two), stated_total_inr=stated)) == 45500
