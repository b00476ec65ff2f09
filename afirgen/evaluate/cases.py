"""Cases with gold labels, one JSON object a line."""

from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from afirgen.errors import DataFileError


class ActSections(Struct, frozen=True):
    """A special act and the sections of it."""

    act: str
    sections: tuple[str, ...] = ()


class GoldProperty(Struct, frozen=True):
    """A property with its value in whole rupees, None where the complaint gives none."""

    item: str
    value_inr: int | None = None


class Case(Struct, frozen=True, kw_only=True):
    """A complaint (one of ``text``, ``audio``, ``image``) and what is known of it.

    A gold field that is None or empty means that the complaint does not say. Labels that the line does not
    carry at all are left out of the figures (see ``has``).
    """

    id: str
    language: str = "en"
    text: str | None = None
    audio: str | None = None
    image: str | None = None
    is_offence: bool = True
    law: str = "BNS"
    cognizable: bool | None = None
    required_sections: tuple[str, ...] = ()
    required_groups: tuple[tuple[str, ...], ...] = ()
    acceptable_sections: tuple[str, ...] = ()
    forbidden_sections: tuple[str, ...] = ()
    required_special_acts: tuple[ActSections, ...] = ()
    acceptable_special_acts: tuple[ActSections, ...] = ()
    forbidden_special_acts: tuple[ActSections, ...] = ()
    complainant_name: str | None = None
    complainant_name_latin: str | None = None
    father_or_husband_name: str | None = None
    father_or_husband_name_latin: str | None = None
    phone: str | None = None
    incident_date: str | None = None
    incident_date_end: str | None = None
    incident_time: str | None = None
    place: str | None = None
    accused: tuple[str, ...] = ()
    property: tuple[GoldProperty, ...] = ()
    witnesses: tuple[str, ...] = ()
    delay_reason: str | None = None
    reported_on: date | None = None
    folder: Path | None = None
    labels: frozenset[str] = frozenset()

    def has(self, label: str) -> bool:
        """Tell whether the line carries this label."""
        return label in self.labels


def read_cases(path: Path) -> tuple[Case, ...]:
    """Read the cases of a JSONL file; raise :class:`DataFileError` naming the line that is wrong."""
    cases = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as err:
        raise DataFileError(f"The case file {path.name} cannot be read.", detail=str(err)) from err
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = msgspec.json.decode(line)
            known = {k: v for k, v in raw.items() if k in Case.__struct_fields__ and v is not None}
            case = msgspec.convert({**known, "labels": list(raw), "folder": str(path.parent)}, Case, dec_hook=_path)
        except (msgspec.DecodeError, msgspec.ValidationError, AttributeError) as err:
            raise DataFileError(f"{path.name}, line {number}: this is not a case.", detail=str(err)) from err
        if sum(v is not None for v in (case.text, case.audio, case.image)) == 0:
            raise DataFileError(f"{path.name}, line {number}: give one of text, audio or image.")
        cases.append(case)
    return tuple(cases)


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)
