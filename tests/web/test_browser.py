"""The page in a real browser, against the real program with the starter models."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

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


def _approve(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading, timeout=_DRAFT_MS)
    page.get_by_role("button", name="Approve and go on").click()


def test_an_officer_types_a_complaint_and_gets_an_fir(page: Page) -> None:
    page.get_by_label("Type or paste the complaint").fill(_TYPED)
    page.get_by_role("button", name="Draft the FIR").click()
    _approve(page, "Transcript")
    expect(page.get_by_label("Phone", exact=True)).to_have_value("9820012345", timeout=_DRAFT_MS)
    _approve(page, "Summary and facts")
    expect(page.get_by_role("checkbox", name=re.compile(r"BNS 304\(2\)"))).to_be_checked(timeout=_DRAFT_MS)
    _approve(page, "Sections")
    _approve(page, "Narrative")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^FIR-"), timeout=_DRAFT_MS)
    link = page.get_by_role("link", name="FIR en pdf", exact=True).get_attribute("href")
    assert page.request.get(page.url.split("/cases")[0] + (link or "")).body().startswith(b"%PDF-")
    page.get_by_label("Type your own name").fill("Asha Rao")
    page.get_by_role("button", name="Approve the form").click()
    expect(page.get_by_text("The review is complete")).to_be_visible(timeout=_DRAFT_MS)


def test_a_scanned_page_is_read(page: Page) -> None:
    page.get_by_label("or choose a file").set_input_files(_ROOT / "samples" / "scanned-fraud.png")
    page.get_by_role("button", name="Draft the FIR").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Transcript", timeout=_DRAFT_MS)
    expect(page.get_by_label("Correct what was heard")).to_have_value(re.compile("bank", re.IGNORECASE))


def test_the_microphone_is_recorded_and_written_down(page: Page) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text("Recording ...")).to_be_visible()
    page.wait_for_timeout(_RECORDED_S * 1000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Recorded. Listen to it")).to_be_visible()
    page.get_by_label("Language", exact=True).select_option("en")
    page.get_by_role("button", name="Draft the FIR").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Transcript", timeout=_DRAFT_MS)
    expect(page.get_by_label("Correct what was heard")).to_have_value(re.compile(r"\w+ \w+ \w+ \w+"))


def test_an_empty_complaint_is_answered_in_one_sentence(page: Page) -> None:
    page.get_by_role("button", name="Draft the FIR").click()
    told = page.locator("#send-state")
    expect(told).to_contain_text("Type the complaint, choose a file or make a recording.")
