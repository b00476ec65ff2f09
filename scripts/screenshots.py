"""Takes the pictures of the main pages in docs/pictures. Run it in the project's .venv; it needs Chromium.

The pages are those of a small station whose models are not loaded: facts are read by rule, sections are set. The first
page of the FIR is drawn from its PDF.
"""

import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pypdfium2
from playwright.sync_api import Page

from tests.web.browsers import ROOT, chromium, serving
from tests.web.full_law import full_law
from tests.web.installation import KEY, Installation

PICTURES = ROOT / "docs" / "pictures"
_SCALE = 1.25
COMPLAINT = (
    "I am Meena Joshi, d/o Kishan Joshi, r/o Khar West. On 12.03.2025 at 7.30 pm near the post office a man on a black "
    "motorcycle snatched my gold chain from my neck and sped away. Its value is Rs 60,000. Mob 9820012345."
)


def main() -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        station = Installation(place, requests=100_000)
        station.pipeline.law = full_law(station.pipeline.kb, COMPLAINT)
        with serving(station) as address, chromium(place) as browser:
            context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=address)
            page = context.new_page()
            sign_in(page)
            take(page, "new", "/new")
            walk(page)
            draw_fir(page)
            take(page, "station", "/")
            take(page, "administration", "/admin")
            context.close()
            phone = browser.new_context(
                viewport={"width": 360, "height": 740}, base_url=address, color_scheme="dark", device_scale_factor=2
            )
            page = phone.new_page()
            sign_in(page, "hi")
            take(page, "phone-hindi", "/new")
            page.goto("/")
            page.locator(".rows a").first.click()
            page.screenshot(path=PICTURES / "phone-form.png")
            phone.close()


def sign_in(page: Page, language: str = "en") -> None:
    """Sign in with the station's key."""
    page.goto(f"/sign-in?lang={language}")
    page.locator("#key").fill(KEY)
    page.locator("main button").click()
    page.wait_for_selector("header nav")


def walk(page: Page) -> None:
    """Take a picture of each step of a case."""
    page.goto("/new")
    page.locator("#text").fill(COMPLAINT)
    page.locator("#new-case button.main").click()
    for name in ("transcript", "facts", "sections", "narrative", "form"):
        page.wait_for_selector("#step-form")
        if name == "facts":
            page.get_by_label("Phone", exact=True).focus()
        if name == "sections":
            page.locator("a.point").first.click()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=PICTURES / f"{name}.png")
        if name != "form":
            heading = page.locator("h1").inner_text()
            page.locator("#step-form button.main").click()
            page.wait_for_function("before => document.querySelector('h1')?.textContent !== before", arg=heading)
    page.get_by_role("link", name="History").click()
    page.screenshot(path=PICTURES / "history.png")
    page.go_back()


def draw_fir(page: Page) -> None:
    """Draw the first page of the FIR in English and Hindi from its PDF."""
    link = page.get_by_role("link", name="FIR English + हिन्दी PDF", exact=True).get_attribute("href")
    made = page.request.get(link or "").body()
    with pypdfium2.PdfDocument(io.BytesIO(made)) as document:
        document[0].render(scale=_SCALE).to_pil().save(PICTURES / "fir.png", optimize=True)


def take(page: Page, name: str, path: str) -> None:
    """Open a page and take its picture."""
    page.goto(path)
    page.screenshot(path=PICTURES / f"{name}.png")
    print(PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
