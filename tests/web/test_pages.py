"""The pages, without scripts."""

import html
import re
from typing import Any

import pytest

from tests.web.installation import COMPLAINT, KEY, Installation

pytestmark = pytest.mark.anyio
PAGE = {"accept": "text/html"}


async def signed_in(client: Any) -> None:
    answer = await client.post("/sign-in", data={"key": KEY}, headers=PAGE, follow_redirects=False)
    assert answer.status_code == 303
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "samesite=strict" in answer.headers["set-cookie"].lower()


async def test_a_visitor_is_sent_to_sign_in(installation: Installation) -> None:
    async with installation.client() as client:
        answer = await client.get("/", headers=PAGE, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        wrong = await client.post("/sign-in", data={"key": "no"}, headers=PAGE)
        assert wrong.status_code == 401
        assert "The key is not right" in wrong.text


async def test_the_text_path_through_all_five_steps(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        created = await client.post("/cases", data={"text": COMPLAINT}, headers=PAGE, follow_redirects=False)
        assert created.status_code == 303
        case = created.headers["location"]
        for heading in ("Transcript", "Summary and facts", "Sections", "Narrative"):
            page = await settled(client, case)
            assert f"<h1>{heading}</h1>" in page
            decided = await client.post(case, data=form_of(page) | {"action": "approve"}, follow_redirects=False)
            assert decided.status_code == 303
        page = await settled(client, case)
        assert re.search(r"<h1>FIR-[a-f0-9]{8}-\d{14}</h1>", page)
        unread = await client.post(case, data={"action": "approve"}, headers=PAGE)
        assert (unread.status_code, "Type your own name" in unread.text) == (400, True)
        await client.post(case, data={"action": "approve", "attest": "A. Officer"}, follow_redirects=False)
        assert "The review is complete" in await settled(client, case)
        history = await installation.cases.history(case.rsplit("/", 1)[1])
        assert [v.step for v in history if v.author != "machine"] == []


async def test_the_page_keeps_what_the_officer_changes(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        created = await client.post("/cases", data={"text": COMPLAINT}, headers=PAGE, follow_redirects=False)
        case = created.headers["location"]
        page = await settled(client, case)
        fields = form_of(page) | {"text": COMPLAINT.replace("bank", "temple"), "action": "approve"}
        await client.post(case, data=fields, follow_redirects=False)
        await client.post(case, data=form_of(await settled(client, case)) | {"action": "approve"})
        page = await settled(client, case)
        chosen = {
            "chosen": "yes",
            "shown": "BNS 303(2)",
            "section": "BNS 303(2)",
            "added": "BNS 352",
            "action": "approve",
        }
        await client.post(case, data=chosen, follow_redirects=False)
        assert "temple" in await settled(client, case)
        sections = [v for v in await installation.cases.history(case.rsplit("/", 1)[1]) if v.author == "officer"]
        assert b"352" in sections[-1].content


async def test_markup_in_a_complaint_is_shown_as_text(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        text = COMPLAINT + " <script>alert(1)</script>"
        created = await client.post("/cases", data={"text": text}, headers=PAGE, follow_redirects=False)
        page = await settled(client, created.headers["location"])
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_a_refused_complaint_says_why_on_the_page(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        empty = await client.post("/cases", data={"text": ""}, headers=PAGE)
        assert empty.status_code == 400
        assert "Type the complaint" in empty.text
        wrong = await client.post(
            "/cases", files={"file": ("x.exe", b"MZ" + bytes(300), "application/x")}, headers=PAGE
        )
        assert wrong.status_code == 415
        assert 'role="alert"' in wrong.text


async def settled(client: Any, case: str) -> str:
    """Read the case's page until no work is going on."""
    for _ in range(200):
        page: str = (await client.get(case, headers=PAGE)).text
        if 'id="working"' not in page:
            return page
    raise AssertionError("the case does not settle")


def form_of(page: str) -> dict[str, str]:
    """Return what the page's form would send untouched."""
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    fields = {name: html.unescape(value) for name, value in areas}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("name") and attributes.get("type") not in {"checkbox", "search", "password", "file"}:
            fields.setdefault(attributes["name"], html.unescape(attributes.get("value", "")))
    if 'name="chosen"' in page:
        fields["section"] = "\n".join(re.findall(r'name="section" value="([^"]+)" checked', page))
    return fields
