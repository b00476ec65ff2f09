"""The shipped law against the reference tables: every number, chapter, title and schedule attribute."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from afirgen import legal_kb

DATA = Path(legal_kb.__file__).parent / "data" / "bns"
LONGEST_COMMON_RUN = 11


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.casefold())


@pytest.fixture(scope="module")
def sections() -> list[dict[str, Any]]:
    return rows(DATA / "sections.jsonl")


@pytest.fixture(scope="module")
def schedule() -> list[dict[str, Any]]:
    return rows(DATA / "schedule.jsonl")


@pytest.fixture(scope="module")
def official(reference_data: Path) -> list[dict[str, Any]]:
    return rows(reference_data / "bns_sections.jsonl")


@pytest.fixture(scope="module")
def classified(reference_data: Path) -> dict[tuple[str, int], dict[str, Any]]:
    return {(r["section"], r["entry"]): r for r in rows(reference_data / "bns_classification.jsonl")}


def test_every_section_once_and_in_order(sections: list[dict[str, Any]]) -> None:
    assert [s["number"] for s in sections] == [str(n) for n in range(1, 359)]


def test_statements_are_short(sections: list[dict[str, Any]]) -> None:
    assert [s["number"] for s in sections if not 20 <= len(s["statement"]) <= 1000] == []


def test_every_scheduled_part_exists(sections: list[dict[str, Any]], schedule: list[dict[str, Any]]) -> None:
    parts = {s["number"] + p for s in sections for p in ("", *s["parts"])}
    assert [e["section"] for e in schedule if e["section"] not in parts and not e["section"].startswith("OTHER")] == []


def test_chapters_and_titles(sections: list[dict[str, Any]], official: list[dict[str, Any]]) -> None:
    for ours, theirs in zip(sections, official, strict=True):
        assert ours["number"] == theirs["section"]
        assert ours["title"] == theirs["title"], ours["number"]
        assert ours["chapter"] == theirs["chapter_number"], ours["number"]
        assert plain(ours["chapter_title"]) == plain(theirs["chapter_title"]), ours["number"]


def test_sub_sections_exist_in_the_act(sections: list[dict[str, Any]], official: list[dict[str, Any]]) -> None:
    for ours, theirs in zip(sections, official, strict=True):
        printed = set(re.findall(r"^\((\d+)\)", theirs["text_without_illustrations"], re.MULTILINE))
        numbered = {p[1:-1] for p in ours["parts"] if p[1:-1].isdecimal()}
        assert printed <= numbered, ours["number"]
        # The reference prints sub-section (4) of section 2 inside an illustration.
        assert numbered - printed <= ({"4"} if ours["number"] == "2" else set()), ours["number"]


def test_statements_are_in_own_words(sections: list[dict[str, Any]], official: list[dict[str, Any]]) -> None:
    copied = []
    for ours, theirs in zip(sections, official, strict=True):
        run = longest_run(plain(ours["statement"]), plain(theirs["text"]))
        if len(run) > LONGEST_COMMON_RUN:
            copied.append((ours["number"], " ".join(run)))
    assert copied == []


def test_schedule_has_the_same_entries(
    schedule: list[dict[str, Any]], classified: dict[tuple[str, int], dict[str, Any]]
) -> None:
    assert [(e["section"], e["entry"]) for e in schedule] == list(classified)


def test_schedule_attributes(schedule: list[dict[str, Any]], classified: dict[tuple[str, int], dict[str, Any]]) -> None:
    words = {True: "yes", False: "no", "conditional": "officer_decides"}
    wrong = []
    for entry in schedule:
        theirs = classified[entry["section"], entry["entry"]]
        expected = (words[theirs["cognizable"]], words[theirs["bailable"]], theirs["court"].rstrip("."))
        if (entry["cognizable"], entry["bailable"], entry["court"]) != expected:
            wrong.append((entry["section"], entry["entry"], expected))
        for name in ("cognizable", "bailable"):
            assert (entry[f"{name}_when"] is not None) == (entry[name] == "officer_decides"), entry["section"]
    assert wrong == []


def test_schedule_punishments(
    schedule: list[dict[str, Any]], classified: dict[tuple[str, int], dict[str, Any]]
) -> None:
    wrong = []
    for entry in schedule:
        theirs = classified[entry["section"], entry["entry"]]["punishment"]
        ours = (entry["life"], entry["death"], entry["max_months"])
        if entry["section"].startswith("OTHER") or re.search("as above|One half", theirs):
            continue
        if ours != punishment_of(theirs):
            wrong.append((entry["section"], entry["entry"], ours, theirs))
        if entry["fine_max_inr"] is not None and entry["fine_max_inr"] != max(rupees(theirs), default=None):
            wrong.append((entry["section"], entry["entry"], entry["fine_max_inr"], theirs))
    assert wrong == []


def punishment_of(text: str) -> tuple[bool, bool, int | None]:
    """Read life, death and the longest term in months from a line of the schedule."""
    upper = re.sub(r"not (?:be )?less than \d+ (?:year|month)s?", "", text.replace(" one ", " 1 "))
    terms = [int(n) * (12 if unit == "year" else 1) for n, unit in re.findall(r"(\d+) (year|month)", upper)]
    return "life" in text, "death" in text.casefold(), max(terms, default=None)


def rupees(text: str) -> list[int]:
    amounts = re.findall(r"([\d,]+)( lakh)? rupees", text)
    return [int(n.replace(",", "")) * (100_000 if lakh else 1) for n, lakh in amounts]


def longest_run(ours: list[str], theirs: list[str]) -> list[str]:
    best: list[str] = []
    length = [0] * (len(theirs) + 1)
    for i, word in enumerate(ours):
        row = [0] * (len(theirs) + 1)
        for j, other in enumerate(theirs):
            if word == other:
                row[j + 1] = length[j] + 1
                if row[j + 1] > len(best):
                    best = ours[i + 1 - row[j + 1] : i + 1]
        length = row
    return best
