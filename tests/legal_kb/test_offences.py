"""The shipped offences fit the statutes, and wrong files are refused with their line."""

import json
import shutil
from pathlib import Path

import pytest

from afirgen import legal_kb
from afirgen.errors import DataFileError
from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import KnowledgeBase

DATA = Path(legal_kb.__file__).parent / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(DATA / "questions.toml", tmp_path)
    shutil.copytree(DATA / "offences", tmp_path / "offences")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_offences_that_stations_register_most_are_there(book: OffenceBook) -> None:
    sections = {f"{o.act} {o.section}" for o in book.offences}
    wanted = """303(2) 304(2) 305 306 308(2) 309(4) 309(6) 310(2) 314 316(2) 316(4) 316(5) 317(2) 318(4) 319(2) 324(2)
        324(4) 324(5) 325 326(g) 329(3) 329(4) 331(3) 331(4) 333 336(2) 336(3) 338 340(2) 351(2) 351(3) 352 356(2) 296
        292 271 281 106(1) 125 125(a) 125(b) 103(1) 105 108 109(1) 115(2) 117(2) 118(1) 118(2) 123 124(1) 126(2) 127(2)
        137(2) 140(2) 143(2) 146 64(1) 65(1) 69 70(1) 74 75(2) 76 77 78(2) 79 80(2) 85 87 121(1) 132 179 180 189(2)
        191(2) 191(3) 194(2) 204 221 61(2)""".split()
    assert {f"BNS {n}" for n in wanted} <= sections
    assert {
        "IT Act 2000 66C",
        "IT Act 2000 66D",
        "IT Act 2000 66E",
        "IT Act 2000 67",
        "IT Act 2000 67B",
        "POCSO Act 2012 4",
        "POCSO Act 2012 6",
        "POCSO Act 2012 8",
        "POCSO Act 2012 12",
        "Arms Act 1959 25",
        "Dowry Prohibition Act 1961 4",
        "NDPS Act 1985 20",
        "Motor Vehicles Act 1988 185",
    } <= sections


def test_every_offence_has_words_in_all_four_scripts(book: OffenceBook) -> None:
    for offence in book.offences:
        assert all(words for _, words in offence.words.by_language()), offence.id


def test_special_acts_carry_their_own_attributes(book: OffenceBook, kb: KnowledgeBase) -> None:
    for offence in book.offences:
        assert offence.attributes or kb.entries(offence.ref), offence.id


def test_ipc_numbers_follow_the_correspondence_tables(book: OffenceBook, reference_data: Path) -> None:
    table = {
        row["ipc"]: row
        for row in map(json.loads, (reference_data / "ipc_to_bns.jsonl").read_text(encoding="utf-8").splitlines())
    }
    # The reference prints 171-I under 171.
    table["171I"] = table["171"]
    # Neither was an offence of its own: snatching was theft with assault in its course, theft in a train plain theft.
    merged = {"snatching", "theft_in_transport"}
    strange = [
        (o.id, n)
        for o in book.offences
        for n in o.ipc
        if o.ref.base not in table[n]["bns_base"] and o.id not in merged and not o.ipc_doubt
    ]
    assert strange == []


def test_absorption_is_carried_on(book: OffenceBook) -> None:
    assert {"theft", "snatching", "robbery", "hurt"} <= book.absorbed_by("dacoity")
    assert "dacoity" not in book.absorbed_by("robbery")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("offences/property.toml", 'all = ["stolen"]', 'all = ["stolen", "wish"]', "wish is not in"),
        ("offences/property.toml", 'section = "303(2)"', 'section = "903"', "not in the loaded law"),
        ("offences/property.toml", 'ipc = ["379"]', 'ipc = ["999"]', "not in the loaded law"),
        ("offences/property.toml", 'name = "Theft"', 'name = "Theft"\nentry = 9', "entries for BNS 303(2), not 9"),
        ("offences/women.toml", 'ipc = ["376AB"]', 'ipc_doubt = "Perhaps."', "needs a number"),
        (
            "offences/property.toml",
            'name = "Theft"',
            'name = "Theft"\nattributes = {offence="a", punishment="b", cognizable="yes", bailable="no", court="c"}',
            "come from the schedule and cannot be set",
        ),
        (
            "offences/special.toml",
            'court = "Magistrate of the first class"\nmax_months = 60',
            'court = "Any Magistrate"\nmax_months = 60',
            "bailable no, Magistrate of the first class; an act that says otherwise",
        ),
        ("offences/property.toml", 'ipc = ["379"]', 'ipc = ["379"]\ncontains = ["dacoity"]', "contains itself"),
        ("offences/property.toml", 'ipc = ["379"]', 'ipc = ["379"]\nexcludes = ["sin"]', "sin is not an offence here"),
        (
            "offences/property.toml",
            'ipc = ["379"]',
            'ipc = ["379"]\nopened_by = ["snatched"]',
            "not a screening question",
        ),
        ("offences/body.toml", 'id = "murder"', 'id = "theft"', "used twice"),
        ("offences/body.toml", 'name = "Murder"', 'nam = "Murder"', "unknown field `nam`"),
        ("questions.toml", 'implies = ["force_in_taking"]', 'implies = ["hurt_in_taking"]', "implies itself"),
        ("questions.toml", 'implies = ["force_in_taking"]', 'implies = ["sin"]', "sin, which is not a question"),
        ("questions.toml", "[stolen]", '[idle]\ntext = "Is it?"\nask = "Is it?"\n[stolen]', "no offence uses"),
    ],
)
def test_a_wrong_file_is_refused(folder: Path, kb: KnowledgeBase, file: str, old: str, new: str, said: str) -> None:
    change(folder / file, old, new)
    with pytest.raises(DataFileError) as caught:
        load_offences(kb, folder)
    assert said in caught.value.public
    assert file.rsplit("/", 1)[-1] in caught.value.public or "theft" in caught.value.public


def test_a_missing_end_of_text_is_named_with_its_line(folder: Path, kb: KnowledgeBase) -> None:
    path = folder / "offences" / "body.toml"
    change(path, 'name = "Murder"', 'name = "Murder')
    line = path.read_text(encoding="utf-8").splitlines().index('name = "Murder') + 1
    with pytest.raises(DataFileError, match=rf"^body\.toml: the law file cannot be read: .*line {line}\b"):
        load_offences(kb, folder)


@pytest.mark.parametrize(
    ("file", "table", "old", "new"),
    [
        ("offences/body.toml", "[[offence]]", 'name = "Murder"', 'name = "Murder"\nage = 3'),
        ("offences/body.toml", "[[offence]]", 'name = "Murder"', "name = 302"),
        ("questions.toml", "[stolen]", 'ask = "What was taken?"', 'asks = "What was taken?"'),
    ],
)
def test_a_wrong_field_is_named_with_the_line_of_its_table(
    folder: Path, kb: KnowledgeBase, file: str, table: str, old: str, new: str
) -> None:
    path = folder / file
    change(path, old, new)
    before = path.read_text(encoding="utf-8").split(new, 1)[0]
    line = before[: before.rindex(table)].count("\n") + 1
    with pytest.raises(DataFileError, match=rf"^{path.name}, line {line}: the law file is not right"):
        load_offences(kb, folder)


def test_an_id_used_twice_is_named_where_it_stands_again(folder: Path, kb: KnowledgeBase) -> None:
    path = folder / "offences" / "property.toml"
    change(path, 'id = "robbery"', 'id = "theft"')
    lines = path.read_text(encoding="utf-8").splitlines()
    again = [n for n, text in enumerate(lines, 1) if text == 'id = "theft"'][1]
    with pytest.raises(DataFileError, match=f"^property.toml, line {again}: offence theft: this id is used twice"):
        load_offences(kb, folder)


def test_a_file_of_another_kind_is_refused(folder: Path, kb: KnowledgeBase) -> None:
    (folder / "offences" / "more.toml").write_text('[[crime]]\nid = "theft"\n', encoding="utf-8")
    with pytest.raises(DataFileError, match=r"^more\.toml: the law file is not right"):
        load_offences(kb, folder)
    (folder / "offences" / "more.toml").write_bytes(b"id = '\xff'")
    with pytest.raises(DataFileError, match=r"^more\.toml: the law file cannot be read"):
        load_offences(kb, folder)


def test_the_line_is_named(folder: Path, kb: KnowledgeBase) -> None:
    path = folder / "offences" / "property.toml"
    change(path, 'section = "303(2)"', 'section = "903"')
    line = path.read_text(encoding="utf-8").splitlines().index('id = "theft"') + 1
    with pytest.raises(DataFileError, match=f"property.toml, line {line}: offence theft"):
        load_offences(kb, folder)
