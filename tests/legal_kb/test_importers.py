import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afirgen.case.law import Cognizance, SectionRef
from afirgen.errors import InvalidInputError, StorageError
from afirgen.legal_kb.importers import MAX_LINE_BYTES, ImportReport, import_file
from afirgen.legal_kb.statutes import ImportedSection, load_knowledge_base, read_imported

BASIC = {"Section": 303, "Title": "Theft", "Legal Definition": "Whoever takes..."}
IN_DEPTH = {
    "Section": "303(2)",
    "Offence": "Theft",
    "Punishment": "3 years",
    "Cognizable?": "Cognizable",
    "Bailable?": "Non-bailable",
    "Triable By": "Any Magistrate",
}
SPECIAL = {"Number": "12", "Category": "Excise Act", "Title": "Illegal sale", "Legal Definition": "Selling liquor"}
OLDEST = {"section": "Section 379", "title": "Theft", "text": "Old text"}
CHROMA_BASIC = {"id": "sec_304", "documents": "Snatching text", "metadatas": {"Section": 304, "Title": "Snatching"}}
CHROMA_IN_DEPTH = {"id": "x", "documents": "Theft. 3 years.", "metadatas": IN_DEPTH}
CHROMA_SPECIAL = {
    "id": "sp_9",
    "documents": "Selling",
    "metadatas": {"Number": "9", "Title": "Sale", "Category": "Excise Act"},
}
FORMS = [
    (BASIC, "basic", "BNS", "303"),
    (IN_DEPTH, "in depth", "BNS", "303(2)"),
    (SPECIAL, "special acts", "Excise Act", "12"),
    (OLDEST, "oldest", "BNS", "379"),
    (CHROMA_BASIC, "Chroma basic", "BNS", "304"),
    (CHROMA_IN_DEPTH, "Chroma in depth", "BNS", "303(2)"),
    (CHROMA_SPECIAL, "Chroma special acts", "Excise Act", "9"),
]


def write(path: Path, *lines: Any) -> Path:
    path.write_bytes(b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in lines))
    return path


def take(tmp_path: Path, *lines: Any, act: str | None = None) -> tuple[ImportReport, tuple[ImportedSection, ...]]:
    report = import_file(write(tmp_path / "old.jsonl", *lines), tmp_path / "store", act=act)
    return report, read_imported(tmp_path / "store")


@pytest.mark.parametrize(("row", "form", "act", "number"), FORMS)
def test_every_old_form(tmp_path: Path, row: dict[str, Any], form: str, act: str, number: str) -> None:
    report, records = take(tmp_path, row)
    assert (report.added, report.known, report.bad) == (1, 0, ())
    (record,) = records
    assert (record.form, record.act, record.number, record.file, record.line) == (form, act, number, "old.jsonl", 1)
    assert record.statement
    assert len(record.sha256) == 64


def test_one_file_may_mix_all_forms(tmp_path: Path) -> None:
    report, records = take(tmp_path, *(row for row, *_ in FORMS))
    assert report.added == len(FORMS)
    assert [r.form for r in records] == [form for _, form, *_ in FORMS]


def test_attributes_of_the_in_depth_form(tmp_path: Path) -> None:
    _, (record,) = take(tmp_path, IN_DEPTH)
    assert record.attributes is not None
    assert record.attributes.cognizable is Cognizance.YES
    assert record.attributes.bailable is Cognizance.NO
    assert record.attributes.court == "Any Magistrate"


@pytest.mark.parametrize("words", ["", "NaN", "Cognizable if the victim complains", "depends", "According as ..."])
def test_cognizance_never_defaults(tmp_path: Path, words: str) -> None:
    _, (record,) = take(tmp_path, IN_DEPTH | {"Cognizable?": words})
    assert record.attributes is not None
    assert record.attributes.cognizable is Cognizance.OFFICER_DECIDES


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json\n", "not valid JSON"),
        (b'{"Section": 1\n', "not valid JSON"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'"text"\n', "not a JSON object"),
        (b"null\n", "not a JSON object"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b"{}\n", "none of the keys"),
        (b'{"Section": NaN, "Title": "a", "Legal Definition": "b"}\n', "must hold a section number"),
        (b'{"Section": true, "Title": "a", "Legal Definition": "b"}\n', "must hold a section number"),
        (b'{"Section": 3.5, "Title": "a", "Legal Definition": "b"}\n', "must hold a section number"),
        (b'{"Section": "theft", "Title": "a", "Legal Definition": "b"}\n', "does not hold a section number"),
        (b'{"Section": 1, "Title": "a"}\n', "Legal Definition is missing"),
        (b'{"Section": 1, "Title": "a", "Legal Definition": NaN}\n', "Legal Definition is missing"),
        (b'{"Section": 1, "Title": "a", "Legal Definition": "  "}\n', "Legal Definition is empty"),
        (b'{"Section": 1, "Title": ["a"], "Legal Definition": "b"}\n', "Title must hold text"),
        (b'{"Section": 1, "Title": "a\\ud800", "Legal Definition": "b"}\n', "broken characters"),
        (b'{"id": "1", "documents": "x", "metadatas": null}\n', "metadatas must hold an object"),
        (b'{"id": "1", "documents": "x", "metadatas": {}}\n', "neither the key"),
        (b'{"a":' * 100_000 + b"\n", "not valid JSON"),
        (b'{"Section": 1, "x": "' + b"y" * MAX_LINE_BYTES + b'"}\n', "longer than"),
    ],
)
def test_a_bad_line_is_reported_and_the_good_ones_kept(tmp_path: Path, line: bytes, reason: str) -> None:
    report, records = take(tmp_path, BASIC, b"\n", line, SPECIAL)
    assert [(b.file, b.line) for b in report.bad] == [("old.jsonl", 3)]
    assert reason in report.bad[0].reason
    assert [r.line for r in records] == [1, 4]


def test_bom_crlf_blank_lines_and_no_last_newline(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(BASIC).encode() + b"\r\n\r\n   \r\n" + json.dumps(SPECIAL).encode()
    report, records = take(tmp_path, data)
    assert (report.added, report.bad) == (2, ())
    assert [r.line for r in records] == [1, 4]


def test_text_is_normalised_but_never_stripped_of_letters(tmp_path: Path) -> None:
    _, (record,) = take(tmp_path, BASIC | {"Title": "चोरी\u00a0 की", "Legal Definition": "cafe\u0301"})
    assert (record.title, record.statement) == ("चोरी की", "café")


@pytest.mark.parametrize(
    ("given_number", "number"),
    [(303, "303"), (303.0, "303"), ("303 (2)", "303(2)"), ("Sec. 304a", "304A"), ("Section 111(2)(a)", "111(2)(a)")],
)
def test_numbers_take_one_form(tmp_path: Path, given_number: Any, number: str) -> None:
    _, (record,) = take(tmp_path, BASIC | {"Section": given_number})
    assert record.number == number


def test_importing_twice_keeps_each_record_once(tmp_path: Path) -> None:
    take(tmp_path, BASIC, SPECIAL)
    report, records = take(tmp_path, BASIC, OLDEST, BASIC)
    assert (report.added, report.known) == (1, 2)
    assert len(records) == 3


def test_an_import_leaves_the_store_as_it_was_but_for_one_new_file(tmp_path: Path) -> None:
    take(tmp_path, BASIC)
    before = {p.name: p.read_bytes() for p in (tmp_path / "store").iterdir()}
    take(tmp_path, SPECIAL)
    after = {p.name: p.read_bytes() for p in (tmp_path / "store").iterdir()}
    assert before.items() <= after.items()
    assert len(after) == 2


def test_the_act_can_be_given(tmp_path: Path) -> None:
    take(tmp_path, OLDEST, act="IPC")
    assert load_knowledge_base(tmp_path / "store").sources(SectionRef("IPC", "379"))[-1].origin == "old.jsonl"


def test_a_missing_file_and_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.jsonl"):
        import_file(tmp_path / "none.jsonl", tmp_path / "store")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        import_file(write(tmp_path / "old.jsonl", BASIC), tmp_path / "file" / "store")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_keys = st.sampled_from(
    ["Section", "Number", "section", "Title", "Offence", "documents", "metadatas", "Legal Definition"]
)
_line = st.binary(max_size=60).map(lambda b: b.replace(b"\n", b" ").replace(b"\r", b" ")) | st.dictionaries(
    _keys, _json, max_size=5
).map(lambda row: json.dumps(row).encode())


@given(lines=st.lists(_line, max_size=6))
def test_every_line_is_added_known_bad_or_blank(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "old.jsonl").write_bytes(b"\n".join(lines))
    report = import_file(folder / "old.jsonl", folder / "store")
    filled = sum(bool(line.removeprefix(b"\xef\xbb\xbf").strip()) for line in lines)
    assert report.added + report.known + len(report.bad) == filled
    assert len(read_imported(folder / "store")) == report.added
