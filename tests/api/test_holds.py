"""Legal hold by the API, on the page, and what it keeps from happening."""

import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from afirgen.case.audit import Actor, Channel, Role
from afirgen.cli import main
from tests.api.kit import Client
from tests.store.conftest import run_on
from tests.web.installation import HEADERS, Installation

pytestmark = pytest.mark.anyio
ADMIN = Actor(name="root", role=Role.ADMINISTRATOR, channel=Channel.CLI)
PASSWORD = "seven green buses wait"


async def test_a_hold_is_set_and_lifted_by_the_api(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        case = await client.begin()
        assert (await client.call("GET", f"/cases/{case}"))["case"]["hold"] is None
        held = await client.call("PUT", f"/cases/{case}/hold", json={"reason": "Called for by the court."})
        assert held["hold"] == "Called for by the court."
        refused = await client.call("PUT", f"/cases/{case}/hold", 400, json={"reason": " "})
        assert refused["error_code"] == "invalid_input"
        assert (await client.call("DELETE", f"/cases/{case}/hold"))["hold"] is None
        assert (await client.call("DELETE", f"/cases/{case}/hold", 400))["error_code"] == "wrong_step"
        nothing = "00000000-0000-4000-8000-000000000000"
        for method, body in (("PUT", {"reason": "x"}), ("DELETE", None)):
            assert (await client.call(method, f"/cases/{nothing}/hold", 404, json=body))["error_code"] == "not_found"


async def test_only_a_station_house_officer_finds_the_hold_on_the_page(installation: Installation) -> None:
    for name, role in (("House", Role.STATION_HOUSE_OFFICER), ("Recorder", Role.RECORDING_OFFICER)):
        await installation.officers.add(name, role, PASSWORD, ADMIN)
    async with installation.client() as http:
        case = await Client(http).begin()
        page = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        for name, may in (("Recorder", False), ("House", True)):
            await http.post("/sign-in", data={"name": name, "password": PASSWORD}, follow_redirects=False)
            assert ('value="hold"' in (await http.get(f"/cases/{case}", headers=page)).text) is may
            body = {"action": "hold", "reason": "An <appeal> is pending."}
            await http.post(f"/cases/{case}", data=body, headers=page)
            shown = (await http.get(f"/cases/{case}", headers=page)).text
            assert ("On hold: An &lt;appeal&gt; is pending." in shown) is may
        await http.post(f"/cases/{case}", data={"action": "lift_hold"}, headers=page)
        assert "On hold:" not in (await http.get(f"/cases/{case}", headers=page)).text
        entries = (await http.get(f"/api/v1/cases/{case}/audit", headers=HEADERS)).json()["entries"]
        assert [(e["action"], e["actor"]) for e in entries][-2:] == [
            ("case.hold_set", "House"),
            ("case.hold_lifted", "House"),
        ]


async def test_a_held_case_does_not_expire_when_it_is_looked_at(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    async with installation.client() as http:
        client = Client(http)
        begun = [await client.call("POST", "/cases", 202, json={"text": "A man took my bicycle."}) for _ in range(2)]
        held, other = (body["case"]["id"] for body in begun)
        await client.call("PUT", f"/cases/{held}/hold", json={"reason": "Called for by the court."})
        for case in (held, other):
            await client.settled(case)
        await asyncio.to_thread(run_on, installation.url, "UPDATE cases SET last_activity = '2020-01-01 00:00:00'")
        assert [(await client.settled(case))["case"]["status"] for case in (held, other)] == [
            "awaiting_validation",
            "expired",
        ]


def test_the_command_says_what_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path)
    monkeypatch.setenv("AFIRGEN_DATABASE_URL", installation.url)
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(main, ["db", "retention"])
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"0 idle sessions have expired, 0 sign-ins have run out, 0 originals and \d+ leftover files were removed\.",
        result.output.strip(),
    )
