"""The error page and the comparison of two runs."""

from pathlib import Path

import msgspec
import pytest

from afirgen.case.law import SectionRef, Standing
from afirgen.errors import DataFileError
from afirgen.evaluate.analysis import Judged, analysis
from afirgen.evaluate.cases import Case
from afirgen.evaluate.compare import changed_cases, compare, read_results
from afirgen.evaluate.report import CaseResult
from afirgen.evaluate.run import Outcome
from afirgen.evaluate.sections import score_sections
from tests.case_factory import THEFT, document

ROBBERY = msgspec.structs.replace(
    THEFT, section=SectionRef("BNS", "309(4)"), standing=Standing.POSSIBLE, reason="Not stated clearly: was force used?"
)


def judged(case_id: str, *required: str, language: str = "en") -> Judged:
    """Judge the document that proposes theft, with robbery as possible, against ``required``."""
    law = msgspec.structs.replace(document().law, assessments=(THEFT, ROBBERY))
    made = document(law=law)
    case = Case(
        id=case_id,
        language=language,
        text=made.statement.text,
        required_groups=tuple((r,) for r in required),
        labels=frozenset({"required_groups", "law"}),
    )
    result = CaseResult(
        id=case_id,
        language=language,
        is_offence=True,
        sections=score_sections(case, made.law),
        proposed=tuple(str(a.section) for a in made.law.proposed),
    )
    return Judged(case, result, made)


def test_the_page_says_what_was_missed_and_why() -> None:
    page = analysis([judged("a", "303"), judged("b", "309"), judged("c", "64", language="hi")], model="m-1")
    assert "Language model: m-1." in page
    assert "| figure | all | en | hi |" in page
    assert "| 303 | 1 | 1 |  |" in page
    assert "| 309 | 1 | 0 | b: BNS 309(4) possible: Not stated clearly: was force used? |" in page
    assert "c: not among the candidates" in page
    assert "| BNS 303(2) | 2 | b, c |" in page


def test_a_failed_case_is_named() -> None:
    case = Case(id="x", text="t", required_groups=(("303",),))
    failed = CaseResult(id="x", language="en", is_offence=True, failed="The file is empty.")
    assert "x: The file is empty." in analysis([Judged(case, failed, None)], model="m")


def test_two_runs_are_compared_on_what_both_have(tmp_path: Path) -> None:
    one, other = judged("a", "303"), judged("b", "309")
    file = tmp_path / "before.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(Outcome(j.result, j.document)) for j in (one, other)))
    before = read_results(file)
    after = {"a": msgspec.structs.replace(one.result, proposed=("BNS 309(4)",)), "z": other.result}
    assert changed_cases(before, after) == ["a: -BNS 303(2) +BNS 309(4)"]
    assert compare(before, {"a": one.result}) == {}
    worse = msgspec.structs.replace(one.result, narrative_invented=("Sita",))
    assert compare(before, {"a": worse}) == {"narrative_invented_facts": (0, 1)}


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("{}\n")
    with pytest.raises(DataFileError, match=r"x\.jsonl, line 1"):
        read_results(tmp_path / "x.jsonl")
