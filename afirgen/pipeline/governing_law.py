"""Which penal law governs a complaint, by what it says of the day."""

from datetime import date

from afirgen.case.facts import Facts, Field
from afirgen.case.law import Law
from afirgen.case.mentions.dates import find_dates
from afirgen.legal_kb.dates import goes_on, law_for, undated
from afirgen.pipeline.ranges import begins_term


def governing_law(text: str, facts: Facts) -> tuple[Law, str]:
    """Return the penal law by the day of the occurrence, and the reason."""
    when = facts.occurrence
    dates = find_dates(text)
    return law_for(
        _day(when.date_from),
        _day(when.date_to),
        [date.fromisoformat(m.value) for m in dates if not begins_term(m, dates, text)],
        undated=undated(text),
        goes_on=goes_on(text, when.date_from.span if when.date_from else None),
    )


def _day(stated: Field | None) -> date | None:
    """Read the day; what an officer wrote in another form is no known day."""
    try:
        return date.fromisoformat(stated.value) if stated else None
    except ValueError:
        return None
