"""The tellings that come with the law: well formed, of every offence that people report, and of use to search."""

import json
import unicodedata
from pathlib import Path

import pytest

from afirgen.errors import DataFileError
from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.statutes import BNS, KnowledgeBase
from afirgen.legal_kb.tellings import load_tellings

ROW = {"act": BNS, "number": "303", "language": "en", "text": "My cycle is gone from the gate."}
# Nobody comes to tell of these alone: help, plans and tries, and what makes others answer for an act.
NOT_TOLD = {*map(str, range(49, 63)), "190", "193"}


def test_every_offence_is_told_in_english(kb: KnowledgeBase, book: OffenceBook) -> None:
    told = {t.section for t in load_tellings(kb) if t.language == "en"}
    missing = {(o.act, o.ref.base) for o in book.offences} - {(s.act, s.base) for s in told}
    assert {m for m in missing if not (m[0] == BNS and m[1] in NOT_TOLD)} == set()


def test_tellings_are_short_and_plain(kb: KnowledgeBase) -> None:
    for telling in load_tellings(kb):
        assert 8 <= len(telling.text.split()) <= 70, telling
        assert telling.text == unicodedata.normalize("NFC", telling.text)


def test_kept_tellings_are_others(kb: KnowledgeBase) -> None:
    shipped = {t.text for t in load_tellings(kb)}
    kept = [json.loads(line) for line in Path("evaluation/tellings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(kept) > 300
    assert not shipped & {each["text"] for each in kept}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (ROW | {"number": "999"}, "line 2: there is no section BNS 999"),
        (ROW | {"number": "303(2)"}, r"line 2: there is no section BNS 303\(2\)"),
        (ROW, "line 2: the same stands in line 1"),
        (ROW | {"more": 1}, "line 2: this is no telling"),
        ("no object", "line 2: this is no telling"),
    ],
)
def test_a_wrong_line_names_itself(kb: KnowledgeBase, tmp_path: Path, row: object, says: str) -> None:
    file = tmp_path / "tellings.jsonl"
    file.write_text(f"{json.dumps(ROW)}\n{json.dumps(row)}\n", encoding="utf-8")

    with pytest.raises(DataFileError, match=says):
        load_tellings(kb, file)
