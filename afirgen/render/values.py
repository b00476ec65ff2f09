"""What a document says for each key of a layout; None is a blank."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from afirgen.case.facts import Field
from afirgen.case.fir import FirDocument, RegisterEntry
from afirgen.case.law import Assessment
from afirgen.render.wording import Wording

INDIA = ZoneInfo("Asia/Kolkata")

Rows = tuple[tuple[str, ...], ...]

ASKABLE = {
    "3(a) date of occurrence": "date_from",
    "3(a) time of occurrence": "time_from",
    "5 place of occurrence": "place",
    "6(a) informant's name": "name",
    "6(b) father's or husband's name": "relative",
    "6(c) age or date of birth": "age",
    "6(h) occupation": "occupation",
    "6(i) address": "address",
    "6(j) phone": "phone",
    "8 reasons for delay": "delay",
}
"""Blanks that an informant can be asked for, each with the key of its value."""


def group_rupees(amount: int) -> str:
    """Write whole rupees in Indian grouping: 320000 becomes 3,20,000."""
    digits = str(amount)
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*pairs, tail])


def line_values(doc: FirDocument, words: Wording) -> dict[str, str | None]:
    """Return every single value by its key; a blank that was asked for in vain says so."""
    values = _station(doc) | _when_and_where(doc, words) | _informant(doc) | _officers(doc)
    asked = {ASKABLE[blank] for blank in doc.particulars.unknown if blank in ASKABLE}
    in_vain = words.text("not_known_to_informant")
    return {key: in_vain if value is None and key in asked else value for key, value in values.items()}


def registered_values(doc: FirDocument, entry: RegisterEntry) -> dict[str, str | None]:
    """Return what stands on a registered FIR in place of a draft: its number in the register, and the year."""
    return {"fir_number": f"{entry.number} ({doc.fir_number})", "year": str(entry.year)}


def table_rows(doc: FirDocument, words: Wording) -> dict[str, Rows]:
    """Return the rows of every table by its key, without their numbers."""
    unknown = words.text("not_known")
    facts = doc.facts
    return {
        "sections": tuple((a.section.act, a.section.number, _why(a)) for a in doc.sections),
        "accused": tuple(
            (_value(a.name) or unknown, *(_value(f) or "" for f in (a.alias, a.relative_name, a.address)))
            for a in facts.accused
        ),
        "property": tuple(
            (
                _value(p.category) or "",
                _value(p.type) or "",
                p.item.value,
                _rupees(int(p.value_inr.value)) or "" if p.value_inr else "",
            )
            for p in facts.property
        ),
        "features": tuple(_features(doc, words)),
    }


def _features(doc: FirDocument, words: Wording) -> Iterator[tuple[str, str]]:
    """Give what is said of the suspects' looks: their descriptions, then the officer's entries."""
    for accused in doc.facts.accused:
        if accused.description:
            yield _value(accused.name) or words.text("not_known"), accused.description.value
    suspect = doc.particulars.suspect
    for name in suspect.__struct_fields__:
        value = getattr(suspect, name)
        if value:
            yield words.of("features", name), value
    if doc.particulars.features:
        yield words.of("features", "other"), doc.particulars.features


def narrative(doc: FirDocument, words: Wording) -> tuple[str, ...]:
    """Return the narrative; a sentence with a problem is marked."""
    check = words.text("check")
    marked = [f"{s.text} [{check}: {s.problem}]" if s.problem else s.text for s in doc.narrative.sentences]
    return (" ".join(marked),)


def disclosure(doc: FirDocument, words: Wording) -> str:
    """Say which program and models helped, and when; printed on every page (safeguard 7)."""
    made = doc.provenance
    return words.text("disclosure").format(
        program=made.program,
        models=", ".join(made.models) or words.text("no_model"),
        when=made.drafted_at.astimezone(INDIA).strftime("%d.%m.%Y %H:%M IST"),
    )


def _station(doc: FirDocument) -> dict[str, str | None]:
    drafted = doc.reported_on.astimezone(INDIA)
    return {
        "district": doc.station.district,
        "police_station": doc.station.name,
        "state": doc.station.state,
        "year": str(drafted.year),
        "fir_number": doc.fir_number,
        "drafted": drafted.strftime("%d.%m.%Y %H:%M IST"),
    }


def _when_and_where(doc: FirDocument, words: Wording) -> dict[str, str | None]:
    when, own = doc.facts.occurrence, doc.particulars
    return {
        "day": _day(when.date_from, words),
        "date_from": _date(when.date_from),
        "date_to": _date(when.date_to),
        "time_from": _value(when.time_from),
        "time_to": _value(when.time_to),
        "period": own.time_period,
        "received": doc.reported_on.astimezone(INDIA).strftime("%d.%m.%Y %H:%M IST"),
        "diary": own.diary_entry,
        "type": words.of("types", own.information_type or doc.source.kind.value),
        "direction": own.direction,
        "place": _value(when.place),
        "outside": own.outside,
        "delay": _value(doc.facts.delay_reason),
        "total": _rupees(doc.total_value_inr),
        "inquest": own.inquest,
        "accused_more": own.accused_more,
    }


def _informant(doc: FirDocument) -> dict[str, str | None]:
    who, own = doc.facts.informant, doc.particulars
    return {
        "name": _value(who.name),
        "relative": _value(who.relative_name),
        "age": _value(who.age),
        "nationality": _value(who.nationality),
        "uid": own.uid,
        "passport": own.passport,
        "identity": own.identity,
        "occupation": _value(who.occupation),
        "address": _value(who.address),
        "permanent_address": own.permanent_address,
        "phone": _value(who.phone),
    }


def _officers(doc: FirDocument) -> dict[str, str | None]:
    own = doc.particulars
    return {
        "action": own.action,
        "directed": own.directed,
        "roac": own.read_over,
        "sign_informant": None,
        "sign_officer": None,
        "officer": own.officer,
        "dispatch": own.dispatch,
        "transferred_to": own.transferred_to,
        "transferred_district": own.transferred_district,
        "magistrate": own.magistrate,
        "refused_because": own.refused_because,
    }


def _value(field: Field | None) -> str | None:
    return field.value if field else None


def _rupees(amount: int | None) -> str | None:
    return None if amount is None else f"Rs {group_rupees(amount)}"


def _date(field: Field | None) -> str | None:
    """Show an ISO date as DD.MM.YYYY."""
    return ".".join(reversed(field.value.split("-"))) if field else None


def _day(field: Field | None, words: Wording) -> str | None:
    if field is None:
        return None
    try:
        return words.list_of("days")[date.fromisoformat(field.value).weekday()]
    except ValueError:
        # An officer's own wording of a date stands as it is, without a day.
        return None


def _why(assessment: Assessment) -> str:
    parts = [assessment.title.rstrip(".")]
    if assessment.attributes:
        parts.append(assessment.attributes.punishment.rstrip("."))
    parts.append(assessment.reason.rstrip("."))
    return ". ".join(p for p in parts if p) + "."
