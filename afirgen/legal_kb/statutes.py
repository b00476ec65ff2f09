"""The statutes that the program knows: the shipped law, and what a station has imported beside it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afirgen.case.law import Attributes, Cognizance, SectionRef
from afirgen.errors import DataFileError, NotFoundError

T = TypeVar("T")

BNS = "BNS"
IPC = "IPC"
OTHER_LAWS = "Other laws"
"""Act name of the last three schedule entries, which classify offences of other laws by their punishment."""

SHIPPED = "shipped"
_DATA = files("afirgen.legal_kb") / "data"
_PART = re.compile(r"(?:\([0-9A-Za-z]+\))+")
_STEP = re.compile(r"\([^)]*\)")


class StatuteSection(Struct, frozen=True, kw_only=True):
    """A section with its statement in this program's own words, or as an imported file gives it.

    ``parts`` are the numbers of its sub-sections and clauses, such as ``(2)`` and ``(2)(a)``, where known.
    ``origin`` is ``shipped`` or the imported file's name. ``attributes`` are those that an imported file
    gives; the shipped schedule is read with :meth:`KnowledgeBase.entries`. ``most`` is the gravest punishment of a
    section of the IPC, None where it depends on more than the section.
    """

    ref: SectionRef
    title: str
    statement: str
    chapter: str = ""
    chapter_title: str = ""
    parts: tuple[str, ...] = ()
    origin: str = SHIPPED
    attributes: tuple[Attributes, ...] = ()
    most: "Term | None" = None


class Term(Struct, frozen=True, kw_only=True):
    """The longest term of a punishment in months (0: fine only), None with ``life`` or ``death``."""

    max_months: int | None = None
    life: bool = False
    death: bool = False


class ScheduleEntry(Struct, frozen=True, kw_only=True):
    """One line of the First Schedule of the BNSS; ``number`` counts the lines of a section from 1."""

    section: SectionRef
    number: int
    attributes: Attributes
    min_months: int | None = None


class ImportedSection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A section as the imported store keeps it, one JSON object a line.

    ``file``, ``line`` and ``sha256`` say which file it came from; ``form`` names the file form it was read as.
    """

    act: str
    number: str
    title: str
    statement: str
    file: str
    line: int
    sha256: str
    form: str
    category: str = ""
    attributes: Attributes | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two records the same, wherever they came from."""
        return self.act, self.number, self.title, self.statement, self.attributes


class KnowledgeBase:
    """All sections by reference; a value, loaded once with :func:`load_knowledge_base`."""

    def __init__(
        self,
        shipped: Iterable[StatuteSection],
        schedule: Sequence[ScheduleEntry],
        imported: Iterable[StatuteSection] = (),
    ) -> None:
        self._shipped = {s.ref: s for s in shipped}
        self._imported: dict[SectionRef, list[StatuteSection]] = {}
        for section in imported:
            self._imported.setdefault(section.ref, []).append(section)
        self._schedule: dict[SectionRef, list[ScheduleEntry]] = {}
        for entry in schedule:
            self._schedule.setdefault(SectionRef(entry.section.act, entry.section.base), []).append(entry)
        self._complete = frozenset(e.section.act for e in schedule)

    @cached_property
    def acts(self) -> tuple[str, ...]:
        """Names of the loaded acts, the shipped ones first."""
        return tuple(dict.fromkeys(s.ref.act for s in self.sections()))

    def sections(self) -> tuple[StatuteSection, ...]:
        """Return the shipped sections in order, then the imported ones that no shipped act has."""
        added = [found[0] for ref, found in self._imported.items() if self._may_add(ref)]
        return (*self._shipped.values(), *added)

    def section(self, ref: SectionRef) -> StatuteSection:
        """Return the section that ``ref`` names, with ``ref`` itself on it when it names a part of the section.

        Raises :class:`NotFoundError` when the loaded law has no such section or part.
        """
        base = SectionRef(ref.act, ref.base)
        found = self._shipped.get(ref) or self._shipped.get(base) or self._added(ref) or self._added(base)
        if found is None:
            raise NotFoundError(f"Section {ref.number} is not in the loaded {ref.act}. Check the number.")
        part = ref.number.removeprefix(found.ref.number)
        if part and part not in found.parts and (found.parts or ref.act in self._complete or not _PART.fullmatch(part)):
            raise NotFoundError(f"Section {found.ref.number} of the {ref.act} has no part {part}. Check the number.")
        return msgspec.structs.replace(found, ref=ref) if part else found

    def sources(self, ref: SectionRef) -> tuple[StatuteSection, ...]:
        """Return every text of a section: the shipped one first, then each imported one, also of its parts."""
        base = SectionRef(ref.act, ref.base)
        own = [s] if (s := self._shipped.get(ref) or self._shipped.get(base)) else []
        brought = [s for key, found in self._imported.items() if key in {ref, base} for s in found]
        return (*own, *brought)

    def schedule(self, ref: SectionRef) -> tuple[ScheduleEntry, ...]:
        """Return the schedule's lines for a section, or for the part of it that ``ref`` names, in order.

        A part without lines of its own takes those of the nearest part that holds it. Definitions and other
        sections that punish nothing have none.
        """
        lines = self._schedule.get(SectionRef(ref.act, ref.base), [])
        within = [e for e in lines if _holds(ref.number, e.section.number)]
        number = ref.number
        while not within and (steps := _STEP.findall(number)):
            number = number.removesuffix(steps[-1])
            within = [e for e in lines if e.section.number == number]
        return tuple(within)

    def entries(self, ref: SectionRef) -> tuple[Attributes, ...]:
        """Return the attributes of :meth:`schedule`; for an imported section, those that its file gives."""
        own = tuple(e.attributes for e in self.schedule(ref))
        brought = self._added(ref) if not own else None
        return own or (brought.attributes if brought else ())

    def other_law_entries(self) -> tuple[Attributes, ...]:
        """Return the schedule's three lines for offences of other laws, gravest punishment first."""
        found = (e for ref, lines in self._schedule.items() if ref.act == OTHER_LAWS for e in lines)
        return tuple(e.attributes for e in found)

    def is_offence(self, ref: SectionRef) -> bool:
        """Tell whether the section punishes something: a definition or a general exception does not.

        Sections of acts without a schedule here count as offences.
        """
        return ref.act not in self._complete or bool(self._schedule.get(SectionRef(ref.act, ref.base)))

    def scheduled(self) -> Iterator[ScheduleEntry]:
        """Give every line of the schedule in order, those for other laws left out."""
        for ref, lines in self._schedule.items():
            if ref.act != OTHER_LAWS:
                yield from lines

    def imported(self) -> tuple[StatuteSection, ...]:
        """Return every imported section, also those that the shipped law has too."""
        return tuple(s for found in self._imported.values() for s in found)

    def _may_add(self, ref: SectionRef) -> bool:
        base = SectionRef(ref.act, ref.base)
        return ref.act not in self._complete and ref not in self._shipped and base not in self._shipped

    def _added(self, ref: SectionRef) -> StatuteSection | None:
        found = self._imported.get(ref)
        return found[0] if found and self._may_add(ref) else None


class _OtherRow(Struct, frozen=True, forbid_unknown_fields=True):
    act: str
    number: str
    title: str
    statement: str
    max_months: int | None = None
    life: bool = False
    death: bool = False

    def most(self) -> Term | None:
        known = self.life or self.death or self.max_months is not None
        return Term(max_months=self.max_months, life=self.life, death=self.death) if known else None


def load_knowledge_base(imported: Path | None = None, added: Iterable[StatuteSection] = ()) -> KnowledgeBase:
    """Load the shipped law, then ``added`` and the sections kept in the folder ``imported``, if there is one.

    Raises :class:`DataFileError` naming the file and the line that is wrong.
    """
    shipped = [_bns_section(row) for row in _rows(_DATA / "bns" / "sections.jsonl")]
    schedule = [_schedule_entry(row) for row in _rows(_DATA / "bns" / "schedule.jsonl")]
    for name in ("special_acts.jsonl", "ipc.jsonl"):
        shipped += other_sections(_DATA / name)
    return KnowledgeBase(shipped, schedule, [*added, *(_imported_section(r) for r in read_imported(imported))])


def other_sections(file: Traversable) -> list[StatuteSection]:
    """Read the sections of other acts, one JSON object a line.

    Raises :class:`DataFileError` naming the line that is not right or names a section again.
    """
    found: dict[SectionRef, StatuteSection] = {}
    for number, row in numbered_rows(file, _OtherRow, "section"):
        ref = SectionRef(row.act, row.number)
        if ref in found:
            raise DataFileError(f"{file.name}, line {number}: {ref} stands there already.")
        found[ref] = StatuteSection(ref=ref, title=row.title, statement=row.statement, most=row.most())
    return list(found.values())


def numbered_rows(file: Traversable, kind: type[T], what: str) -> Iterator[tuple[int, T]]:
    """Read one JSON object of ``kind`` a line, with the line's number.

    Raises :class:`DataFileError` naming the first line that is no such object; ``what`` is its name in the sentence.
    """
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield number, msgspec.json.decode(line, type=kind)
        except msgspec.DecodeError as err:
            raise DataFileError(f"{file.name}, line {number}: this is no {what}: {err}.", detail=str(err)) from err


def read_imported(folder: Path | None) -> tuple[ImportedSection, ...]:
    """Read the imported store: every record once, files in the order of their names."""
    records: dict[tuple[object, ...], ImportedSection] = {}
    for path in sorted(folder.glob("*.jsonl")) if folder and folder.is_dir() else ():
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                record = msgspec.json.decode(line, type=ImportedSection)
            except msgspec.DecodeError as err:
                raise DataFileError(
                    f"{path.name}, line {number}: the imported file was changed by hand. Remove it and import again.",
                    detail=str(err),
                ) from err
            records.setdefault(record.identity, record)
    return tuple(records.values())


def _holds(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(f"{outer}(")


def _rows(path: Traversable) -> Iterator[Mapping[str, Any]]:
    name = str(path).rsplit("/", 1)[-1]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as err:
            raise DataFileError(f"{name}, line {number}: this is not a JSON object.", detail=str(err)) from err


def _bns_section(row: Mapping[str, Any]) -> StatuteSection:
    return StatuteSection(
        ref=SectionRef(BNS, row["number"]),
        title=row["title"],
        statement=row["statement"],
        chapter=row["chapter"],
        chapter_title=row["chapter_title"],
        parts=tuple(row["parts"]),
    )


def _schedule_entry(row: Mapping[str, Any]) -> ScheduleEntry:
    number = row["section"]
    conditions = [row["cognizable_when"], row["bailable_when"]]
    return ScheduleEntry(
        section=SectionRef(OTHER_LAWS if number.startswith("OTHER") else BNS, number),
        number=row["entry"],
        min_months=row["min_months"],
        attributes=Attributes(
            offence=row["offence"],
            punishment=row["punishment"],
            cognizable=Cognizance(row["cognizable"]),
            bailable=Cognizance(row["bailable"]),
            court=row["court"],
            condition="; ".join(c for c in conditions if c) or None,
            max_months=row["max_months"],
            life=row["life"],
            death=row["death"],
        ),
    )


def _imported_section(record: ImportedSection) -> StatuteSection:
    return StatuteSection(
        ref=SectionRef(record.act, record.number),
        title=record.title,
        statement=record.statement,
        chapter_title=record.category,
        origin=record.file,
        attributes=(record.attributes,) if record.attributes else (),
    )
