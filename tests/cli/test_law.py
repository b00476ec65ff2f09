"""`afirgen kb explain` and `afirgen kb check`."""

import json

import pytest
from click.testing import CliRunner

from afirgen.case.law import SectionRef
from afirgen.cli import main
from afirgen.cli.law import check_law, explain_section
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.calibration import Calibration
from afirgen.legal_kb.statutes import load_knowledge_base


def test_a_section_is_explained_with_all_that_decides_it() -> None:
    result = CliRunner().invoke(main, ["kb", "explain", "304(2)"])
    assert result.exit_code == 0
    assert "BNS 304(2)  Snatching" in result.output
    assert "must be so:      Was the thing suddenly snatched" in result.output
    assert "takes up:        Theft (BNS 303(2))" in result.output
    assert "before 01.07.2024: IPC 379" in result.output


def test_a_section_is_explained_with_its_parts_and_as_json() -> None:
    result = CliRunner().invoke(main, ["kb", "explain", "125", "--json"])
    rows = json.loads(result.output)
    assert {"BNS 125", "BNS 125(a)", "BNS 125(b)"} <= {row["section"] for row in rows}


def test_what_is_not_there_is_said_so() -> None:
    kb = load_knowledge_base()
    with pytest.raises(NotFoundError, match="999"):
        explain_section(SectionRef("BNS", "999"), kb, as_json=False)
    with pytest.raises(NotFoundError, match="No ingredients"):
        explain_section(SectionRef("BNS", "2"), kb, as_json=False)


def test_the_shipped_law_holds_together() -> None:
    result = CliRunner().invoke(main, ["kb", "check"])
    assert result.exit_code == 0
    assert "No fault was found" in result.output


def test_a_calibration_of_other_questions_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Calibration(
        model="m", slope=1, lean=0, hint=0, more=0, common=0, bias={"no_such_question": 1.0}, hints={}
    )
    monkeypatch.setattr("afirgen.cli.law.load_calibration", lambda: stranger)
    with pytest.raises(DataFileError, match="no_such_question"):
        check_law(load_knowledge_base())
