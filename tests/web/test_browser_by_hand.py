"""Without any model a whole FIR is written by hand, on the same pages of the whole program."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browsers import chromium
from tests.web.program import running_program

COMPLAINT = "My name is Anil Rao. On 12.03.2025 a man took my motorcycle near the bank. Mob 9847012345."


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Start the program with an empty folder of models."""
    folder, empty = tmp_path_factory.mktemp("station"), tmp_path_factory.mktemp("no-models")
    with running_program(folder, empty, until="/live") as started:
        yield started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("sound")) as started:
        yield started


def by_hand(page: Page) -> None:
    """Begin the step by hand where it failed; it may also have been drafted by rule."""
    expect(page.locator("#step-form, #failed")).to_be_visible(timeout=60_000)
    if page.locator("#failed").count():
        page.get_by_role("button", name="Write this step by hand").click()
        expect(page.locator("#step-form")).to_be_visible()


def test_a_whole_fir_is_written_without_any_model(browser: Browser, program: tuple[str, str]) -> None:
    address, key = program
    page = browser.new_context(base_url=address).new_page()
    page.goto("/")
    page.locator("#key").fill(key)
    page.locator("main button").click()
    expect(page.get_by_text("The form can be written without any model.").first).to_be_visible()
    page.goto("/admin")
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    expect(page.locator(".chip.failed")).to_have_count(3)
    page.goto("/new")
    page.locator("#text").fill(COMPLAINT)
    page.locator("#new-case button.main").click()
    by_hand(page)
    page.locator("#step-form button.main").click()
    by_hand(page)
    page.get_by_label("Place", exact=True).fill("near the bank")
    page.locator("#step-form button.main").click()
    expect(page.locator("#failed")).to_be_visible(timeout=60_000)
    by_hand(page)
    page.get_by_label("Add sections by number").fill("BNS 303(2)")
    page.locator("#step-form button.main").click()
    expect(page.locator("h1")).to_have_text("Narrative", timeout=60_000)
    by_hand(page)
    page.locator("#text").fill("The informant states that a man took his motorcycle.")
    page.locator("#step-form button.main").click()
    expect(page.locator("h1")).to_contain_text("FIR-", timeout=60_000)
    link = page.locator("#documents a").first.get_attribute("href") or ""
    text = page.request.get(link.replace("/pdf", "/txt")).text()
    for expected in ("BNS | 303(2)", "near the bank", "a man took his motorcycle.", "9847012345", COMPLAINT[:40]):
        assert expected in text, expected
