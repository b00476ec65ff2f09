"""Notes beside the sections: shown by words or by a proposed section, and never a section themselves."""

from pathlib import Path

import pytest

from afirgen.case.law import SectionRef
from afirgen.errors import DataFileError
from afirgen.legal_kb.notes import load_notes, notes_for
from afirgen.legal_kb.statutes import load_knowledge_base

CIVIL = "Domestic Violence Act 2005"


@pytest.mark.parametrize(
    ("text", "section", "noted"),
    [
        ("My husband turned me out of the house.", None, True),
        ("मुझे घर से निकाल दिया।", None, True),
        ("Sasural se nikala gaya.", None, True),
        ("என்னை வீட்டை விட்டு துரத்தினார்கள்.", None, True),
        ("He beats me.", SectionRef("BNS", "85"), True),
        ("He beats me.", SectionRef("IPC", "498A"), True),
        ("He beats me.", SectionRef("BNS", "115(2)"), False),
    ],
)
def test_the_civil_remedy_is_a_note(text: str, section: SectionRef | None, *, noted: bool) -> None:
    said = notes_for(text, [section] if section else [], load_notes())
    assert any(CIVIL in note for note in said) is noted


def test_the_domestic_violence_act_is_no_section_to_propose() -> None:
    assert not [act for act in load_knowledge_base().acts if "Domestic Violence" in act]


def test_what_a_note_stands_beside_is_in_the_loaded_law() -> None:
    kb = load_knowledge_base()
    for note in load_notes():
        for section in note.beside:
            act, _, number = section.rpartition(" ")
            assert kb.section(SectionRef(act, number)).statement


def test_a_wrong_note_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "notes.toml").write_text('[[note]]\nid = "a"\nsay = "b"\n\n[[note]]\nid = "c"\n', encoding="utf-8")
    with pytest.raises(DataFileError, match=r"^notes\.toml, line 5: the law file is not right: .*say"):
        load_notes(tmp_path / "notes.toml")
