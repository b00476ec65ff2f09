"""Acts that a station adds: the documented example is good, and every wrong file is refused with its line."""

import re
from pathlib import Path

import pytest

from afirgen.case.law import Cognizance, Law, SectionRef, Standing
from afirgen.errors import DataFileError
from afirgen.legal_kb.decide import Answer, decide
from afirgen.legal_kb.notes import notes_for
from afirgen.legal_kb.state_acts import add_act, load_law
from afirgen.pipeline.retrieve import merge

DOCS = Path(__file__).parents[2] / "docs" / "law-data.md"
EXCISE = SectionRef("Example State Excise Act 1950", "54")
SOLD = "He sells illicit liquor behind the shop."


@pytest.fixture(scope="module")
def example() -> str:
    found = re.search(r"```toml\n(act = .*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "kb" / "state"
    folder.mkdir(parents=True)
    return folder


def test_the_documented_example_is_law_once_it_lies_there(state: Path, example: str) -> None:
    (state / "excise.toml").write_text(example, encoding="utf-8")
    law = load_law(state.parent)
    assert law.faults == ()
    assert law.kb.section(EXCISE).origin == "excise.toml"
    assert EXCISE.act in law.kb.acts
    answers = {q: Answer(0.02) for q in law.book.questions} | {"liquor_dealt": Answer(0.95)}
    screened = {q: answers[q] for q in law.book.screening}
    opened = [o.offence for o in merge(SOLD, (), screened, law=Law.BNS, book=law.book).opened]
    (found,) = [d for d in decide(opened, answers, law.book) if d.standing is Standing.PROPOSED]
    assert found.offence.ref == EXCISE
    assert found.offence.attributes
    assert found.offence.attributes.cognizable is Cognizance.YES


def test_the_note_on_a_missing_excise_act_ends_when_one_is_there(state: Path, example: str) -> None:
    said = notes_for(SOLD, (), load_law(state.parent).notes)
    assert any("excise" in note for note in said)
    (state / "excise.toml").write_text(example, encoding="utf-8")
    assert notes_for(SOLD, (), load_law(state.parent).notes) == ()


def test_without_added_acts_the_law_is_the_shipped_one(tmp_path: Path) -> None:
    law = load_law(tmp_path / "none")
    assert law.faults == ()
    assert EXCISE.act not in law.kb.acts


@pytest.mark.parametrize(
    ("old", "new", "line_with", "said"),
    [
        ('act = "Example State Excise Act 1950"', 'act = "BNS"', 'act = "BNS"', "BNS is shipped and cannot be changed"),
        ('act = "Example State Excise Act 1950"', 'act = " "', 'act = " "', "the act needs a name"),
        ('number = "54"', 'number = ""', "[[section]]", "a section needs a number and a statement"),
        ('number = "54"', 'numbr = "54"', "[[section]]", "unknown field `numbr`"),
        ('section = "54"', 'section = "55"', 'id = "liquor_without_licence"', "1950 55 is not in the loaded law"),
        (
            'section = "54"',
            'section = "54"\nact = "BNS"',
            'id = "liquor_without_licence"',
            "it is of BNS, not of this act",
        ),
        (
            'section = "54"',
            'section = "54"\ncontains = ["liquor_without_licence"]',
            'id = "liquor_without_licence"',
            "contains itself",
        ),
        ('id = "liquor_without_licence"', 'id = "theft"', 'id = "theft"', "this id is used twice"),
        ('all = ["liquor_dealt"]', 'all = ["drunk"]', 'id = "liquor_without_licence"', "the question drunk is not in"),
        ("[question.liquor_dealt]", "[question.stolen]", "[question.stolen]", "the question stolen is there already"),
        (
            "[question.liquor_dealt]",
            "[question.liquor_dealt]\nscreen = true",
            "[question.liquor_dealt]",
            "cannot be put to every complaint",
        ),
        (
            "[question.liquor_dealt]",
            '[question.idle]\ntext = "Is it?"\nask = "Is it?"\n[question.liquor_dealt]',
            "[question.idle]",
            "no offence uses",
        ),
        ('cognizable = "yes"', 'cognizable = "perhaps"', "[[offence]]", "Invalid enum value 'perhaps'"),
        (
            'condition = "Example State Excise Act 67"\n',
            "",
            'id = "liquor_without_licence"',
            "the schedule makes it cognizable yes, bailable no, Magistrate",
        ),
    ],
)
def test_a_wrong_file_is_left_out_and_named_with_its_line(
    state: Path, example: str, old: str, new: str, line_with: str, said: str
) -> None:
    assert old in example
    text = example.replace(old, new, 1)
    (state / "excise.toml").write_text(text, encoding="utf-8")
    law = load_law(state.parent)
    assert EXCISE not in {s.ref for s in law.kb.sections()}
    assert "liquor_dealt" not in law.book.questions
    assert "theft" in law.book.by_id
    (fault,) = law.faults
    assert said in fault.public
    assert fault.public.startswith(f"excise.toml, line {text.splitlines().index(line_with) + 1}: ")


def test_a_file_that_is_no_toml_names_the_line(state: Path, example: str) -> None:
    (state / "excise.toml").write_text(example + "\n= 3\n", encoding="utf-8")
    line = example.count("\n") + 2
    (fault,) = load_law(state.parent).faults
    assert re.match(rf"excise\.toml: the law file cannot be read: .*line {line}\b", fault.public)


def test_of_two_files_the_good_one_is_used(state: Path, example: str) -> None:
    (state / "a.toml").write_text(example.replace('section = "54"', 'section = "55"'), encoding="utf-8")
    (state / "b.toml").write_text(example, encoding="utf-8")
    law = load_law(state.parent)
    assert [fault.public.split(",")[0] for fault in law.faults] == ["a.toml"]
    assert law.kb.section(EXCISE).origin == "b.toml"


def test_the_same_act_cannot_be_there_twice(state: Path, example: str) -> None:
    for name in ("a.toml", "b.toml"):
        (state / name).write_text(example, encoding="utf-8")
    law = load_law(state.parent)
    assert law.kb.section(EXCISE).origin == "a.toml"
    assert [fault.public.split(",")[0] for fault in law.faults] == ["b.toml"]


def test_adding_a_wrong_file_keeps_the_former(state: Path, tmp_path: Path, example: str) -> None:
    new = tmp_path / "excise.toml"
    new.write_text(example, encoding="utf-8")
    assert add_act(new, state.parent) == (1, 1)
    new.write_text(example.replace('section = "54"', 'section = "55"'), encoding="utf-8")
    with pytest.raises(DataFileError, match=r"^excise\.toml, line "):
        add_act(new, state.parent)
    assert (state / "excise.toml").read_text(encoding="utf-8") == example
    assert [p.name for p in state.iterdir()] == ["excise.toml"]
