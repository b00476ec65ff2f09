"""Until when something has to be done, by the provision that a duty names."""

from datetime import datetime, timedelta

from msgspec import Struct


class Clock(Struct, frozen=True):
    """A due time: the duty's provision, what it is for as a key of the words, and the moment (aware)."""

    provision: str
    name: str
    due: datetime


_PERIODS: tuple[tuple[str, str, timedelta], ...] = (
    ("BNSS 173(1)(ii)", "electronic_signature", timedelta(days=3)),
    ("BNSS 184(1)", "medical_examination", timedelta(hours=24)),
    ("POCSO Act 19(6)", "child_welfare", timedelta(hours=24)),
    ("BNSS 173(3)", "preliminary_enquiry", timedelta(days=14)),
    ("BNSS 174(1)(ii)", "fortnightly_report", timedelta(days=14)),
    ("BNSS 193(2)", "two_months", timedelta(days=60)),
)
# The informant is told of the progress of every investigation (BNSS 193(3)(ii)); a copy is due where there is one.
_INVESTIGATED, _PROGRESS = "BNSS 173(2)", ("BNSS 193(3)", "progress", timedelta(days=90))


def clocks_for(duties: tuple[str, ...], begun: datetime) -> tuple[Clock, ...]:
    """Return the due times that follow from ``duties`` counted from ``begun``, the soonest first."""
    text = " ".join(duties)
    periods = [p for p in _PERIODS if f"({p[0]})" in text]
    if f"({_INVESTIGATED})" in text:
        periods.append(_PROGRESS)
    clocks = [Clock(provision, name, begun + period) for provision, name, period in periods]
    return tuple(sorted(clocks, key=lambda clock: clock.due))
