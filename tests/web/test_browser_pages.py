"""The pages in a real browser, with everything real but the models' answers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.browsers import ROOT, chromium, serving
from tests.web.full_law import full_law
from tests.web.installation import COMPLAINT, KEY, Installation

_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_STATION_PC = {"width": 1366, "height": 768}
_PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("sound")) as started:
        yield started


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(tmp_path_factory.mktemp("station"), requests=100_000, capacity=50)
    installation.pipeline.law = full_law(installation.pipeline.kb, COMPLAINT.replace("took", "snatched"))
    return installation


@pytest.fixture(scope="module")
def station(made: Installation) -> Iterator[str]:
    with serving(made) as address:
        yield address


@pytest.fixture
def page(browser: Browser, station: str) -> Iterator[Page]:
    context = browser.new_context(viewport=_STATION_PC, base_url=station)
    opened = watched(context)
    sign_in(opened)
    yield opened
    assert opened.errors == []  # type: ignore[attr-defined]
    context.close()


def watched(context: BrowserContext) -> Page:
    """Open a page that notes what its scripts and its content policy complain about."""
    opened = context.new_page()
    opened.errors = []  # type: ignore[attr-defined]
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))  # type: ignore[attr-defined]
    opened.on(
        "console",
        lambda said: opened.errors.append(said.text) if "Content Security Policy" in said.text else None,  # type: ignore[attr-defined]
    )
    return opened


def sign_in(page: Page, language: str = "en") -> None:
    page.goto(f"/sign-in?lang={language}")
    page.locator("#key").fill(KEY)
    page.locator("main button").click()
    expect(page.locator("header nav").first).to_be_visible()


def begin(page: Page, *, text: str = COMPLAINT, file: Path | None = None) -> None:
    page.goto("/new")
    if file:
        page.locator("#file").set_input_files(file)
    else:
        page.locator("#text").fill(text)
    page.locator("#new-case button.main").click()
    expect(page.locator("#step-form")).to_be_visible()


def go_on(page: Page, times: int = 1) -> None:
    for _ in range(times):
        heading = page.locator("h1").inner_text()
        page.locator("#step-form button.main").click()
        expect(page.locator("h1")).not_to_have_text(heading)
        expect(page.locator("#step-form")).to_be_visible()


def faults(page: Page) -> list[Any]:
    page.evaluate(_AXE)
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(_TAGS)}}})")
    return [
        (v["id"], v["impact"], [n["target"] for n in v["nodes"]][:3])
        for v in found["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize(
    ("scheme", "size", "language"), [("light", _STATION_PC, "en"), ("dark", _PHONE, "hi"), ("dark", _STATION_PC, "en")]
)
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_the_screen(
    browser: Browser, station: str, scheme: Any, size: Any, language: str
) -> None:
    context = browser.new_context(viewport=size, base_url=station, color_scheme=scheme)
    page = watched(context)
    page.goto(f"/sign-in?lang={language}")
    seen = [("sign-in", faults(page))]
    sign_in(page, language)

    def look(name: str) -> None:
        seen.append((name, faults(page)))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], (name, width)

    for path in ("/", "/new", "/search?q=Anil", "/admin", "/view_fir_records", "/docs", "/nothing-here"):
        page.goto(path)
        look(path)
    begin(page, file=ROOT / "samples" / "spoken-snatching.ogg")
    for _ in range(4):
        for details in page.locator("details").all():
            details.evaluate("d => { d.open = true; }")
        look(page.locator("h1").inner_text())
        go_on(page)
    look("final")
    page.goto(page.url + "/history")
    look("history")
    assert [entry for entry in seen if entry[1]] == []
    assert page.errors == []  # type: ignore[attr-defined]
    context.close()


def test_a_failed_step_can_be_worked_on_and_axe_finds_nothing_serious(page: Page, made: Installation) -> None:
    # Before the first approval: the sections are drafted ahead while the facts are read.
    made.pipeline.fail_next = True
    try:
        begin(page)
        go_on(page)
        page.locator("#step-form button.main").click()
        expect(page.locator("#failed")).to_contain_text("not installed")
    finally:
        made.pipeline.fail_next = False
    assert faults(page) == []
    for name in ("Try this step again", "Write this step by hand"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    page.get_by_role("button", name="Start again from: Summary and facts").click()
    expect(page.locator("h1")).to_have_text("Summary and facts")
    go_on(page)
    expect(page.locator("h1")).to_have_text("Sections")


def test_an_earlier_step_is_gone_back_to_and_changed(page: Page) -> None:
    begin(page)
    go_on(page, 4)
    page.get_by_role("link", name="Summary and facts").click()
    page.get_by_role("button", name="Go back to this step and change it").click()
    page.get_by_label("Place", exact=True).fill("near the temple")
    go_on(page, 3)
    link = page.get_by_role("link", name="FIR English PDF", exact=True).get_attribute("href")
    assert "near the temple" in page.request.get((link or "").replace("/pdf", "/txt")).text()


def test_a_field_lights_its_words_in_the_source(page: Page) -> None:
    begin(page)
    go_on(page)
    page.get_by_label("Informant's name", exact=True).focus()
    expect(page.locator(".run.lit")).to_have_text("Anil Rao")
    page.get_by_role("link", name="Show in the complaint: Phone").click()
    expect(page.locator(".run.lit")).to_have_text("9847012345")


def test_a_sentence_lights_its_words_in_the_source(page: Page) -> None:
    begin(page)
    go_on(page, 3)
    page.locator("a.sentence", has_text="motorcycle").click()
    expect(page.locator(".run.lit").first).to_be_visible()
    assert "motorcycle" in "".join(page.locator(".run.lit").all_inner_texts())
    page.locator("#text").evaluate(
        "t => { t.setSelectionRange(t.value.indexOf('9847'), t.value.indexOf('9847')); t.click(); }"
    )
    becomes_true(page, "[...document.querySelectorAll('.run.lit')].map(r => r.textContent).join('').includes('9847')")


def test_what_is_typed_on_the_form_outlives_the_session(page: Page) -> None:
    begin(page)
    go_on(page, 4)
    case = page.url
    page.context.clear_cookies()
    page.get_by_label("3(c) General diary entry").fill("GD 7, 10:05")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#key").fill(KEY)
    page.locator("main button").click()
    page.goto(case)
    expect(page.get_by_label("3(c) General diary entry")).to_have_value("GD 7, 10:05")


def test_undo_goes_back_step_by_step(page: Page) -> None:
    begin(page)
    for number in (1, 2):
        page.locator("#text").fill(f"{COMPLAINT} Change {number}.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#source")).to_contain_text(f"Change {number}.")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.locator("#text")).to_have_value(f"{COMPLAINT} Change 1.")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.locator("#text")).to_have_value(COMPLAINT)
    expect(page.get_by_role("button", name="Undo the last change")).to_have_count(0)


def becomes_true(page: Page, expression: str) -> None:
    """Wait up to ten seconds; Playwright's own waiting needs ``eval``, which the pages' policy forbids."""
    for _ in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never true: {expression}")


def test_the_recording_plays_from_the_words(page: Page) -> None:
    begin(page, file=ROOT / "samples" / "spoken-snatching.ogg")
    expect(page.locator(".run.doubtful").first).to_be_visible()
    page.locator(".run[data-ms='1000']").first.click()
    becomes_true(page, "document.getElementById('player').currentTime >= 1")


def test_the_place_on_the_scan_is_framed(page: Page) -> None:
    begin(page, file=ROOT / "samples" / "scanned-fraud.png")
    page.locator(".run[data-box]").first.click()
    expect(page.locator(".scan.framed rect")).to_have_attribute("width", "600")


def test_what_is_typed_is_saved_and_a_decision_right_after_it_is_no_conflict(page: Page) -> None:
    begin(page)
    page.locator("#text").fill(COMPLAINT + " He ran away.")
    page.locator("h1").click()
    expect(page.locator("#saved")).to_contain_text("version 2")
    page.locator("#text").fill(COMPLAINT + " He ran to the river.")
    page.locator("#step-form button.main").click()
    expect(page.locator("h1")).to_have_text("Summary and facts")
    expect(page.locator("#source")).to_contain_text("to the river")
    page.go_back()
    page.reload()
    expect(page.locator("h1")).to_have_text("Summary and facts")


def test_an_ended_session_loses_nothing(page: Page) -> None:
    begin(page)
    case = page.url
    page.context.clear_cookies()
    page.locator("#text").fill(COMPLAINT + " One more thing.")
    page.locator("h1").click()
    expect(page.locator("#session-over")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#key")).to_be_visible()
    page.locator("#key").fill(KEY)
    page.locator("main button").click()
    page.goto(case)
    expect(page.locator("#text")).to_have_value(COMPLAINT + " One more thing.")
    expect(page.locator("#saved")).to_contain_text("is back")


def test_a_card_shows_its_ingredients_with_their_words_and_what_to_ask(page: Page) -> None:
    begin(page, text=COMPLAINT.replace("took", "snatched"))
    go_on(page, 2)
    card = page.locator(".card.proposed")
    expect(card.get_by_role("row", name="Was a thing taken?")).to_contain_text("met")
    card.locator("a.point").click()
    expect(page.locator(".run.lit")).to_have_text("snatched")
    expect(page.locator(".card.possible")).to_contain_text("Ask the informant")
    go_on(page, 2)
    expect(page.get_by_role("heading", name="Not stated for BNS 304(2)")).to_be_visible()
    expect(page.get_by_text("Whose was the thing?")).to_be_visible()
    expect(page.get_by_text("(BNSS 193(3))")).to_be_visible()
    expect(page.get_by_text("in 89 days")).to_be_visible()
    page.get_by_role("button", name="Done: Give the informant a copy").click()
    expect(page.get_by_text("duty done, ")).to_be_visible()


def test_sections_are_added_by_search(page: Page) -> None:
    begin(page)
    go_on(page, 2)
    page.get_by_label("Add a section: number or words").press_sequentially("snatching")
    page.get_by_role("checkbox", name=re.compile(r"BNS 304 ")).check()
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.reload()
    expect(page.get_by_role("checkbox", name=re.compile(r"BNS 304 "))).to_be_checked()


def test_the_microphone_has_a_level_and_a_pause(page: Page) -> None:
    page.goto("/new")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_label("Loudness of the microphone")).to_be_visible()
    becomes_true(page, "document.getElementById('level').value > 0.02")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#record-state")).to_have_text("Paused.")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#record-state")).to_contain_text("Recorded.")
    page.locator("#new-case button.main").click()
    expect(page.locator("#player")).to_be_visible()


def test_a_recording_outlives_a_reload_until_it_has_been_sent(page: Page) -> None:
    page.goto("/new")
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#record-state")).to_contain_text("Recorded.")
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("#send-state")).to_contain_text("from before is back")
    expect(page.locator("#playback")).to_be_visible()
    page.locator("#new-case button.main").click()
    expect(page.locator("#player")).to_be_visible()
    page.goto("/new")
    page.wait_for_timeout(300)
    assert page.locator("#file").evaluate("f => f.files.length") == 0


def test_the_camera_takes_a_page(page: Page) -> None:
    page.goto("/new")
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator("#camera-state")).to_contain_text("The picture is taken.")
    page.locator("#new-case button.main").click()
    expect(page.locator(".scan img")).to_be_visible()


def test_a_file_can_be_dropped_and_pasted(page: Page) -> None:
    page.goto("/new")
    carry = "(name) => { const d = new DataTransfer(); d.items.add(new File(['x'.repeat(40)], name, {type: 'text/plain'})); return d; }"
    dropped = page.evaluate_handle(carry, "dropped.txt")
    page.dispatch_event("#text", "drop", {"dataTransfer": dropped})
    assert page.locator("#file").evaluate("f => f.files[0].name") == "dropped.txt"
    page.evaluate(
        "() => { const d = new DataTransfer(); d.items.add(new File(['y'.repeat(40)], 'pasted.txt', {type: 'text/plain'}));"
        " document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: d, cancelable: true})); }"
    )
    assert page.locator("#file").evaluate("f => f.files[0].name") == "pasted.txt"


def test_a_lost_connection_is_waited_for(page: Page) -> None:
    page.goto("/new")
    page.locator("#text").fill(COMPLAINT)
    page.context.set_offline(offline=True)
    page.locator("#new-case button.main").click()
    expect(page.locator("#send-state")).to_contain_text("The connection was lost")
    page.context.set_offline(offline=False)
    expect(page.locator("#step-form")).to_be_visible(timeout=15_000)


def test_a_refused_file_is_told_beside_it_and_the_text_stays(page: Page, tmp_path: Path) -> None:
    page.goto("/new")
    page.locator("#text").fill("My notes, which I need.")
    wrong = tmp_path / "x.txt"
    wrong.write_bytes(b"MZ" + bytes(300))
    page.locator("#file").set_input_files(wrong)
    page.locator("#new-case button.main").click()
    expect(page.locator("#file-problem")).to_contain_text("cannot be read")
    expect(page.locator("#file")).to_be_focused()
    expect(page.locator("#file")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#text")).to_have_value("My notes, which I need.")
    page.locator("#file").set_input_files(ROOT / "samples" / "typed-theft.txt")
    expect(page.locator("#file-problem")).to_be_hidden()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/new")
    page.locator("#text").focus()
    page.keyboard.type(COMPLAINT)
    for heading in ("Transcript", "Summary and facts", "Sections", "Narrative"):
        # A page that still changes would take the focus back to its start.
        page.wait_for_load_state("networkidle")
        expect(page.locator("form button.main").first).to_be_visible()
        tabs = 0
        while not page.evaluate("document.activeElement.matches('form button.main')"):
            assert tabs < 200
            page.keyboard.press("Tab")
            tabs += 1
        page.keyboard.press("Enter")
        if heading != "Narrative":
            expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator("h1")).to_have_text("Narrative")


def test_the_text_path_works_without_scripts(browser: Browser, station: str) -> None:
    context = browser.new_context(base_url=station, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    begin(page)
    go_on(page, 4)
    expect(page.locator("h1")).to_have_text(re.compile("^FIR-"))
    page.locator("#attest").fill("A. Officer")
    page.locator("#step-form button.main").click()
    expect(page.get_by_text("The review is complete.")).to_be_visible()
    context.close()


def test_a_hindi_complaint_through_the_hindi_pages(page: Page) -> None:
    page.get_by_role("button", name="हिन्दी").click()
    begin(page, text="मेरा नाम सुनीता यादव है। दिनांक 12.03.2025 को मेरी साइकिल चोरी हो गई। मोबाइल 9847012345")
    expect(page.locator("h1")).to_have_text("प्रतिलेख")
    go_on(page, 4)
    link = page.get_by_role("link", name="प्र.सू.रि. हिन्दी PDF").get_attribute("href")
    assert page.request.get(link or "").body().startswith(b"%PDF-")


def test_another_officers_change_is_told(page: Page) -> None:
    begin(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#text").fill(COMPLAINT + " Said to the other.")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.locator("#source")).to_contain_text("Said to the other.")
    page.locator("#text").fill(COMPLAINT + " Said to me.")
    page.locator("#step-form button.main").click()
    expect(page.get_by_role("alert").first).to_contain_text("changed this case")
    expect(page.get_by_label("What you had typed")).to_have_value(re.compile("Said to me"))
