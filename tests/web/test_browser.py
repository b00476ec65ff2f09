"""The page in a real browser, against the real program with the starter models."""

import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect

from afirgen.case.session import Step
from tests.web.browsers import chromium
from tests.web.program import running_program

pytestmark = [pytest.mark.models]
_ROOT = Path(__file__).parents[2]
_RECORDED_S = 9
# The first complaint waits for the search index, which a new station builds when it starts.
_DRAFT_MS = 500_000
_TYPED = (
    "To SHO Khar. I am Meena Joshi, d/o Kishan Joshi, r/o Khar West. On 12.03.2025 at 7.30 pm near the post office a man "
    "on a black motorcycle snatched my gold chain from my neck and sped away. Its value is Rs 60,000. Mob 9820012345."
)
_HINDI = "मेरा नाम सुनीता यादव है। दिनांक 12.03.2025 को शाम 7.30 बजे बैंक के पास मेरी चेन छीन ली गई। मोबाइल 9847012345"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[tuple[str, str]]:
    """Start `afirgen serve` on a free port; give its address and the key to sign in with."""
    with running_program(tmp_path_factory.mktemp("station"), model_dir) as started:
        yield started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("sound")) as started:
        yield started


@pytest.fixture
def page(browser: Browser, program: tuple[str, str]) -> Iterator[Page]:
    address, key = program
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    opened = context.new_page()
    opened.goto(address)
    opened.get_by_label("Key").fill(key)
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_role("link", name="New complaint").first.click()
    yield opened
    context.close()


def _whole_way(page: Page) -> bytes:
    """Approve step after step with nothing but the pages' own buttons; return the FIR as PDF."""
    for step in Step:
        expect(page.locator("#step-form")).to_be_visible(timeout=_DRAFT_MS)
        assert page.locator("#step-form input[name=step]").get_attribute("value") == step.value
        if step is Step.FINAL:
            break
        page.locator("#step-form button.main").click()
        expect(page.locator("#step-form input[name=step]")).not_to_have_value(step.value, timeout=_DRAFT_MS)
    link = page.locator("#documents a").first.get_attribute("href")
    made = page.request.get(page.url.split("/cases")[0] + (link or "")).body()
    page.locator("#attest").fill("Asha Rao")
    page.locator("#step-form button.main").click()
    expect(page.locator(".note.good")).to_be_visible(timeout=_DRAFT_MS)
    return made


def _words(pdf: bytes) -> str:
    pages = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return unicodedata.normalize("NFC", "\n".join(page.get_textpage().get_text_range() for page in pages))


def test_an_officer_types_a_complaint_and_gets_an_fir(page: Page) -> None:
    page.get_by_label("Type or paste the complaint").fill(_TYPED)
    page.get_by_role("button", name="Draft the FIR").click()
    expect(page.locator("#step-form")).to_be_visible(timeout=_DRAFT_MS)
    page.get_by_role("button", name="Approve and go on").click()
    expect(page.get_by_label("Phone", exact=True)).to_have_value("9820012345", timeout=_DRAFT_MS)
    page.get_by_role("button", name="Approve and go on").click()
    expect(page.get_by_role("checkbox", name=re.compile(r"BNS 304\(2\)"))).to_be_checked(timeout=_DRAFT_MS)
    page.get_by_role("link", name="Transcript").click()
    page.get_by_role("button", name="Go back to this step and change it").click()
    text = _words(_whole_way(page))
    assert "Meena Joshi" in text
    assert "304(2)" in text


def test_a_scanned_page_goes_the_whole_way(page: Page) -> None:
    page.get_by_label("File: recording").set_input_files(_ROOT / "samples" / "scanned-fraud.png")
    page.get_by_role("button", name="Draft the FIR").click()
    expect(page.locator("#step-form")).to_be_visible(timeout=_DRAFT_MS)
    expect(page.get_by_label("Correct what was heard")).to_have_value(re.compile("bank", re.IGNORECASE))
    page.locator(".run[data-box]").first.click()
    expect(page.locator(".scan.framed rect")).to_have_attribute("width", re.compile(r"^[1-9]"))
    assert "bank" in _words(_whole_way(page)).lower()


def test_a_recording_sent_as_a_file_goes_the_whole_way(page: Page) -> None:
    page.get_by_label("File: recording").set_input_files(_ROOT / "samples" / "spoken-snatching.ogg")
    page.get_by_label("Language", exact=True).select_option("en")
    page.get_by_role("button", name="Draft the FIR").click()
    expect(page.locator("#player")).to_be_visible(timeout=_DRAFT_MS)
    assert "snatch" in _words(_whole_way(page)).lower()


def test_the_microphone_is_recorded_and_goes_the_whole_way(page: Page) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text("Recording ...")).to_be_visible()
    page.wait_for_timeout(_RECORDED_S * 1000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Recorded. Listen to it")).to_be_visible()
    page.get_by_label("Language", exact=True).select_option("en")
    page.get_by_role("button", name="Draft the FIR").click()
    expect(page.locator("#step-form")).to_be_visible(timeout=_DRAFT_MS)
    expect(page.get_by_label("Correct what was heard")).to_have_value(re.compile(r"\w+ \w+ \w+ \w+"))
    said = page.get_by_label("Correct what was heard").input_value()
    assert said.split()[0] in _words(_whole_way(page))


def test_a_hindi_complaint_goes_the_whole_way_through_the_hindi_pages(page: Page) -> None:
    page.get_by_role("button", name="हिन्दी").click()
    page.locator("#text").fill(_HINDI)
    page.locator("#new-case button.main").click()
    expect(page.locator("h1")).to_have_text("प्रतिलेख", timeout=_DRAFT_MS)
    assert "9847012345" in _words(_whole_way(page))


def test_an_empty_complaint_is_answered_in_one_sentence(page: Page) -> None:
    page.get_by_role("button", name="Draft the FIR").click()
    told = page.locator("#text-problem")
    expect(told).to_contain_text("Type the complaint, choose a file or make a recording.")
