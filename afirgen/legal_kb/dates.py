"""Which penal law governs, by the day of the occurrence (BNS 1(2), 358; IPC until 2024-06-30)."""

from collections.abc import Sequence
from datetime import date

from afirgen.case.law import Law

BNS_FROM = date(2024, 7, 1)


def law_for(first: date | None, last: date | None, named: Sequence[date] = ()) -> tuple[Law, str]:
    """Return the governing law and the reason, for an occurrence from ``first`` to ``last``.

    ``named`` are all days that the complaint names: where the day of the occurrence is not known among them and
    all are on or after 2024-07-01, so was the occurrence; an earlier one proves nothing. Without a date, or with
    a range across that day, the officer decides.
    """
    if first is None and named and min(named) >= BNS_FROM:
        return Law.BNS, "Every day that the complaint names is on or after 01.07.2024: the BNS applies."
    if first is None:
        return Law.OFFICER_DECIDES, "The day of the occurrence is not known; the law depends on it."
    end = last or first
    if first >= BNS_FROM:
        return Law.BNS, "The occurrence is on or after 01.07.2024: the Bharatiya Nyaya Sanhita 2023 applies."
    if end < BNS_FROM:
        return Law.IPC, "The occurrence is before 01.07.2024: the Indian Penal Code 1860 applies."
    return (
        Law.OFFICER_DECIDES,
        "The occurrence began before 01.07.2024 and went on after it: the officer decides the law.",
    )
