"""What each role may do through the API."""

import pytest

from afirgen.case.audit import Actor, Channel, Role
from tests.api.kit import Client
from tests.web.installation import Installation

pytestmark = pytest.mark.anyio
ADMIN = Actor(name="root", role=Role.ADMINISTRATOR, channel=Channel.CLI)
PASSWORD = "seven green buses wait"


async def test_an_api_client_reviews_with_its_own_name_but_manages_nothing(installation: Installation) -> None:
    key = await installation.officers.add("Court", Role.API_CLIENT, None, ADMIN)
    async with installation.client() as http:
        client = Client(http, {"X-API-Key": key or ""})
        case = await client.begin()
        entries = (await client.call("GET", f"/cases/{case}/audit"))["entries"]
        assert (entries[0]["actor"], entries[0]["role"]) == ("Court", "api_client")
        for method, path, body in (
            ("GET", "/officers", None),
            ("POST", "/officers", {"name": "x y", "role": "administrator", "password": PASSWORD}),
            ("POST", "/officers/Court/disable", None),
            ("POST", "/officers/Court/reset", {}),
            ("POST", "/models/llm", {"model": "m"}),
            ("POST", "/audit/check", None),
        ):
            assert (await client.call(method, path, 403, json=body))["error_code"] == "not_allowed", path


async def test_an_administrator_manages_but_does_not_review(installation: Installation) -> None:
    await installation.officers.add("Root", Role.ADMINISTRATOR, PASSWORD, ADMIN)
    async with installation.client() as http:
        case = await Client(http).begin()
        await http.post("/sign-in", data={"name": "Root", "password": PASSWORD}, follow_redirects=False)
        admin = Client(http, {"accept": "application/json"})
        for path, body in (
            ("/cases", {"text": "A man took my motorcycle near the bank."}),
            (f"/cases/{case}/steps/transcript_review/approve", {}),
            (f"/cases/{case}/steps/transcript_review/keep", None),
            (f"/cases/{case}/steps/summary_review/regenerate", {}),
            (f"/cases/{case}/records", {"kind": "duty"}),
            (f"/cases/{case}/register", {"auth_key": "x" * 8}),
            (f"/cases/{case}/steps/transcript_review/reopen", None),
            (f"/cases/{case}/retry", None),
            (f"/cases/{case}/by-hand", None),
            (f"/cases/{case}/versions/transcript_review/1/restore", None),
        ):
            assert (await admin.call("POST", path, 403, json=body))["error_code"] == "not_allowed", path
        await admin.call("PUT", f"/cases/{case}/steps/transcript_review", 403, json={"text": "Another text."})
        job = (await admin.call("GET", "/jobs"))["jobs"][0]["id"]
        assert (await admin.call("DELETE", f"/jobs/{job}", 403))["error_code"] == "not_allowed"
        assert (await admin.call("GET", f"/cases/{case}"))["case"]["id"] == case


async def test_accounts_are_added_reset_and_disabled(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        new = {"name": "Asha Rao", "role": "recording_officer", "password": PASSWORD}
        added = await client.call("POST", "/officers", 201, json=new)
        assert added["officer"]["name"] == "Asha Rao"
        assert PASSWORD not in str(added)
        await client.call("POST", "/officers", 400, json=new)
        for wrong in ({"password": "x"}, {"role": "program"}, {"role": "poet"}):
            await client.call("POST", "/officers", 400, json=new | {"name": "Two"} | wrong)
        keyed = await client.call("POST", "/officers", 201, json={"name": "Court", "role": "api_client"})
        await Client(http, {"X-API-Key": keyed["api_key"]}).call("GET", "/cases")
        renewed = await client.call("POST", "/officers/Court/reset", json={})
        await Client(http, {"X-API-Key": keyed["api_key"]}).call("GET", "/cases", 401)
        await Client(http, {"X-API-Key": renewed["api_key"]}).call("GET", "/cases")
        gone = await client.call("POST", "/officers/Court/disable")
        assert gone["officer"]["disabled_at"]
        await client.call("POST", "/officers/Nobody/disable", 404)
        assert [o["name"] for o in (await client.call("GET", "/officers"))["officers"]] == ["Asha Rao", "Court"]


async def test_models_are_listed_and_an_unknown_one_is_refused(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        (model,) = (await client.call("GET", "/models"))["models"]
        assert (model["role"], model["state"]) == ("llm", "ready")
        refused = await client.call("POST", "/models/llm", 404, json={"model": "none"})
        assert refused["error_code"] == "not_found"
