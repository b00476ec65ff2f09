import io
import tomllib
import unicodedata
from importlib import resources

import pypdfium2
import pytest

from afirgen.case.evidence import Transcript
from afirgen.case.facts import Facts
from afirgen.errors import NotFoundError
from afirgen.render.form import build_form, group_rupees
from afirgen.render.pdf import render_pdf
from afirgen.render.text import render_text
from tests.case_factory import document


def pdf_text(data: bytes) -> str:
    pages = pypdfium2.PdfDocument(io.BytesIO(data))
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


def test_all_fifteen_items_are_printed_in_order() -> None:
    assert [item.number for item in build_form(document()).items] == [str(n) for n in range(1, 16)]


def test_items_of_the_officer_stay_blank() -> None:
    items = {item.number: item for item in build_form(document()).items}
    for number in ("13", "14", "15"):
        assert items[number].lines
        assert all(line.value is None for line in items[number].lines)


def test_nothing_stated_prints_as_blanks() -> None:
    form = build_form(document(facts=Facts()))
    informant = next(item for item in form.items if item.number == "6")
    assert all(line.value is None for line in informant.lines)
    assert "(a) Name: ________" in render_text(document(facts=Facts()))


def test_the_text_carries_facts_sections_and_disclosure() -> None:
    text = render_text(document())
    for expected in (
        "Anil Rao",
        "12.03.2025",
        "19:30",
        "BNS | 303(2)",
        "Rs 45,000",
        "घर के पास",
        "Drafted with AFIRGen",
    ):
        assert expected in text


def test_the_pdf_says_the_same_on_every_page() -> None:
    data = render_pdf(document())
    assert data.startswith(b"%PDF-")
    pages = pypdfium2.PdfDocument(io.BytesIO(data))
    for number, page in enumerate(pages, 1):
        text = page.get_textpage().get_text_range()
        assert "Drafted with AFIRGen" in text
        assert f"Page {number} / {len(pages)}" in text
        assert "DRAFT" in text
    whole = unicodedata.normalize("NFC", pdf_text(data))
    for expected in ("Anil Rao", "303(2)", "Rs 45,000"):
        assert expected in whole
    assert any("\u0900" <= c <= "\u097f" for c in whole)


def test_the_form_is_there_in_hindi_with_every_word_of_the_english_one() -> None:
    folder = resources.files("afirgen.render") / "data"
    english, hindi = (tomllib.loads((folder / f"words.{n}.toml").read_text(encoding="utf-8")) for n in ("en", "hi"))
    hindi.pop("said")
    assert keys_of(english) == keys_of(hindi)
    text = render_text(document(), "hi")
    assert "प्रथम सूचना रिपोर्ट" in text
    assert "(क) नाम: Anil Rao" in text
    assert "FIRST INFORMATION REPORT" not in text


def keys_of(table: dict[str, object]) -> dict[str, object]:
    return {k: keys_of(v) if isinstance(v, dict) else isinstance(v, list) and len(v) for k, v in table.items()}


def test_both_languages_stand_side_by_side_in_print() -> None:
    assert "(a) Name / (क) नाम: Anil Rao" in render_text(document(), "en-hi")
    printed = unicodedata.normalize("NFC", pdf_text(render_pdf(document(), "en-hi")))
    assert "FIRST INFORMATION REPORT" in printed
    assert "प्रथम" in printed


def test_a_form_in_another_language_is_refused_in_one_sentence() -> None:
    with pytest.raises(NotFoundError, match="en, hi, en-hi"):
        build_form(document(), "xx")


def test_the_same_draft_gives_the_same_bytes() -> None:
    assert render_pdf(document()) == render_pdf(document())


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0"), (999, "999"), (1000, "1,000"), (100000, "1,00,000"), (12345678, "1,23,45,678")],
)
def test_rupees_are_grouped_the_indian_way(amount: int, shown: str) -> None:
    assert group_rupees(amount) == shown


def test_markup_in_a_complaint_is_only_text() -> None:
    hostile = Transcript(text='#panic("x") $ #import "a" \\ * _ <b>', language="en")
    assert '#panic("x")' in pdf_text(render_pdf(document(transcript=hostile)))
