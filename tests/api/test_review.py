"""A case through the versioned API: taking in, deciding, versions, sections, duties, documents, audit."""

import io
import json
from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import pytest

from afirgen.case.session import Step
from tests.api.kit import Client
from tests.web.installation import AUTH_KEY, COMPLAINT, Installation

pytestmark = pytest.mark.anyio
SAMPLES = Path(__file__).parents[2] / "samples"


async def test_a_case_from_complaint_to_registration(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        first = await client.settled(case)
        assert first["content"]["transcript"]["text"] == COMPLAINT
        assert [(s["step"], s["version"], s["author"]) for s in first["steps"]] == [("transcript_review", 1, "machine")]
        final = await client.reach(case, "final_review")
        number = final["case"]["fir_number"]
        assert final["content"]["form"]["fir_number"] == number
        unattested = await client.call("POST", f"/cases/{case}/steps/final_review/approve", 400, json={})
        assert "name" in unattested["detail"]
        early = await client.call("POST", f"/cases/{case}/register", 400, json={"auth_key": AUTH_KEY})
        assert early["error_code"] == "invalid_input"
        done = await client.approve(case, "final_review", attest="A. Officer")
        assert done["case"]["status"] == "completed"
        wrong = await client.call("POST", f"/cases/{case}/register", 401, json={"auth_key": "not it"})
        assert wrong["error_code"] == "not_authenticated"
        right = await client.call("POST", f"/cases/{case}/register", json={"auth_key": AUTH_KEY})
        assert right["fir_number"] == number
        assert right["register_number"].startswith("1/")
        listed = await client.call("GET", f"/cases/{case}/documents")
        assert (listed["fir_number"], listed["registered"]) == (number, True)
        assert listed["register_number"] == right["register_number"]


async def test_a_file_is_taken_as_what_it_is_and_given_back_byte_for_byte(installation: Installation) -> None:
    recording = (SAMPLES / "spoken-snatching.ogg").read_bytes()
    async with installation.client() as http:
        client = Client(http)
        files = {"file": ("a.ogg", recording, "audio/ogg")}
        case = (await client.call("POST", "/cases/upload", 202, files=files, data={"language": "en"}))["case"]
        assert (case["source"]["kind"], case["language"]) == ("audio", "en")
        (original,) = (await client.call("GET", f"/cases/{case['id']}/evidence"))["originals"]
        assert original["size"] == len(recording)
        path = f"/cases/{case['id']}/evidence/{original['sha256']}"
        assert (await client.raw("GET", path)).content == recording
        part = await client.raw("GET", path, headers={"range": "bytes=2-5"})
        assert (part.status_code, part.content) == (206, recording[2:6])
        await client.call("GET", f"/cases/{case['id']}/evidence/{'0' * 64}", 404)
        noise = {"file": ("a.ogg", b"\x00\x01" * 50, "audio/ogg")}
        refused = await client.call("POST", "/cases/upload", 415, files=noise)
        assert refused["error_code"] == "unsupported_media"
        unknown = await client.call("POST", "/cases", 400, json={"text": COMPLAINT, "language": "tlh"})
        assert "language" in unknown["detail"]


async def test_the_list_is_searched_and_paged(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        cases = [await client.begin(f"{COMPLAINT} It was day {word}.") for word in ("one", "two", "three")]
        first = await client.call("GET", "/cases?limit=2")
        assert [c["id"] for c in first["cases"]] == [cases[2], cases[1]]
        rest = await client.call("GET", f"/cases?limit=2&offset={first['next_offset']}")
        assert ([c["id"] for c in rest["cases"]], rest["next_offset"]) == ([cases[0]], None)
        found = await client.call("GET", "/cases", params={"q": "motorcycle three"})
        assert [c["id"] for c in found["cases"]] == [cases[2]]
        some = await client.call("GET", "/cases", params={"q": "motorcycle", "limit": 1, "offset": 1})
        assert ([c["id"] for c in some["cases"]], some["next_offset"]) == ([cases[1]], 2)
        waiting = {"q": "motorcycle", "status": "completed"}
        assert (await client.call("GET", "/cases", params=waiting))["cases"] == []


async def test_versions_are_kept_compared_and_brought_back(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        step = f"/cases/{case}/steps/transcript_review"
        corrected = COMPLAINT.replace("bank", "temple")
        await client.call("PUT", step, json={"version": 1, "text": corrected})
        late = await client.call("PUT", step, 409, json={"version": 1, "text": "Another text of another officer."})
        assert late["error_code"] == "changed_meanwhile"
        diff = await client.call("GET", f"/cases/{case}/diff/transcript_review?older=1&newer=2")
        changed = [(p["change"], p["text"]) for p in diff["pieces"] if p["change"] != "same"]
        assert changed == [("gone", "bank."), ("new", "temple.")]
        back = await client.call("POST", f"/cases/{case}/versions/transcript_review/1/restore")
        assert back["content"]["transcript"]["text"] == COMPLAINT
        listed = (await client.call("GET", f"/cases/{case}/versions"))["versions"]
        assert [(v["version"], v["author"]) for v in listed] == [(1, "machine"), (2, "officer"), (3, "officer")]
        second = await client.call("GET", f"/cases/{case}/versions/transcript_review/2")
        assert second["content"]["transcript"]["text"] == corrected
        await client.call("GET", f"/cases/{case}/versions/transcript_review/9", 404)
        await client.call("POST", f"/cases/{case}/steps/summary_review/approve", 400, json={})


async def test_facts_and_particulars_are_changed_by_name(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        await client.reach(case, "summary_review")
        step = f"/cases/{case}/steps/summary_review"
        facts = {"occurrence.date_from": "2025-03-13", "informant.phone": "", "accused.0.name": "Ravi"}
        body = await client.call("PUT", step, json={"facts": facts, "text": "Ravi swam to Goa."})
        kept = body["content"]["summary"]["facts"]
        assert kept["occurrence"]["date_from"]["value"] == "2025-03-13"
        assert kept["occurrence"]["date_from"]["author"] == "officer_edited"
        assert kept["informant"]["phone"] is None
        assert kept["informant"]["name"]["author"] == "machine"
        assert kept["accused"][0]["name"]["author"] == "officer_written"
        for wrong in ({"facts": {"poem": "x"}}, {"facts": {"occurrence.date_from": "soon"}}, {}):
            assert (await client.call("PUT", step, 400, json=wrong))["detail"]
        refused = await client.call("POST", f"{step}/approve", 400, json={})
        assert refused["error_code"] == "unsupported_words"
        assert "Not in the complaint: swam, goa." in refused["detail"]
        await client.call("POST", f"{step}/approve", 202, json={"own_knowledge": True})
        kept = await client.call("GET", f"/cases/{case}/versions/summary_review/3")
        [owned] = kept["content"]["summary"]["summary"]["sentences"]
        assert (owned["own_knowledge"], owned["author"]) == (True, "officer_written")
        await client.reach(case, "final_review")
        own = {"particulars": {"diary_entry": "GD 7, 10:05"}}
        await client.call("PUT", f"/cases/{case}/steps/final_review", json=own)
        text = await client.raw("GET", f"/cases/{case}/documents/fir/txt")
        assert "GD 7, 10:05" in text.text


async def test_sections_are_accepted_removed_and_added_with_their_author(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        found = await client.call("GET", "/sections?find=snatching")
        assert "BNS 304" in [s["name"].split("(")[0] for s in found["sections"]]
        case = await client.begin()
        await client.call("GET", f"/cases/{case}/sections", 404)
        await client.call("POST", f"/cases/{case}/sections", 400, json={"section": "BNS 304(2)"})
        await client.reach(case, "violations_review")
        sections = f"/cases/{case}/sections"
        accepted = await client.call("POST", f"{sections}/BNS 303(2)/accept")
        assert accepted["version"] == 1
        added = await client.call("POST", sections, json={"section": "BNS 304(2)", "version": 1})
        assert [s["name"] for s in added["sections"] if s["chosen"]] == ["BNS 303(2)", "BNS 304(2)"]
        late = await client.call("POST", sections, 409, json={"section": "BNS 309(4)", "version": 1})
        assert late["error_code"] == "changed_meanwhile"
        for wrong in ("BNS 999", "hang him", "BNS 304(2)", "BNS 305, BNS 306"):
            await client.call("POST", sections, 400, json={"section": wrong})
        removed = await client.call("DELETE", f"{sections}/BNS 303(2)")
        shown = {s["name"]: s for s in removed["sections"]}
        assert not shown["BNS 303(2)"]["chosen"]
        decided = [(d["decision"], d["by"]) for d in shown["BNS 303(2)"]["decisions"]]
        assert decided == [("accepted", "holder of the station's key"), ("removed", "holder of the station's key")]
        assert [d["decision"] for d in shown["BNS 304(2)"]["decisions"]] == ["added"]
        await client.call("DELETE", f"{sections}/BNS 303(2)", 404)
        again = await client.call("POST", f"{sections}/BNS 303(2)/accept")
        assert [s["name"] for s in again["sections"] if s["chosen"]] == ["BNS 304(2)", "BNS 303(2)"]
        await client.call("POST", f"{sections}/BNS 309(4)/accept", 404)


async def test_duties_have_times_and_what_was_done_is_on_record(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        assert (await client.call("GET", f"/cases/{case}/duties"))["duties"] == []
        await client.reach(case, "violations_review")
        await client.call("POST", f"/cases/{case}/sections", json={"section": "BNS 304(2)"})
        duties = await client.call("GET", f"/cases/{case}/duties")
        assert duties["duties"]
        assert duties["due"] == sorted(duties["due"], key=lambda due: due["due"])
        done = {"kind": "copy_given", "who": "Anil Rao", "language": "Hindi"}
        (record,) = (await client.call("POST", f"/cases/{case}/records", json=done))["records"]
        assert (record["kind"], record["who"], record["by"]) == (
            "copy_given",
            "Anil Rao",
            "holder of the station's key",
        )
        await client.call("POST", f"/cases/{'0' * 32}/records", 404, json=done)
        await client.call("POST", f"/cases/{case}/records", 400, json={"kind": "poem"})


async def test_documents_audit_and_archive(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        await client.call("GET", f"/cases/{case}/documents", 404)
        final = await client.reach(case, "final_review")
        number = final["case"]["fir_number"]
        listed = await client.call("GET", f"/cases/{case}/documents")
        assert set(listed["formats"]) == {"pdf", "docx", "html", "txt", "json"}
        starts = {"pdf": b"%PDF-", "docx": b"PK", "html": b"<!doctype", "txt": b""}
        for ending, start in starts.items():
            made = await client.raw("GET", f"/cases/{case}/documents/fir/{ending}?language=en-hi")
            assert made.status_code == 200, ending
            assert made.content.lower().startswith(start.lower())
            assert number in made.headers["content-disposition"]
        record = await client.call("GET", f"/cases/{case}/documents/fir/json")
        assert record == final["content"]["form"]
        for wrong in ("poem/pdf", "fir/exe", "fir/pdf?language=xx", "poem/json"):
            await client.call("GET", f"/cases/{case}/documents/{wrong}", 404)
        entries = (await client.call("GET", f"/cases/{case}/audit"))["entries"]
        assert [e["action"] for e in entries].count("fir.exported") == 5
        assert all(e["hash"] == f["previous"] for e, f in pairwise(entries))
        archive = await client.raw("GET", f"/cases/{case}/export")
        with ZipFile(io.BytesIO(archive.content)) as kept:
            names = kept.namelist()
            manifest = json.loads(kept.read("manifest.json"))
        assert {"case.json", "audit.jsonl", "manifest.json", "fir/fir.pdf"} <= set(names)
        assert manifest["case"] == case
        assert (await client.call("POST", "/audit/check"))["whole"] is True


async def test_an_earlier_step_is_gone_back_to(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        await client.call("POST", f"/cases/{case}/steps/transcript_review/reopen", 400)
        await client.call("POST", f"/cases/{case}/steps/transcript_review/approve", 202, json={"version": 1})
        await client.settled(case)
        back = await client.call("POST", f"/cases/{case}/steps/transcript_review/reopen")
        assert (back["case"]["step"], back["case"]["status"]) == ("transcript_review", "awaiting_validation")
        entries = (await client.call("GET", f"/cases/{case}/audit"))["entries"]
        assert entries[-1]["action"] == "step.reopened"


async def test_a_failed_step_is_tried_again_or_written_by_hand(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        await client.call("POST", f"/cases/{case}/retry", 400)
        installation.pipeline.fail_next = True
        await client.reach(case, "summary_review")
        failed = await client.approve(case, "summary_review")
        assert (failed["case"]["status"], failed["content"]) == ("error", None)
        assert "afirgen models pull" in failed["case"]["error"]
        await client.call("POST", f"/cases/{case}/retry", 202)
        assert (await client.settled(case))["case"]["status"] == "error"
        by_hand = await client.call("POST", f"/cases/{case}/by-hand")
        assert by_hand["case"]["status"] == "awaiting_validation"
        installation.pipeline.fail_next = False
        await client.call("POST", f"/cases/{case}/steps/violations_review/keep")
        await client.call("POST", f"/cases/{case}/steps/violations_review/regenerate", 202, json={"note": "look again"})
        again = await client.settled(case)
        assert again["content"]["sections"]["assessments"]
        newest = next(s for s in again["steps"] if s["step"] == Step.VIOLATIONS.value)
        assert (newest["version"], newest["note"]) == (2, "look again")
        await client.call("POST", f"/cases/{case}/steps/transcript_review/regenerate", 400, json={})
