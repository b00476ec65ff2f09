"""Facts drawn from the complaint. A value that is not in the source is not a fact: it stays blank."""

from enum import StrEnum

from msgspec import Struct

from afirgen.case.evidence import Span


class Author(StrEnum):
    """Who wrote a value or sentence."""

    MACHINE = "machine"
    OFFICER_EDITED = "officer_edited"
    OFFICER_WRITTEN = "officer_written"


class Field(Struct, frozen=True, kw_only=True):
    """One stated value and the words it rests on.

    ``value`` is the normal form (ISO date, ``HH:MM``, digits of a phone, the words themselves for names and
    places). ``span`` is None only where an officer wrote the value.
    """

    value: str
    span: Span | None
    author: Author = Author.MACHINE


class Informant(Struct, frozen=True, kw_only=True):
    """The person who gives the information (form item 6)."""

    name: Field | None = None
    relative_name: Field | None = None
    age: Field | None = None
    occupation: Field | None = None
    address: Field | None = None
    phone: Field | None = None
    nationality: Field | None = None


class Occurrence(Struct, frozen=True, kw_only=True):
    """When and where (form items 3 and 5). Dates are ISO, times ``HH:MM`` in Indian Standard Time."""

    date_from: Field | None = None
    date_to: Field | None = None
    time_from: Field | None = None
    time_to: Field | None = None
    place: Field | None = None


class Accused(Struct, frozen=True, kw_only=True):
    """A known, suspected or unknown accused (form item 7)."""

    name: Field | None = None
    description: Field | None = None
    alias: Field | None = None
    relative_name: Field | None = None
    address: Field | None = None


class Property(Struct, frozen=True, kw_only=True):
    """A property of interest (form item 9). ``value_inr`` holds whole rupees in digits.

    Category and type are the form's own classes, such as "vehicle" and "motorcycle"; only an officer gives them.
    """

    item: Field
    value_inr: Field | None = None
    category: Field | None = None
    type: Field | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that the complaint states for the form; what it does not state is None or empty."""

    informant: Informant = Informant()
    occurrence: Occurrence = Occurrence()
    accused: tuple[Accused, ...] = ()
    property: tuple[Property, ...] = ()
    stated_total_inr: Field | None = None
    witnesses: tuple[Field, ...] = ()
    delay_reason: Field | None = None
    notes: tuple[str, ...] = ()
