"""Signing in to the page by name, what each role may do there, and the second pair of eyes."""

from pathlib import Path
from typing import Any

import pytest

from afirgen.case.audit import Actor, Channel, Role
from tests.web.installation import AUTH_KEY, COMPLAINT, HEADERS, KEY, Installation

pytestmark = pytest.mark.anyio
ADMIN = Actor(name="root", role=Role.ADMINISTRATOR, channel=Channel.CLI)
PASSWORD = "seven green buses wait"
PAGE = {"accept": "text/html"}


async def enter(client: Any, name: str, password: str = PASSWORD) -> int:
    client.cookies.clear()
    answer = await client.post(
        "/sign-in", data={"name": name, "password": password}, headers=PAGE, follow_redirects=False
    )
    return int(answer.status_code)


async def staff(installation: Installation) -> None:
    for name, role in (
        ("asha", Role.RECORDING_OFFICER),
        ("bala", Role.STATION_HOUSE_OFFICER),
        ("chandra", Role.ADMINISTRATOR),
    ):
        await installation.officers.add(name, role, PASSWORD, ADMIN)


async def test_with_officers_the_page_asks_for_a_name_and_the_key_opens_only_the_api(
    installation: Installation,
) -> None:
    await staff(installation)
    async with installation.client() as client:
        assert 'name="password"' in (await client.get("/sign-in", headers=PAGE)).text
        assert (await client.post("/sign-in", data={"key": KEY}, headers=PAGE)).status_code == 401
        wrong = await client.post("/sign-in", data={"name": "asha", "password": "no"}, headers=PAGE)
        assert (wrong.status_code, 'role="alert"' in wrong.text) == (401, True)
        assert (await client.get("/list_firs", headers=HEADERS)).status_code == 200
        assert await enter(client, "asha") == 303
        home = await client.get("/", headers=PAGE)
        assert "asha" in home.text
        assert "Sign out" in home.text
        out = await client.post("/sign-out", headers=PAGE, follow_redirects=False)
        assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
        assert (await client.get("/list_firs")).status_code == 401


async def test_an_old_cookie_is_worth_nothing_after_signing_out(installation: Installation) -> None:
    await staff(installation)
    async with installation.client() as client:
        await enter(client, "asha")
        cookie = {"cookie": f"afirgen_session={client.cookies['afirgen_session']}"}
        assert (await client.get("/list_firs", headers=cookie)).status_code == 200
        await client.post("/sign-out", headers=cookie)
        client.cookies.clear()
        assert (await client.get("/list_firs", headers=cookie)).status_code == 401


async def test_another_site_can_neither_sign_in_nor_out(installation: Installation) -> None:
    await staff(installation)
    async with installation.client() as client:
        foreign = {**PAGE, "sec-fetch-site": "cross-site"}
        data = {"name": "asha", "password": PASSWORD}
        assert (await client.post("/sign-in", data=data, headers=foreign)).status_code == 401
        await enter(client, "asha")
        assert (await client.post("/sign-out", headers={"sec-fetch-site": "cross-site"})).status_code == 401
        assert (await client.get("/list_firs")).status_code == 200


async def test_roles(installation: Installation) -> None:
    await staff(installation)
    key = await installation.officers.add("courts", Role.API_CLIENT, None, ADMIN)
    async with installation.client() as client:
        own = {"X-API-Key": key or ""}
        assert (await client.post("/process", data={"text": COMPLAINT}, headers=own)).status_code == 200
        switch = {"json": {"model": "no-such"}}
        assert (await client.post("/api/v1/models/llm", headers=own, **switch)).status_code == 403
        for name, process, models in (("asha", 200, 403), ("bala", 200, 403), ("chandra", 403, 404)):
            await enter(client, name)
            assert (await client.post("/process", data={"text": COMPLAINT})).status_code == process, name
            answer = await client.post("/api/v1/models/llm", **switch)
            assert answer.status_code == models, name
            assert answer.json()["detail"].endswith(".")
            assert (await client.get("/list_firs")).status_code == 200
        await installation.officers.disable("courts", ADMIN)
        assert (await client.get("/list_firs", headers=own)).status_code == 401


async def test_the_writer_cannot_approve_where_the_station_wants_another_to(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.separate_approver = True
    installation.open()
    await staff(installation)
    async with installation.client() as client:
        await enter(client, "asha")
        session = (await client.post("/process", data={"text": COMPLAINT})).json()["session_id"]
        body = {"session_id": session, "approved": True}
        for _ in range(4):
            assert (await client.post("/validate", json=body)).status_code == 200
        own = await client.post("/validate", json=body)
        assert (own.status_code, own.json()["error_code"]) == (403, "not_allowed")
        await enter(client, "bala")
        done = await client.post("/validate", json=body)
        assert done.json()["completed"] is True
        number = (await client.get("/list_firs")).json()["records"][0]["fir_number"]
        right = {"fir_number": number, "auth_key": AUTH_KEY}
        assert (await client.post("/authenticate", json=right, headers=HEADERS)).status_code == 200


async def test_in_production_the_cookie_goes_over_tls_only(installation: Installation) -> None:
    await staff(installation)
    for secure in (False, True):
        installation.secure_cookies = secure
        installation.open()
        async with installation.client() as client:
            data = {"name": "asha", "password": PASSWORD}
            answer = await client.post("/sign-in", data=data, headers=PAGE, follow_redirects=False)
            attributes = answer.headers["set-cookie"].lower()
            assert "httponly" in attributes
            assert "samesite=strict" in attributes
            assert ("secure" in attributes) is secure
