from pathlib import Path

import msgspec
import pytest

from afirgen.case.law import Cognizance, SectionRef
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.statutes import BNS, ImportedSection, KnowledgeBase, load_knowledge_base, other_sections


def bns(number: str) -> SectionRef:
    return SectionRef(BNS, number)


def imported(act: str, number: str, title: str = "Imported title") -> ImportedSection:
    return ImportedSection(
        act=act, number=number, title=title, statement="Text.", file="old.jsonl", line=1, sha256="0" * 64, form="basic"
    )


def store(folder: Path, *records: ImportedSection) -> KnowledgeBase:
    (folder / "old.jsonl").write_bytes(b"".join(msgspec.json.encode(r) + b"\n" for r in records))
    return load_knowledge_base(folder)


def test_a_section_and_its_parts(kb: KnowledgeBase) -> None:
    assert kb.section(bns("303")).title == "Theft"
    assert kb.section(bns("303(2)")).ref == bns("303(2)")
    assert kb.section(bns("61(2)(a)")).title == kb.section(bns("61")).title


@pytest.mark.parametrize(
    "number", ["359", "0", "303(3)", "303(2)(z)", "100(1)", "303A", "", "three", "303)", "303 (2)"]
)
def test_what_is_not_in_the_law_is_refused(kb: KnowledgeBase, number: str) -> None:
    with pytest.raises(NotFoundError):
        kb.section(bns(number))


def test_an_unknown_act_is_refused(kb: KnowledgeBase) -> None:
    with pytest.raises(NotFoundError, match="Moon Act"):
        kb.section(SectionRef("Moon Act", "1"))


def test_entries_of_a_section_are_those_of_its_parts(kb: KnowledgeBase) -> None:
    assert [(e.section.number, e.number) for e in kb.schedule(bns("309"))] == [
        ("309(4)", 1),
        ("309(4)", 2),
        ("309(5)", 1),
        ("309(6)", 1),
    ]
    assert [e.cognizable for e in kb.entries(bns("303(2)"))] == [Cognizance.YES, Cognizance.NO]
    assert kb.entries(bns("303(1)")) == ()
    assert len(kb.entries(bns("61(2)"))) == 2


def test_a_part_takes_the_lines_of_what_holds_it(kb: KnowledgeBase) -> None:
    assert kb.entries(bns("64(2)(f)")) == kb.entries(bns("64(2)"))


def test_conditions_are_kept(kb: KnowledgeBase) -> None:
    (cruelty,) = kb.entries(bns("85"))
    assert cruelty.cognizable is Cognizance.OFFICER_DECIDES
    assert cruelty.condition


def test_definitions_and_exceptions_are_no_offences(kb: KnowledgeBase) -> None:
    assert not kb.is_offence(bns("2"))
    assert not kb.is_offence(bns("34"))
    assert kb.is_offence(bns("303(2)"))
    assert kb.is_offence(SectionRef("Some Act", "4"))


def test_other_laws_are_classified_by_punishment(kb: KnowledgeBase) -> None:
    assert [e.cognizable for e in kb.other_law_entries()] == [Cognizance.YES, Cognizance.YES, Cognizance.NO]
    assert not any(e.section.number.startswith("OTHER") for e in kb.scheduled())


def test_an_imported_text_stands_beside_the_shipped_one(tmp_path: Path) -> None:
    kb = store(tmp_path, imported(BNS, "303"), imported(BNS, "303(2)", "Part"))
    assert kb.section(bns("303")).title == "Theft"
    assert [(s.title, s.origin) for s in kb.sources(bns("303"))] == [
        ("Theft", "shipped"),
        ("Imported title", "old.jsonl"),
    ]
    assert [s.title for s in kb.sources(bns("303(2)"))] == ["Theft", "Imported title", "Part"]
    assert len(kb.sections()) == len(load_knowledge_base().sections())


def test_an_import_cannot_add_a_section_to_a_complete_act(tmp_path: Path) -> None:
    kb = store(tmp_path, imported(BNS, "999"))
    with pytest.raises(NotFoundError):
        kb.section(bns("999"))
    assert bns("999") not in {s.ref for s in kb.sections()}


def test_an_import_adds_another_act(tmp_path: Path) -> None:
    kb = store(tmp_path, imported("Excise Act", "60"), imported("Excise Act", "60", "Second text"))
    excise = SectionRef("Excise Act", "60")
    assert kb.section(excise).title == "Imported title"
    assert kb.section(SectionRef("Excise Act", "60(1)")).ref.number == "60(1)"
    assert [s.title for s in kb.sources(excise)] == ["Imported title", "Second text"]
    assert excise in {s.ref for s in kb.sections()}
    assert "Excise Act" in kb.acts


def test_a_changed_store_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text('{"act": 1}\n', encoding="utf-8")
    with pytest.raises(DataFileError, match=r"old\.jsonl, line 1"):
        load_knowledge_base(tmp_path)


GOOD_ROW = '{"act":"Moon Act","number":"4","title":"Landing","statement":"Landing is punished."}\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 2: this is no section"),
        ('{"act":"Moon Act","number":"5","title":"Landing"}', "line 2: this is no section: .*statement"),
        (GOOD_ROW, "line 2: Moon Act 4 stands there already"),
    ],
)
def test_a_wrong_line_of_other_acts_is_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "acts.jsonl").write_text(GOOD_ROW + line, encoding="utf-8")
    with pytest.raises(DataFileError, match=rf"^acts\.jsonl, {said}"):
        other_sections(tmp_path / "acts.jsonl")


def test_other_acts_are_read_by_line(tmp_path: Path) -> None:
    (tmp_path / "acts.jsonl").write_text(GOOD_ROW, encoding="utf-8")
    assert [(str(s.ref), s.title) for s in other_sections(tmp_path / "acts.jsonl")] == [("Moon Act 4", "Landing")]
