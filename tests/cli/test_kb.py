import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afirgen.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path / "var"))
    return tmp_path


def kb(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["kb", *map(str, arguments)])


def old_file(folder: Path, *lines: str) -> Path:
    path = folder / "old.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


GOOD = '{"Number": "60", "Category": "Excise Act", "Title": "Illegal sale", "Legal Definition": "Selling liquor."}'


def test_import_reports_lines_and_the_section_can_be_shown(folder: Path) -> None:
    result = kb("import", old_file(folder, GOOD, "not json", GOOD))
    assert result.exit_code == 0
    assert "old.jsonl, line 2: The line is not valid JSON." in result.stderr
    assert "1 new, 1 already there, 1 bad" in result.stdout
    shown = kb("show", "excise", "act", "60")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("Excise Act 60  Illegal sale  (imported from old.jsonl)")
    assert "Excise Act: 1 section  (imported from old.jsonl)" in kb("list").stdout


def test_a_file_without_one_good_line_fails(folder: Path) -> None:
    result = kb("import", old_file(folder, "{}"))
    assert result.exit_code == 2
    assert "line 1" in result.stderr
    assert "No section could be read" in result.stderr


def test_a_missing_file_fails_with_a_sentence(folder: Path) -> None:
    result = kb("import", folder / "none.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith("The file none.jsonl cannot be opened.")


@pytest.mark.usefixtures("folder")
def test_show_prints_every_schedule_line() -> None:
    shown = kb("show", "303(2)").stdout
    assert "BNS 303(2)  Theft" in shown
    assert "cognizable: yes, bailable: no" in shown
    assert "cognizable: no, bailable: yes" in shown
    as_json = json.loads(kb("show", "303(2)", "--json").stdout)
    assert [e["attributes"]["cognizable"] for e in as_json["schedule"]] == ["yes", "no"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("number", "sentence"), [("999", "not in the loaded BNS"), ("303(9)", "has no part (9)")])
def test_a_section_that_does_not_exist(number: str, sentence: str) -> None:
    result = kb("show", number)
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.usefixtures("folder")
def test_list_counts_and_lists() -> None:
    assert "BNS: 358 sections" in kb("list").stdout
    assert len(json.loads(kb("list", "BNS", "--json").stdout)) == 358
    assert kb("list", "Moon Act").exit_code == 2
