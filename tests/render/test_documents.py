"""Every document in every format and language, the station's own forms, and the code on each page."""

import html
import io
import re
import subprocess
import time
import unicodedata
from pathlib import Path

import msgspec
import pypdfium2
import pytest
from docx import Document

from afirgen.case.evidence import Transcript
from afirgen.case.fir import Features, FirDocument, Particulars, RegisterEntry, Station
from afirgen.errors import DataFileError, InvalidInputError, NotFoundError
from afirgen.pipeline.compose import blanks
from afirgen.render.code import HASH_DIGITS, record_hash
from afirgen.render.documents import FORMATS, Likeness, _pages, code_of, compare, make_document
from afirgen.render.form import Print, print_form
from afirgen.render.wording import load_forms, shipped_forms
from tests.case_factory import document

FORMS = shipped_forms()
HINDI = (
    "मेरा नाम सुनीता यादव है। मैं विजय नगर में रहती हूँ। कल शाम सात बजे बाज़ार से लौटते समय एक युवक ने मेरे गले से सोने की चेन छीन ली।\n"
    "चेन की कीमत लगभग साठ हज़ार रुपये है। मैंने शोर मचाया तो आसपास के लोग आए, परंतु वह मोटर साइकिल पर भाग गया।"
)
TAMIL = (
    "என் பெயர் கவிதா. நேற்று மாலை ஏழு மணிக்கு சந்தையிலிருந்து வீட்டுக்கு வந்தபோது ஒருவன் என் தங்கச் சங்கிலியைப் பறித்தான்.\n"
    "அதன் மதிப்பு அறுபதாயிரம் ரூபாய். அவன் மோட்டார் சைக்கிளில் தப்பி ஓடினான்."
)
# What pdftotext is known to give otherwise: a blank before or after a vowel sign that hangs below its letter.
_SIGN_SPLIT_OFF = re.compile(r" ?([ृुू]) ?")


def read_back(pdf: bytes, folder: Path) -> str:
    file = folder / "read.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True)  # noqa: S603, S607
    return unicodedata.normalize("NFC", done.stdout.decode())


def without_known_exceptions(text: str) -> str:
    return _SIGN_SPLIT_OFF.sub(r"\1", " ".join(text.split()))


@pytest.mark.parametrize("kind", FORMS.kinds)
@pytest.mark.parametrize("language", FORMS.languages)
def test_every_document_carries_its_code_disclosure_and_draft_mark(kind: str, language: str) -> None:
    doc = document()
    form = print_form(doc, Print(kind, language))
    for ending in FORMATS:
        file = make_document(doc, Print(kind, language), ending)
        code = code_of(file)
        assert (code.kind, code.language, code.registered) == (kind, language, False)
        assert code.record == record_hash(doc)[:HASH_DIGITS]
        assert compare(file, doc) in {Likeness.SAME_BYTES, Likeness.SAME_WORDS}
    text = html.unescape(make_document(doc, Print(kind, language), "html").decode())
    for expected in (form.heading, form.draft, form.words["watermark"], "<svg"):
        assert expected in text


def test_text_html_and_word_say_what_the_pdf_says() -> None:
    doc = document()
    word = Document(io.BytesIO(make_document(doc, Print(), "docx")))
    paragraphs = [p.text for p in word.paragraphs]
    page, text = (make_document(doc, Print(), ending).decode() for ending in ("html", "txt"))
    for item in print_form(doc, Print()).items:
        assert f"{item.number}. {item.title}" in paragraphs
        assert f"{item.number}. {item.title}" in text
        for line in item.lines:
            assert f"{line.label}: {line.value or '________'}" in paragraphs or not line.label
            assert line.value is None or line.value in page
    assert [cell.text for cell in word.tables[0].rows[1].cells][:3] == ["1", "BNS", "303(2)"]


def test_the_officers_own_items_are_printed_and_nothing_else_fills_them() -> None:
    own = Particulars(diary_entry="GD 12, 10:05", action="Case taken up", outside="P.S. Two", features="tall, scar")
    doc = msgspec.structs.replace(document(), particulars=own)
    text = make_document(doc, Print(), "txt").decode()
    for value in ("GD 12, 10:05", "Case taken up", "P.S. Two", "tall, scar"):
        assert value in text
        assert value not in make_document(document(), Print(), "txt").decode()
    assert "7A." in text
    assert "7A." not in make_document(document(), Print(), "txt").decode()


def test_letters_have_blanks_for_what_is_not_known_and_both_languages_in_turn() -> None:
    doc = msgspec.structs.replace(document(), particulars=Particulars(transferred_to="Khar"))
    letter = make_document(doc, Print("transfer_letter", "en-hi"), "txt").decode()
    assert "police station Khar, ________" in letter
    assert "थाना Khar" in letter
    refusal = make_document(doc, Print("refusal_note"), "txt").decode()
    # BNSS 173(4): the Superintendent of Police first, then the Magistrate.
    told = " ".join(refusal.split())
    assert told.index("Superintendent of Police") < told.index("Magistrate (section 173(4))")
    assert "Reason:\n   ________." in refusal or "Reason: ________." in refusal


def test_a_registered_print_has_no_draft_mark() -> None:
    form = print_form(document(), Print(registered=True))
    assert (form.draft, form.needs_officer) == ("Registered.", ())
    assert "DRAFT" not in make_document(document(), Print(registered=True), "html").decode()
    assert "DRAFT" not in make_document(document(), Print(registered=True), "txt").decode()


@pytest.mark.parametrize(("text", "language"), [(HINDI, "hi"), (TAMIL, "ta")])
def test_the_pdf_read_back_equals_the_statement(text: str, language: str, tmp_path: Path) -> None:
    doc = document(transcript=Transcript(text=text, language=language))
    pdf = make_document(doc, Print(language="hi"), "pdf")
    read = without_known_exceptions(read_back(pdf, tmp_path))
    for sentence in text.split("\n"):
        assert without_known_exceptions(sentence) in read
    assert "प्रथम सूचना रिपोर्ट" in read


def test_each_page_of_a_pdf_counts_itself_and_is_pdf_a() -> None:
    pdf = make_document(document(), Print("fir", "en-hi"), "pdf")
    assert b"pdfaid:part" in pdf
    pages = [p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(io.BytesIO(pdf))]
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page
        assert "DRAFT - not registered" in page


def test_a_pdf_takes_less_than_half_a_second() -> None:
    make_document(document(), Print(), "pdf")
    begun = time.perf_counter()
    make_document(document(station=Station(name="Another")), Print(language="en-hi"), "pdf")
    assert time.perf_counter() - begun < 0.5


def test_a_changed_print_is_told_from_a_true_one() -> None:
    doc = document()
    text = make_document(doc, Print(), "txt")
    assert compare(text, doc) is Likeness.SAME_BYTES
    assert compare(text.replace(b"\n", b"\r\n"), doc) is Likeness.SAME_WORDS
    assert compare(text.replace(b"Anil", b"Amit"), doc) is Likeness.OTHER
    page = make_document(doc, Print(), "html")
    assert compare(page.replace(b"45,000", b"95,000"), doc) is Likeness.OTHER


@pytest.mark.parametrize("file", [b"no code here", b"%PDF-1.7 broken", b"PK\x03\x04broken", b"\xff\xfe\xfa"])
def test_what_is_no_document_of_ours_is_refused_in_a_sentence(file: bytes) -> None:
    with pytest.raises(InvalidInputError):
        code_of(file)


def test_the_record_hash_is_of_what_is_filled_in() -> None:
    doc = document()
    assert record_hash(doc) == record_hash(msgspec.json.decode(msgspec.json.encode(doc), type=FirDocument))
    assert record_hash(doc) != record_hash(document(station=Station(name="X")))


def test_a_station_adds_its_own_form_and_language(tmp_path: Path) -> None:
    (tmp_path / "layout.toml").write_text('[ncr]\nitems = [{ number = "1", lines = ["name", "magistrate"] }]\n')
    (tmp_path / "words.ta.toml").write_text('page = "பக்கம்"\n[documents.ncr]\nheading = "அறிக்கை"\n', encoding="utf-8")
    forms = load_forms(tmp_path)
    assert "ta" in forms.languages
    text = make_document(document(), Print("ncr", "ta"), "txt", forms).decode()
    assert text.startswith("அறிக்கை")
    assert "(a) Name: Anil Rao" in text
    assert "Substance" not in text
    assert make_document(document(), Print(), "txt", forms) == make_document(document(), Print(), "txt")
    (tmp_path / "layout.toml").write_text("[ncr]\nitem = 1\n")
    with pytest.raises(DataFileError, match=r"layout\.toml: the document ncr"):
        load_forms(tmp_path)


def test_an_unknown_document_language_or_format_is_named() -> None:
    for wanted, ending in ((Print("poem"), "txt"), (Print(language="xx"), "txt"), (Print(), "odt")):
        with pytest.raises(NotFoundError):
            make_document(document(), wanted, ending)


def test_the_fixed_sentences_in_hindi_are_those_that_the_program_says() -> None:
    said = FORMS.wording("hi")
    for blank in blanks(document().facts, Station()):
        assert said.said(blank) != blank


@pytest.mark.parametrize("ending", FORMATS)
def test_a_registered_form_has_the_registers_number_and_year(ending: str) -> None:
    doc = document(fir_number="FIR-0a1b2c3d-20250313043000")
    entry = RegisterEntry(number=12, year=2026)
    file = make_document(doc, Print(registered=True, entry=entry), ending)
    words = " ".join(_pages(file)).split()
    assert "12 (FIR-0a1b2c3d-20250313043000)" in " ".join(words)
    assert "2026" in words or ">2026<" in " ".join(words)
    assert compare(file, doc, entry=entry) is Likeness.SAME_BYTES
    assert compare(file, doc) is Likeness.OTHER


@pytest.mark.parametrize("ending", FORMATS)
def test_a_document_has_the_same_bytes_whenever_it_is_made(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_document(document(), Print(), ending)
    later = time.localtime(time.time() + 3600)
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    assert make_document(document(), Print(), ending) == first


def test_a_whole_hindi_fir_read_back_equals_its_text(tmp_path: Path) -> None:
    """Everything on the Hindi form stands in the PDF's text as it does in the data, and nothing else."""
    doc = document(transcript=Transcript(text=HINDI, language="hi"))
    own = Particulars(action="प्रकरण दर्ज कर विवेचना प्रारंभ की", features="साँवला रंग, छोटे बाल", unknown=("6(h) occupation",))
    doc = msgspec.structs.replace(doc, particulars=own)
    form = print_form(doc, Print(language="hi"))
    read = without_known_exceptions(read_back(make_document(doc, Print(language="hi"), "pdf"), tmp_path))
    pieces = [form.heading, form.under, form.route, form.words["annex"], *form.statement]
    pieces += [form.words["left_blank"], *form.blanks, form.words["for_officer"], *form.needs_officer]
    for item in form.items:
        pieces += [item.number, item.title, *item.header, *item.paragraphs]
        pieces += [text for line in item.lines for text in (line.label, line.value) if text]
        pieces += [cell for row in item.rows for cell in row]
    for piece in pieces:
        assert without_known_exceptions(piece) in read, piece
    on_every_page = [form.draft, form.disclosure, form.code, form.words["code"], form.words["page"]]
    known = " ".join(without_known_exceptions(piece) for piece in (*pieces, *on_every_page))
    words = {word.strip(".:/•") for word in known.split()}
    assert {
        w for w in (word.strip(".:/•") for word in read.split()) if w and w not in words and not w.isdigit()
    } == set()


def test_all_items_of_the_form_and_the_attachment_are_there() -> None:
    """Integrated Investigation Form I, item by item."""
    items = {item.number: item for item in print_form(document(), Print()).items}
    lines = {number: [line.label for line in item.lines] for number, item in items.items()}
    assert lines["1"] == ["District", "P.S.", "Year", "FIR No.", "Date and time of draft"]
    assert lines["3"][1] == "Time period"
    assert any("Direction and distance" in label for label in lines["5"])
    assert {"(i) Present address", "Permanent address", "(j) Phone, mobile"} <= set(lines["6"])
    assert items["7"].header == ("", "Name", "Alias", "Relative's name", "Present address")
    assert items["9"].header == ("", "Category", "Type", "Description", "Value")
    assert [label[:3] for label in lines["13"]] == ["(1)", "(2)", "(3)", "(4)", "Dis", "Rea"]
    suspect = Features(**dict.fromkeys(Features.__struct_fields__, "as said"))
    doc = msgspec.structs.replace(document(), particulars=Particulars(suspect=suspect))
    attachment = next(item for item in print_form(doc, Print()).items if item.number == "7A")
    assert len(attachment.rows) == len(Features.__struct_fields__) == 18
    assert {row[2] for row in attachment.rows} == {"as said"}


def test_the_statement_is_printed_as_it_was_given() -> None:
    given = 'He said:  "Give it\t to me" -  twice.\nThen he ran <away> & *hid*.'
    doc = document(transcript=Transcript(text=given, language="en"))
    text = make_document(doc, Print(), "txt").decode()
    page = html.unescape(make_document(doc, Print(), "html").decode())
    word = [p.text for p in Document(io.BytesIO(make_document(doc, Print(), "docx"))).paragraphs]
    for line in given.split("\n"):
        assert line in text
        assert line in page
        assert line in word


@pytest.mark.parametrize("kind", FORMS.kinds)
def test_every_page_of_every_pdf_has_its_number_disclosure_mark_and_code(kind: str) -> None:
    doc = document(transcript=Transcript(text="A long statement. " * 400, language="en"))
    form = print_form(doc, Print(kind))
    pages = [
        p.get_textpage().get_text_range()
        for p in pypdfium2.PdfDocument(io.BytesIO(make_document(doc, Print(kind), "pdf")))
    ]
    assert len(pages) > 1 or not form.statement
    for number, page in enumerate(pages, 1):
        flat = " ".join(page.split())
        for expected in (f"Page {number} / {len(pages)}", form.disclosure, form.draft, form.code):
            assert expected in flat, (kind, number, expected)
