"""The officer's work on a case through the pages, without scripts: edits, conflicts, records, documents, search."""

import re
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from afirgen.case.audit import Actor, Channel, Role
from afirgen.case.facts import Author
from afirgen.case.fir import FirDocument
from afirgen.case.law import LegalView
from afirgen.case.session import SessionStatus, Step
from afirgen.inference.engine import EngineState, EngineStatus
from afirgen.inference.models.manifest import Role as ModelRole
from afirgen.jobs.views import SummaryStep
from afirgen.store.audit import AuditLog
from afirgen.web.deps import StationSetup
from tests.case_factory import document
from tests.web.installation import AUTH_KEY, COMPLAINT, Installation
from tests.web.test_pages import PAGE, form_of, settled, signed_in

pytestmark = pytest.mark.anyio
ADMIN = Actor(name="root", role=Role.ADMINISTRATOR, channel=Channel.CLI)
STEPS = [step.value for step in Step]


async def begin(client: Any, text: str = COMPLAINT) -> str:
    await signed_in(client)
    created = await client.post("/cases", data={"text": text}, headers=PAGE, follow_redirects=False)
    return str(created.headers["location"])


async def reach(client: Any, case: str, step: Step) -> str:
    """Approve what comes before ``step`` and return its page."""
    for earlier in Step:
        page = await settled(client, case)
        if earlier is step:
            return page
        await client.post(case, data=form_of(page) | {"action": "approve"}, follow_redirects=False)
    raise AssertionError(step)


async def test_a_changed_fact_is_the_officers_and_the_others_keep_their_source(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        page = await reach(client, case, Step.SUMMARY)
        assert 'data-spans="5-13"' in page
        form = form_of(page) | {
            "fact.informant.name": "Anil K. Rao",
            "fact.occurrence.place": "near the bank",
            "fact.occurrence.date_to": "13/3/2025",
            "fact.occurrence.time_to": "7.05",
            "fact.property.0.item": "motorcycle",
            "fact.property.0.value_inr": "Rs 45,000",
            "action": "save",
        }
        assert (await client.post(case, data=form, follow_redirects=False)).status_code == 303
        newest = (await installation.cases.newest(case.rsplit("/", 1)[1]))[Step.SUMMARY]
        facts = msgspec.json.decode(newest.content, type=SummaryStep).facts
        assert facts.informant.name is not None
        assert (facts.informant.name.value, facts.informant.name.author) == ("Anil K. Rao", Author.OFFICER_EDITED)
        assert facts.informant.relative_name is not None
        assert facts.informant.relative_name.author is Author.MACHINE
        assert facts.occurrence.place is not None
        assert facts.occurrence.place.span is not None
        assert facts.property[0].value_inr is not None
        assert facts.property[0].value_inr.value == "45000"
        assert facts.occurrence.date_to is not None
        assert facts.occurrence.time_to is not None
        assert (facts.occurrence.date_to.value, facts.occurrence.time_to.value) == ("2025-03-13", "07:05")
        after = await settled(client, case)
        assert 'value="13.03.2025"' in after
        assert 'value="45,000"' in after
        assert "<ins>" in after
        assert "written by an officer" in after


@pytest.mark.parametrize(
    ("field", "value"),
    [("occurrence.date_from", "12.3.25"), ("occurrence.time_from", "half past"), ("stated_total_inr", "many")],
)
async def test_a_wrong_value_is_refused_in_a_sentence_and_keeps_what_was_typed(
    installation: Installation, field: str, value: str
) -> None:
    async with installation.client() as client:
        case = await begin(client)
        form = form_of(await reach(client, case, Step.SUMMARY))
        form |= {f"fact.{field}": value, "text": "My own summary.", "action": "approve"}
        refused = await client.post(case, data=form, headers=PAGE)
        assert refused.status_code == 400
        assert "such as" in refused.text
        assert "My own summary." in refused.text


async def test_autosave_keeps_versions_and_two_officers_get_a_conflict(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        form = form_of(await settled(client, case))
        first = await client.post(f"{case}/autosave", data=form | {"text": COMPLAINT + " He ran."}, headers=PAGE)
        assert 'id="version" value="2"' in first.text
        same = await client.post(f"{case}/autosave", data=form | {"text": COMPLAINT + " He ran."}, headers=PAGE)
        assert "version" not in same.text
        late = await client.post(f"{case}/autosave", data=form | {"text": "Another text of the other."}, headers=PAGE)
        assert late.status_code == 409
        assert "changed this case" in late.text
        decided = await client.post(
            case, data=form | {"text": "Another text of the other.", "action": "approve"}, headers=PAGE
        )
        assert decided.status_code == 409
        assert "Another text of the other." in decided.text
        record = await installation.cases.get(case.rsplit("/", 1)[1])
        assert (record.step, record.status) == (Step.TRANSCRIPT, SessionStatus.AWAITING_VALIDATION)


async def test_history_compares_and_brings_back(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        form = form_of(await settled(client, case))
        await client.post(case, data=form | {"text": COMPLAINT.replace("bank", "temple"), "action": "save"})
        page = await client.get(f"{case}/history?step=transcript_review&a=1&b=2", headers=PAGE)
        assert "<del>bank.</del>" in page.text
        assert "<ins>temple.</ins>" in page.text
        assert "step changed" in page.text
        back = await client.post(f"{case}/restore", data={"version": "1"}, follow_redirects=False)
        assert back.status_code == 303
        assert COMPLAINT in (await settled(client, case)).replace("&#39;", "'")
        assert len(await installation.cases.history(case.rsplit("/", 1)[1])) == 3
        for wrong in (f"{case}/history?step=poem&a=1&b=2", f"{case}/history?step=transcript_review&a=1&b=9"):
            assert (await client.get(wrong, headers=PAGE)).status_code == 404
        assert (await client.post(f"{case}/restore", data={"version": "x"}, headers=PAGE)).status_code == 404


async def test_sections_are_found_added_and_removed(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        page = await reach(client, case, Step.VIOLATIONS)
        assert "BNS 303(2)" in page
        found = await client.get(f"{case}/sections?find=snatching", headers=PAGE)
        assert 'value="BNS 304"' in found.text
        by_number = await client.get(f"{case}/sections?find=318", headers=PAGE)
        assert 'value="BNS 318"' in by_number.text
        form = form_of(page) | {"section": "BNS 304(2)", "action": "save"}
        await client.post(case, data=form, follow_redirects=False)
        law = (await installation.cases.newest(case.rsplit("/", 1)[1]))[Step.VIOLATIONS]
        proposed = msgspec.json.decode(law.content, type=LegalView).proposed
        assert [str(a.section) for a in proposed] == ["BNS 304(2)"]
        assert "Not chosen (1)" in await settled(client, case)


async def test_without_a_model_an_fir_is_written_by_hand(installation: Installation) -> None:
    async with installation.client() as client:
        installation.pipeline.fail_next = True
        case = await begin(client)
        page = await reach(client, case, Step.VIOLATIONS)
        assert "Write this step by hand" in page
        await client.post(case, data={"action": "by_hand"}, follow_redirects=False)
        page = await settled(client, case)
        assert "No section is proposed" in page
        await client.post(case, data=form_of(page) | {"added": "BNS 303(2)", "action": "approve"})
        page = await settled(client, case)
        await client.post(case, data=form_of(page) | {"text": "He took it.", "action": "approve"})
        await settled(client, case)
        await client.post(case, data={"action": "approve", "attest": "A. Officer"})
        assert "The review is complete" in await settled(client, case)
        final = (await installation.cases.newest(case.rsplit("/", 1)[1]))[Step.FINAL]
        form = msgspec.json.decode(final.content, type=FirDocument)
        assert [str(a.section) for a in form.sections] == ["BNS 303(2)"]
        assert form.narrative.text == "He took it."


async def test_own_items_records_documents_and_registering(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        page = await reach(client, case, Step.FINAL)
        assert "Missing" not in page
        own = form_of(page) | {"own.diary_entry": "GD 7, 10:05", "own.outside": "P.S. Two", "action": "save"}
        await client.post(case, data=own, follow_redirects=False)
        for data in (
            {"action": "read_over", "language": "Hindi", "who": "A. Officer"},
            {"action": "copy_given", "who": "Anil Rao"},
        ):
            assert (await client.post(case, data=data, follow_redirects=False)).status_code == 303
        page = await settled(client, case)
        assert "read over, " in page
        assert "; Hindi; A. Officer" in page
        text = await client.get(f"{case}/documents/fir/txt?language=en")
        assert "GD 7, 10:05" in text.text
        number = re.search(r"FIR-[a-f0-9]{8}-\d{14}", page)
        assert number is not None
        assert "GD 7, 10:05" in (await client.get(f"/fir/{number[0]}/content")).json()["content"]
        html = await client.get(f"{case}/documents/ncr/html?language=hi")
        assert "sha256-" in html.headers["content-security-policy"]
        assert (await client.get(f"{case}/documents/fir/pdf")).content.startswith(b"%PDF-")
        assert (await client.get(f"{case}/documents/fir/docx")).content.startswith(b"PK")
        assert (await client.get(f"{case}/documents/poem/pdf")).status_code == 404
        early = await client.post(case, data={"action": "register", "auth_key": AUTH_KEY}, headers=PAGE)
        assert early.status_code == 400
        await client.post(case, data={"action": "approve", "attest": "A. Officer"})
        wrong = await client.post(case, data={"action": "register", "auth_key": "no"}, headers=PAGE)
        assert (wrong.status_code, "not right" in wrong.text) == (401, True)
        await client.post(case, data={"action": "register", "auth_key": AUTH_KEY})
        assert "The FIR is registered." in await settled(client, case)
        assert "DRAFT" not in (await client.get(f"{case}/documents/fir/txt")).text
        home = (await client.get("/", headers=PAGE)).text
        assert "Registered (1)" in home


async def test_an_officer_attests_with_the_own_name(installation: Installation) -> None:
    password = "seven green buses wait"
    await installation.officers.add("Asha Rao", Role.RECORDING_OFFICER, password, ADMIN)
    async with installation.client() as client:
        await client.post("/sign-in", data={"name": "Asha Rao", "password": password}, follow_redirects=False)
        created = await client.post("/cases", data={"text": COMPLAINT}, follow_redirects=False)
        case = created.headers["location"]
        await reach(client, case, Step.FINAL)
        other = await client.post(case, data={"action": "approve", "attest": "Bala"}, headers=PAGE)
        assert other.status_code == 400
        await client.post(case, data={"action": "approve", "attest": "asha  rao"})
        assert "attested, Asha Rao" in await settled(client, case)


async def test_search_finds_words_in_any_script_and_not_the_names_of_fields(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client, COMPLAINT + " घर के पास।")
        await reach(client, case, Step.SUMMARY)
        link = f'href="{case}"'
        for query in ("9847012345", "anil rao", "घर", "12.03.2025", "motorcycle bank"):
            assert link in (await client.get("/search", params={"q": query}, headers=PAGE)).text, query
        for query in ("doubtful", "Zebra", "100%"):
            assert "No case has these words." in (await client.get("/search", params={"q": query}, headers=PAGE)).text


async def test_the_pages_speak_hindi(installation: Installation) -> None:
    async with installation.client() as client:
        page = await client.get("/sign-in?lang=hi", headers=PAGE)
        assert '<html lang="hi">' in page.text
        case = await begin(client)
        assert "प्रतिलेख" in await settled(client, case)
        back = await client.post("/language", data={"language": "en", "back": "//evil.example"}, follow_redirects=False)
        assert back.headers["location"] == "/"
        assert '<html lang="en">' in (await client.get("/", headers=PAGE)).text


async def test_after_signing_in_again_the_page_that_was_asked_for_opens(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        client.cookies.clear()
        sent = await client.get(case, headers=PAGE, follow_redirects=False)
        assert sent.headers["location"] == f"/sign-in?next={case}"
        form = form_of((await client.get(sent.headers["location"], headers=PAGE)).text)
        assert form["next"] == case


async def test_administration_is_for_administrators(installation: Installation) -> None:
    password = "seven green buses wait"
    async with installation.client() as client:
        await signed_in(client)
        added = {"name": "Root", "role": "administrator", "password": password}
        assert "Root" in (await client.post("/admin/add", data=added, headers=PAGE)).text
        await client.post("/sign-in", data={"name": "Root", "password": password}, follow_redirects=False)
        weak = await client.post("/admin/add", data=added | {"name": "Two", "password": "x"}, headers=PAGE)
        assert weak.status_code == 400
        key = await client.post("/admin/add", data={"name": "Court", "role": "api_client"}, headers=PAGE)
        assert "shown only now" in key.text
        assert "All records are as they were written" in (await client.post("/admin/check", headers=PAGE)).text
        await client.post("/admin/add", data=added | {"name": "Asha", "role": "recording_officer"}, headers=PAGE)
        await client.post("/admin/disable", data={"name": "Court"}, headers=PAGE)
        await client.post("/sign-in", data={"name": "Asha", "password": password}, follow_redirects=False)
        assert (await client.get("/admin", headers=PAGE)).status_code == 403
        assert (await client.post("/admin/check", headers=PAGE)).status_code == 403


async def test_the_original_is_given_whole_and_in_parts(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        await settled(client, case)
        whole = await client.get(f"{case}/original")
        assert whole.text == COMPLAINT
        assert "attachment" in whole.headers["content-disposition"]
        given = (await AuditLog(installation.database).of_case(case.rsplit("/", 1)[-1]))[-1]
        assert (given.action, sha256(COMPLAINT.encode()).hexdigest() in given.payload) == ("original.exported", True)
        assert (await client.get(f"{case}/pages/1")).status_code == 404
        sample = Path(__file__).parents[2] / "samples"
        files = {"file": ("s.png", (sample / "scanned-fraud.png").read_bytes(), "image/png")}
        scan = await client.post("/cases", files=files, follow_redirects=False)
        picture = await client.get(f"{scan.headers['location']}/pages/1")
        assert picture.content.startswith(b"\xff\xd8")
        sound = {"file": ("s.ogg", (sample / "spoken-snatching.ogg").read_bytes(), "audio/ogg")}
        spoken = await client.post("/cases", files=sound, follow_redirects=False)
        part = await client.get(f"{spoken.headers['location']}/original", headers={"range": "bytes=4-9"})
        assert (part.status_code, len(part.content)) == (206, 6)
        assert part.headers["content-range"].startswith("bytes 4-9/")
        beyond = await client.get(f"{spoken.headers['location']}/original", headers={"range": "bytes=999999999-"})
        assert beyond.status_code == 416


async def test_every_page_is_quick_and_light(installation: Installation) -> None:
    installation.pipeline.law = document().law
    async with installation.client() as client:
        case = await begin(client)
        await reach(client, case, Step.FINAL)
        for path in ("/static/vendor/htmx.min.js", "/static/page.js", "/static/style.css", "/static/intake.js"):
            assert (await client.get(path)).status_code == 200
        static = Path(__file__).parents[2] / "afirgen" / "web" / "static"
        # The name of the Hindi pages stands on every page, so that its font is loaded everywhere.
        loaded = [*static.rglob("*.js"), *static.rglob("*.css"), static / "fonts" / "NotoSansDevanagari.woff2"]
        shared = sum(f.stat().st_size for f in loaded)
        paths = ["/", "/new", "/search?q=Anil", "/admin", f"{case}/history", *(f"{case}?step={s}" for s in STEPS)]
        for path in paths:
            best = 1.0
            for _ in range(4):
                begun = time.perf_counter()
                page = await client.get(path, headers=PAGE)
                best = min(best, time.perf_counter() - begun)
            assert page.status_code == 200, path
            assert best < 0.1, (path, best)
            assert len(page.content) + shared < 200_000, path


async def test_a_browser_gets_errors_as_pages_and_a_program_as_json(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        for path, status in (("/cases/poem", 400), (f"/cases/{'0' * 32}", 404), ("/nothing", 404)):
            shown = await client.get(path, headers=PAGE)
            assert (shown.status_code, 'role="alert"' in shown.text) == (status, True), path
            assert (await client.get(path)).json()["detail"].endswith(".")


async def test_a_failed_step_goes_back_to_the_last_good_one(installation: Installation) -> None:
    async with installation.client() as client:
        installation.pipeline.fail_next = True
        case = await begin(client)
        page = await reach(client, case, Step.VIOLATIONS)
        assert "Start again from: Summary and facts" in page
        back = {"action": "back", "from": "summary_review"}
        assert (await client.post(case, data=back, follow_redirects=False)).status_code == 303
        page = await settled(client, case)
        assert "<h1>Summary and facts</h1>" in page
        installation.pipeline.fail_next = False
        told = form_of(page) | {"text": "Told anew.", "own_knowledge": "yes", "action": "approve"}
        await client.post(case, data=told)
        assert "<h1>Sections</h1>" in await settled(client, case)
        again = await client.post(case, data={"action": "back", "from": "final_review"}, headers=PAGE)
        assert (again.status_code, "Only an earlier step" in again.text) == (400, True)


async def test_what_the_complaint_does_not_say_is_approved_only_where_the_officer_stands_for_it(
    installation: Installation,
) -> None:
    async with installation.client() as client:
        case = await begin(client)
        page = await reach(client, case, Step.NARRATIVE)
        assert "own_knowledge" not in page
        form = form_of(page) | {"text": "Gulab Singh of Jhansi did it.", "action": "approve"}
        refused = await client.post(case, data=form, headers=PAGE)
        assert refused.status_code == 400
        assert "Not in the complaint: gulab, singh, jhansi." in refused.text
        assert "Gulab Singh of Jhansi did it.</textarea>" in refused.text
        assert 'name="own_knowledge"' in refused.text
        form = form_of(refused.text) | {"own_knowledge": "yes", "action": "approve"}
        assert (await client.post(case, data=form, follow_redirects=False)).status_code == 303
        assert "Check this sentence" not in await settled(client, case)


async def test_what_is_wrong_in_a_field_is_told_beside_it_and_every_other_field_stays(
    installation: Installation,
) -> None:
    async with installation.client() as client:
        case = await begin(client)
        form = form_of(await reach(client, case, Step.SUMMARY))
        form |= {"fact.occurrence.time_from": "half past", "fact.occurrence.place": "by the well", "action": "save"}
        refused = (await client.post(case, data=form, headers=PAGE)).text
        field = refused.index('name="fact.occurrence.time_from"')
        assert 'aria-invalid="true"' in refused[field : refused.index("</div>", field)]
        assert "such as 19:30" in refused[field : refused.index("</div>", field)]
        assert 'value="half past"' in refused
        assert 'value="by the well"' in refused


async def test_after_a_conflict_every_field_that_was_typed_is_shown(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        form = form_of(await reach(client, case, Step.SUMMARY))
        await client.post(case, data=form | {"fact.informant.age": "41", "action": "save"})
        late = form | {"fact.occurrence.place": "by the well", "fact.informant.age": "52", "action": "save"}
        refused = await client.post(case, data=late, headers=PAGE)
        assert refused.status_code == 409
        lost = refused.text[refused.text.index('id="lost"') : refused.text.index("</details>")]
        assert "by the well" in lost
        assert "52" in lost
        assert 'name="fact.informant.age" type="text" value="41"' in refused.text


async def test_a_refused_file_is_told_beside_the_file_without_scripts(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        files = {"file": ("x.exe", b"MZ" + bytes(300), "application/x")}
        wrong = (await client.post("/cases", data={"text": "Notes.", "language": "hi"}, files=files, headers=PAGE)).text
        told = wrong[wrong.index('id="file-problem"') :]
        assert "cannot be read" in told[: told.index("</p>")]
        assert 'id="text-problem" role="alert" hidden' in wrong
        assert "Notes.</textarea>" in wrong
        assert '<option value="hi" selected>' in wrong


async def test_a_form_that_is_sent_twice_begins_one_case(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        sent = {"text": COMPLAINT, "token": "a" * 32}
        places = [
            (await client.post("/cases", data=data, follow_redirects=False)).headers["location"]
            for data in (sent, sent, sent | {"text": COMPLAINT + " Again."}, sent | {"token": "b" * 32})
        ]
        assert places[0] == places[1]
        assert len(set(places)) == 3


async def test_blanks_that_the_informant_does_not_know_are_printed_so(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        form = form_of(await reach(client, case, Step.FINAL))
        form |= {"unknown": "6(c) age or date of birth", "own.diary_entry": "GD 7", "suspect.scar": "left cheek"}
        await client.post(case, data=form | {"action": "save"})
        text = (await client.get(f"{case}/documents/fir/txt?language=en")).text
        assert "(c) Age, date or year of birth: not known to the informant" in text
        assert "Scar | left cheek" in text
        blank = text[text.index("LEFT BLANK") :]
        assert "6(c)" not in blank
        assert "3(c)" not in blank
        assert "6(h) occupation" in blank


async def test_what_the_law_wants_before_the_approval_is_put_on_record_first(installation: Installation) -> None:
    duty = "A woman officer records this information (BNSS 173(1), first proviso)."
    law = document().law
    installation.pipeline.law = msgspec.structs.replace(law, duties=(duty,))
    async with installation.client() as client:
        case = await begin(client)
        page = await reach(client, case, Step.FINAL)
        assert "On record before the approval" in page
        early = await client.post(case, data={"action": "approve", "attest": "A. Officer"}, headers=PAGE)
        assert (early.status_code, "Put this on record first" in early.text) == (400, True)
        await client.post(case, data={"action": "duty", "duty": duty, "who": "SI Asha Rao"})
        assert "done: SI Asha Rao" in await settled(client, case)
        await client.post(case, data={"action": "approve", "attest": "A. Officer"})
        assert "The review is complete" in await settled(client, case)


async def test_the_dashboard_names_informant_sections_and_what_is_due(installation: Installation) -> None:
    duty = "The investigation is to be complete within two months (BNSS 193(2))."
    installation.pipeline.law = msgspec.structs.replace(document().law, duties=(duty,))
    async with installation.client() as client:
        case = await begin(client)
        await reach(client, case, Step.FINAL)
        home = (await client.get("/", headers=PAGE)).text
        assert "Anil Rao" in home
        assert '<span class="chip">BNS 303(2)</span>' in home
        due = home[home.index('id="due"') : home.index("</section>")]
        assert "in 59 days" in due
        assert "end of the investigation: Anil Rao" in due
        await client.post(case, data={"action": "duty", "duty": duty})
        assert 'id="due"' not in (await client.get("/", headers=PAGE)).text


async def test_administration_shows_station_models_law_and_retention(installation: Installation) -> None:
    installation.limits["station"] = StationSetup(name="Khar", district="Mumbai Suburban")
    async with installation.client() as client:
        case = await begin(client)
        await settled(client, case)
        await client.post(case, data={"action": "hold", "reason": "Wanted by the court"})
        page = (await client.get("/admin", headers=PAGE)).text
        for expected in (
            "Khar",
            "Mumbai Suburban",
            "The search index fits the law.",
            "60 minutes",
            "kept for ever",
            "Wanted by the court",
            "<option>another</option>",
        ):
            assert expected in page, expected
        assert "Expired cases: 0" in (await client.post("/admin/let_go", headers=PAGE)).text
        unknown = await client.post("/admin/model", data={"role": "llm", "model": "another"}, headers=PAGE)
        assert (unknown.status_code, "There is no model another" in unknown.text) == (404, True)


async def test_search_finds_phones_and_plates_however_they_are_written(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client, COMPLAINT + " Its number is MH 02 AB 1234. Call 98200-54321 too.")
        await settled(client, case)
        for query in ("MH02AB1234", "mh-02-ab-1234", "9820054321", "+91 98200 54321", "+919847012345"):
            assert f'href="{case}"' in (await client.get("/search", params={"q": query}, headers=PAGE)).text, query
        assert "No case has" in (await client.get("/search", params={"q": "MH02AB1235"}, headers=PAGE)).text


async def test_a_document_chosen_in_the_form_is_opened(installation: Installation) -> None:
    async with installation.client() as client:
        case = await begin(client)
        await reach(client, case, Step.FINAL)
        query = {"kind": "transfer_letter", "language": "en-hi", "ending": "docx"}
        sent = await client.get(f"{case}/documents", params=query, follow_redirects=False)
        assert sent.headers["location"] == f"{case}/documents/transfer_letter/docx?language=en-hi"
        assert (await client.get(sent.headers["location"])).content.startswith(b"PK")
        sly = await client.get(f"{case}/documents", params=query | {"kind": "../../x"}, follow_redirects=False)
        assert sly.headers["location"].startswith(f"{case}/documents/..%2F..%2Fx/")


async def test_every_role_in_every_state_has_a_name_on_the_pages(installation: Installation) -> None:
    async with installation.client() as client:
        await signed_in(client)
        for state in EngineState:
            installation.models.others = tuple(
                EngineStatus(role=role.value, model="m", state=state) for role in ModelRole
            )
            for path in ("/", "/new", "/admin"):
                assert (await client.get(path, headers=PAGE)).status_code == 200, (path, state)
