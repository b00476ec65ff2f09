"""The words of the pages: every language has the same keys, and what the program says is there in Hindi."""

import ast
from pathlib import Path

import pytest

from afirgen.case.audit import Action
from afirgen.case.fir import Features, Particulars
from afirgen.web.pages.shell import said, ui_languages, words

ROOT = Path(__file__).parents[2] / "afirgen"
# What officers meet on the pages. What only a program or the command line meets stays English.
FILES = [
    *sorted(ROOT.glob("pipeline/intake*.py")),
    *sorted(ROOT.glob("web/pages/*.py")),
    *sorted(set(ROOT.glob("jobs/*.py")) - {ROOT / "jobs" / "sections.py"}),
    ROOT / "web" / "acts.py",
    ROOT / "legal_kb" / "decide.py",
]


def keys_of(table: dict[str, object]) -> dict[str, object]:
    return {k: keys_of(v) if isinstance(v, dict) else isinstance(v, list) and len(v) for k, v in table.items()}


@pytest.mark.parametrize("language", ui_languages())
def test_every_language_has_the_same_keys(language: str) -> None:
    table = {key: value for key, value in words(language).items() if key != "said"}
    assert keys_of(table) == keys_of(words("en"))


@pytest.mark.parametrize("language", ui_languages())
def test_every_item_and_act_has_a_name(language: str) -> None:
    t = words(language)
    assert set(Particulars.__struct_fields__) - {"suspect", "unknown"} <= set(t["particulars"])
    assert set(Features.__struct_fields__) <= set(t["features"])
    about_cases = ("case.", "step.", "job.", "section.", "record.", "fir.")
    assert {a.value for a in Action if a.value.startswith(about_cases) and a is not Action.ADOPTED} <= set(t["acts"])


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "7" for v in node.values)
    return ""


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_what_is_said_to_an_officer_is_there_in_hindi(file: Path) -> None:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    # What stands alone is a docstring; the parts of what changes are said as a whole.
    unsaid = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    unsaid |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = {_text(node) for node in nodes if id(node) not in unsaid}
    sentences = {text for text in texts if text.endswith(".") and " " in text}
    assert {text for text in sentences if said(text, "hi") == text} == set()


def test_what_changes_in_a_sentence_stays_in_its_translation() -> None:
    assert "303" in said("Contained in Theft (BNS 303(2)).", "hi")
    question = "Did a person die?"
    for reason in (
        f"Not so in the complaint: {question}",
        f"It is so in the complaint: {question}",
        f"Not stated clearly: {question}",
        f"1 of 2 ingredients are met; likely all in all. Not stated clearly: {question}",
    ):
        translated = said(reason, "hi")
        assert translated.endswith(question)
        assert "complaint" not in translated
        assert "clearly" not in translated
    assert said("1 of 3 ingredients are met; likely all in all. Not stated clearly: x", "hi").startswith("3 में से 1 ")
    assert said("No such sentence.", "hi") == "No such sentence."
    assert said("The key is not right.", "en") == "The key is not right."
