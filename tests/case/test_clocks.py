"""The times that run in a case."""

from datetime import UTC, datetime, timedelta

from afirgen.case.clocks import DutyRecord, clocks_for

BEGUN = datetime(2025, 3, 13, 4, 30, tzinfo=UTC)
ENQUIRY = "A preliminary enquiry within 14 days is possible with a Deputy Superintendent's leave (BNSS 173(3))."
COPY = "Give the informant a copy free of cost (BNSS 173(2))."
TWO_MONTHS = "The investigation is to be complete within two months (BNSS 193(2))."


def names(*duties: str, **more: object) -> list[str]:
    return [clock.name for clock in clocks_for(duties, BEGUN, **more)]  # type: ignore[arg-type]


def test_the_soonest_comes_first_and_only_what_follows_from_a_duty() -> None:
    clocks = clocks_for((TWO_MONTHS, COPY), BEGUN)
    assert [(c.name, c.due - BEGUN) for c in clocks] == [
        ("two_months", timedelta(days=60)),
        ("progress", timedelta(days=90)),
    ]
    assert names() == []


def test_a_duty_on_record_stops_its_clock() -> None:
    assert names(TWO_MONTHS, COPY, records=[DutyRecord(TWO_MONTHS, BEGUN)]) == ["progress"]
    assert names(COPY, records=[DutyRecord("told of the progress (BNSS 193(3))", BEGUN)]) == []


def test_a_preliminary_enquiry_has_its_14_days_from_the_leave_on_record() -> None:
    assert names(ENQUIRY) == []
    leave = BEGUN + timedelta(days=2)
    (clock,) = clocks_for((ENQUIRY,), BEGUN, [DutyRecord(ENQUIRY, leave)])
    assert (clock.name, clock.due) == ("preliminary_enquiry", leave + timedelta(days=14))


def test_what_came_electronically_is_signed_within_three_days() -> None:
    (clock,) = clocks_for((), BEGUN, electronic=True)
    assert (clock.provision, clock.due - BEGUN) == ("BNSS 173(1)(ii)", timedelta(days=3))
    assert names(electronic=True, records=[DutyRecord("signed (BNSS 173(1)(ii))", BEGUN)]) == []
