"""Until when something has to be done, by the provision that a duty names."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct


class Clock(Struct, frozen=True):
    """A due time: the duty's provision, what it is for as a key of the words, and the moment (aware)."""

    provision: str
    name: str
    due: datetime


class DutyRecord(Struct, frozen=True):
    """A duty that is on record as seen to, in its own words, and when (aware)."""

    duty: str
    at: datetime


_PERIODS: tuple[tuple[str, str, timedelta], ...] = (
    ("BNSS 184(1)", "medical_examination", timedelta(hours=24)),
    ("POCSO Act 19(6)", "child_welfare", timedelta(hours=24)),
    ("BNSS 174(1)(ii)", "fortnightly_report", timedelta(days=14)),
    ("BNSS 193(2)", "two_months", timedelta(days=60)),
)
# A preliminary enquiry is begun with a Deputy Superintendent's leave, and has 14 days from then.
_ENQUIRY, _ENQUIRY_TIME = "BNSS 173(3)", timedelta(days=14)
# What comes by electronic communication is taken on record when it is signed within three days.
_SIGNATURE, _SIGNATURE_TIME = "BNSS 173(1)(ii)", timedelta(days=3)
# The informant is told of the progress of every investigation (BNSS 193(3)(ii)); a copy is due where there is one.
_INVESTIGATED, _PROGRESS = "BNSS 173(2)", ("BNSS 193(3)", "progress", timedelta(days=90))


def clocks_for(
    duties: tuple[str, ...], begun: datetime, records: Iterable[DutyRecord] = (), *, electronic: bool = False
) -> tuple[Clock, ...]:
    """Return the due times that follow from ``duties`` counted from ``begun``, the soonest first.

    The clock of a duty on record has stopped, but for a preliminary enquiry: its record is of the leave, from which its
    14 days count. ``electronic`` information is to be signed.
    """
    kept = tuple(records)
    periods = [p for p in _PERIODS if _named(p[0], duties)]
    if _named(_INVESTIGATED, duties):
        periods.append(_PROGRESS)
    if electronic or _named(_SIGNATURE, duties):
        periods.append((_SIGNATURE, "signature", _SIGNATURE_TIME))
    clocks = [Clock(p, name, begun + time) for p, name, time in periods if not _named(p, (r.duty for r in kept))]
    leave = next((r.at for r in kept if _named(_ENQUIRY, (r.duty,))), None)
    if leave is not None and _named(_ENQUIRY, duties):
        clocks.append(Clock(_ENQUIRY, "preliminary_enquiry", leave + _ENQUIRY_TIME))
    return tuple(sorted(clocks, key=lambda clock: clock.due))


def _named(provision: str, sentences: Iterable[str]) -> bool:
    return any(f"({provision})" in sentence for sentence in sentences)
