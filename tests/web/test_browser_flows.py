"""The whole way of a complaint in a real browser: every way in, through English and Hindi pages, to a registered FIR."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect

from afirgen.case.evidence import Transcript
from afirgen.render.documents import make_document
from afirgen.render.form import Print, print_form
from tests.case_factory import document
from tests.web.browsers import ROOT, chromium, serving
from tests.web.full_law import full_law
from tests.web.installation import AUTH_KEY, COMPLAINT, Installation
from tests.web.test_browser_pages import go_on, sign_in, watched

WAYS = ("typing", "file", "microphone", "scan")
HINDI = "मेरा नाम सुनीता यादव है। दिनांक 12.03.2025 को शाम 7.30 बजे बैंक के पास मेरी चेन छीन ली गई। मोबाइल 9847012345"
_SENT_MOST = 200_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("sound")) as started:
        yield started


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    made = Installation(tmp_path_factory.mktemp("station"), requests=100_000, capacity=50)
    made.pipeline.law = full_law(made.pipeline.kb, COMPLAINT)
    with serving(made) as address:
        yield address


@pytest.fixture(params=["en", "hi"])
def page(browser: Browser, station: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=station)
    opened = watched(context)
    opened.language = request.param  # type: ignore[attr-defined]
    sign_in(opened, request.param)
    yield opened
    assert opened.errors == []  # type: ignore[attr-defined]
    context.close()


def give(page: Page, way: str) -> str:
    """Give a complaint to the new page in one of the ways; return the words that it is then known by."""
    page.goto("/new")
    match way:
        case "typing":
            text = HINDI if page.language == "hi" else COMPLAINT  # type: ignore[attr-defined]
            page.locator("#text").press_sequentially(text)
        case "file":
            page.locator("#file").set_input_files(ROOT / "samples" / "spoken-snatching.ogg")
        case "scan":
            page.locator("#file").set_input_files(ROOT / "samples" / "scanned-fraud.png")
        case "microphone":
            page.locator("#record").click()
            page.wait_for_timeout(2200)
            page.locator("#record").click()
            expect(page.locator("#playback")).to_be_visible()
    page.locator("#new-case button.main").click()
    expect(page.locator("#step-form")).to_be_visible()
    return page.locator("#text").input_value()


@pytest.mark.parametrize("way", WAYS)
def test_a_complaint_goes_the_whole_way(page: Page, way: str, tmp_path: Path) -> None:
    language = page.language  # type: ignore[attr-defined]
    statement = give(page, way)
    go_on(page, 4)
    expect(page.locator("h1")).to_have_text(re.compile("^FIR-"))
    page.locator("#read-language").fill("Hindi")
    page.locator("#read-by").fill("A. Officer")
    page.locator("button[value=read_over]").click()
    page.locator("#copy-to").fill("Anil Rao")
    page.locator("button[value=copy_given]").click()
    page.locator("[id='own.officer']").fill("A. Officer, SI, 123")
    page.locator("#attest").fill("A. Officer")
    page.locator("#step-form button.main").click()
    page.locator("#auth-key").fill(AUTH_KEY)
    page.locator("button[value=register]").click()
    expect(page.locator(".note.good")).to_have_text(re.compile(r"\d+/20\d\d"))
    path = page.url.split("?")[0] + f"/documents/fir/pdf?language={language}"
    read = read_back(page.request.get(path).body(), tmp_path)
    assert "A. Officer, SI, 123" in read
    for word in re.findall(r"[A-Za-z0-9]{4,}", statement):
        assert word in read, word
    assert ("DRAFT" in read, "प्रारूप -" in read) == (False, False)


def read_back(pdf: bytes, folder: Path) -> str:
    file = folder / "fir.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True).stdout.decode()  # noqa: S603, S607


def test_no_page_of_a_scan_weighs_more_than_200_kilobytes(page: Page) -> None:
    give(page, "scan")
    for _ in range(5):
        weighed: list[int] = []

        def weigh(request: object, weighed: list[int] = weighed) -> None:
            weighed.append(request.sizes()["responseBodySize"])  # type: ignore[attr-defined]

        page.on("requestfinished", weigh)
        page.reload(wait_until="networkidle")
        page.remove_listener("requestfinished", weigh)
        assert len(weighed) > 4
        assert sum(weighed) < _SENT_MOST, (page.locator("h1").inner_text(), weighed)
        if page.locator("h1").inner_text().startswith("FIR-"):
            break
        go_on(page)


def test_a_printed_html_form_has_number_mark_disclosure_and_code_on_each_page(browser: Browser, tmp_path: Path) -> None:
    doc = document(transcript=Transcript(text="A long statement. " * 400, language="en"))
    file, printed = tmp_path / "fir.html", tmp_path / "fir.pdf"
    file.write_bytes(make_document(doc, Print(), "html"))
    page = browser.new_page()
    page.goto(file.as_uri())
    page.pdf(path=printed, prefer_css_page_size=True, print_background=True)
    page.close()
    form = print_form(doc, Print())
    pages = [" ".join(p.get_textpage().get_text_range().split()) for p in pypdfium2.PdfDocument(printed)]
    assert len(pages) > 3
    for number, text in enumerate(pages, 1):
        for expected in (f"{number} / {len(pages)}", form.words["watermark"], form.disclosure, form.code):
            assert expected in text, (number, expected)
    assert "3. Occurrence of offence" in pages[0]
