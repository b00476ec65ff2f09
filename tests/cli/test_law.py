"""`afirgen kb explain`, `afirgen kb check` and `afirgen kb add-act`."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afirgen import legal_kb
from afirgen.case.law import SectionRef
from afirgen.cli import law, main
from afirgen.cli.law import explain_section, law_faults
from afirgen.errors import NotFoundError
from afirgen.legal_kb.calibration import Calibration
from afirgen.legal_kb.state_acts import LoadedLaw, load_law

DATA = Path(legal_kb.__file__).parent / "data"
ACT = """act = "Moon Act"

[[section]]
number = "4"
title = "Landing"
statement = "Landing without leave is punished with up to two years."

[question.landed]
text = "Did somebody land on the moon?"
ask = "Who landed?"

[[offence]]
id = "moon_landing"
section = "4"
name = "Landing without leave"
all = ["landed"]
[offence.words]
en = ["moon"]
[offence.attributes]
offence = "Landing without leave"
punishment = "up to 2 years"
cognizable = "no"
bailable = "yes"
court = "Any Magistrate"
max_months = 24
"""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedLaw:
    return load_law(tmp_path)


def kb(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["kb", *arguments])


def act_file(folder: Path, text: str = ACT) -> str:
    (folder / "moon.toml").write_text(text, encoding="utf-8")
    return str(folder / "moon.toml")


@pytest.mark.usefixtures("data_dir")
def test_a_section_is_explained_with_all_that_decides_it() -> None:
    result = kb("explain", "304(2)")
    assert result.exit_code == 0
    for line in (
        "BNS 304(2)  Snatching",
        "must be so:      Was the thing suddenly snatched",
        "takes up:        Theft (BNS 303(2))",
        "punishment:      up to 3 years",
        "cognizable:      yes",
        "bailable:        no",
        "triable by:      Any Magistrate",
        "before 01.07.2024: IPC 379",
        "words (en): ",
    ):
        assert line in result.output, line


@pytest.mark.usefixtures("data_dir")
def test_a_section_of_a_special_act_is_explained() -> None:
    result = kb("explain", "NDPS Act 1985", "22")
    assert "NDPS Act 1985 22  Psychotropic substances" in result.output
    assert "on condition:    NDPS Act 37" in result.output


@pytest.mark.usefixtures("data_dir")
def test_a_section_is_explained_with_its_parts_and_as_json() -> None:
    rows = json.loads(kb("explain", "125", "--json").output)
    assert {"BNS 125", "BNS 125(a)", "BNS 125(b)"} <= {row["section"] for row in rows}
    assert all(row["attributes"]["court"] and row["ipc_sure"] is True for row in rows)


def test_what_is_not_there_is_said_so(loaded: LoadedLaw) -> None:
    with pytest.raises(NotFoundError, match="999"):
        explain_section(SectionRef("BNS", "999"), loaded, as_json=False)
    with pytest.raises(NotFoundError, match="No ingredients"):
        explain_section(SectionRef("BNS", "2"), loaded, as_json=False)


@pytest.mark.usefixtures("data_dir")
def test_the_shipped_law_holds_together() -> None:
    result = kb("check")
    assert result.exit_code == 0
    assert "No fault was found" in result.output


@pytest.mark.usefixtures("data_dir")
def test_every_fault_is_named_with_its_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(DATA / "questions.toml", tmp_path)
    shutil.copytree(DATA / "offences", tmp_path / "offences")
    path = tmp_path / "offences" / "property.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in (('section = "303(2)"', 'section = "903"'), ('ipc = ["392"]', 'ipc = ["999"]')):
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    lines = text.splitlines()
    monkeypatch.setattr(law, "SHIPPED_DATA", tmp_path)
    result = kb("check")
    assert result.exit_code == 2
    for offence, fault in (("theft", "BNS 903"), ("robbery", "IPC 999")):
        line = lines.index(f'id = "{offence}"') + 1
        assert f"property.toml, line {line}: offence {offence}: {fault} is not in the loaded law." in result.stderr
    assert "2 faults found." in result.stderr


@pytest.mark.usefixtures("data_dir")
def test_files_that_cannot_be_read_are_all_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(DATA / "questions.toml", tmp_path)
    (tmp_path / "offences").mkdir()
    (tmp_path / "offences" / "a.toml").write_text("[[offence]]\nid = 'a\n", encoding="utf-8")
    (tmp_path / "offences" / "b.toml").write_text("[[offence]]\nid = 'b'\n\n[[offence]]\nid = 'c'\n", encoding="utf-8")
    monkeypatch.setattr(law, "SHIPPED_DATA", tmp_path)
    result = kb("check")
    assert result.exit_code == 2
    assert "a.toml: the law file cannot be read" in result.stderr
    assert "b.toml, line 1: the law file is not right" in result.stderr
    assert "b.toml, line 4: the law file is not right" in result.stderr


def test_a_calibration_of_other_questions_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Calibration(
        model="m",
        slope=1,
        lean=0,
        hint=0,
        more=0,
        worded=0,
        named=0,
        common=0,
        bias={"no_such_question": 1.0},
        hints={},
    )
    monkeypatch.setattr("afirgen.cli.law.load_calibration", lambda: stranger)
    assert ["no_such_question" in fault.public for fault in law_faults(tmp_path)] == [True]


def test_a_state_act_is_added_shown_and_replaced(data_dir: Path, tmp_path: Path) -> None:
    added = kb("add-act", act_file(tmp_path))
    assert added.exit_code == 0
    assert "moon.toml: 1 section, 1 offence." in added.output
    assert "Landing without leave is punished" in kb("show", "moon act", "4").output
    assert "must be so:      Did somebody land on the moon?" in kb("explain", "Moon Act", "4").output
    changed = kb("add-act", act_file(tmp_path, ACT.replace("two years", "one year")))
    assert changed.exit_code == 0
    assert "up to one year" in kb("show", "Moon Act", "4").output
    assert [p.name for p in (data_dir / "kb" / "state").iterdir()] == ["moon.toml"]


@pytest.mark.usefixtures("data_dir")
def test_a_state_act_that_is_not_right_leaves_the_former_one_in_use(tmp_path: Path) -> None:
    assert kb("add-act", act_file(tmp_path)).exit_code == 0
    wrong = kb("add-act", act_file(tmp_path, ACT.replace('section = "4"', 'section = "5"')))
    assert wrong.exit_code == 2
    assert "moon.toml, line 13: offence moon_landing: Moon Act 5 is not in the loaded law." in wrong.stderr
    assert "must be so:      Did somebody land on the moon?" in kb("explain", "Moon Act", "4").output


def test_a_file_laid_there_by_hand_that_is_not_right_is_left_out_and_named(data_dir: Path) -> None:
    (data_dir / "kb" / "state").mkdir(parents=True)
    act_file(data_dir / "kb" / "state", ACT.replace('all = ["landed"]', 'all = ["flown"]'))
    shown = kb("show", "303(2)")
    assert shown.exit_code == 0
    assert "moon.toml, line 13: offence moon_landing: the question flown is not in questions.toml." in shown.stderr
    checked = kb("check")
    assert checked.exit_code == 2
    assert "moon.toml, line 13" in checked.stderr
