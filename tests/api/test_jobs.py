"""Jobs through the API: asked, followed as a stream, attached to again, stopped."""

import asyncio

import pytest

from afirgen.case.evidence import Source, Transcript
from afirgen.pipeline.run import OnProgress, Original
from tests.api.kit import Client, events_in
from tests.web.installation import COMPLAINT, Installation

pytestmark = pytest.mark.anyio


def slow(installation: Installation) -> asyncio.Event:
    """Let reading wait, with half of it done, until the event is set."""
    go, read = asyncio.Event(), installation.pipeline.read

    async def waiting(original: Original, on_progress: OnProgress) -> tuple[Source, Transcript]:
        on_progress("transcript", 0.5)
        await go.wait()
        return await read(original, on_progress)

    installation.pipeline.read = waiting  # type: ignore[method-assign]
    return go


async def begin(client: Client) -> tuple[str, str]:
    body = await client.call("POST", "/cases", 202, json={"text": COMPLAINT})
    return body["case"]["id"], body["job"]["id"]


async def test_a_job_is_asked_how_far_it_is(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        go = slow(installation)
        case, job = await begin(client)
        other = (await begin(client))[1]
        for _ in range(200):
            shown = await client.call("GET", f"/jobs/{job}")
            if shown["stage"]:
                break
            await asyncio.sleep(0.01)
        assert (shown["state"], shown["stage"], shown["share"]) == ("running", "transcript", 0.5)
        assert shown["stage_name"] == "Reading the complaint"
        assert (shown["before"], (await client.call("GET", f"/jobs/{other}"))["before"]) == (0, 1)
        waiting = await client.call("GET", "/jobs?which=open")
        assert [j["id"] for j in waiting["jobs"]] == [other, job]
        assert (await client.call("GET", f"/cases/{case}"))["job"]["id"] == job
        http.blocking_portal.call(go.set)
        await client.settled(case)
        done = await client.call("GET", f"/jobs/{job}")
        assert (done["state"], done["stage"], done["before"], done["attempt"]) == ("done", None, 0, 1)
        assert [j["id"] for j in (await client.call("GET", f"/jobs?case_id={case}"))["jobs"]] == [job]
        await client.call("GET", "/jobs/none", 404)
        await client.call("GET", "/jobs?case_id=none", 400)


async def test_a_stream_ends_with_the_job_and_is_attached_to_again(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        go = slow(installation)
        _, job = await begin(client)
        http.blocking_portal.start_task_soon(_set_later, go)
        stream = await client.raw("GET", f"/jobs/{job}/events")
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = events_in(stream.text)
        assert [e["event"] for e in events] == ["queued", "running", "progress", "done"]
        assert [e["id"] for e in events] == ["1", "2", "3", "4"]
        assert '"stage":"transcript"' in events[2]["data"]
        rest = await client.raw("GET", f"/jobs/{job}/events", headers={"Last-Event-ID": "2"})
        assert [e["id"] for e in events_in(rest.text)] == ["3", "4"]
        over = await client.raw("GET", f"/jobs/{job}/events", headers={"Last-Event-ID": "4"})
        assert (over.status_code, over.content) == (204, b"")
        for wrong in ("x", "-1", "1" * 30, "٣".encode()):
            refused = await client.raw("GET", f"/jobs/{job}/events", headers={"Last-Event-ID": wrong})
            assert refused.status_code == 400, wrong
        await client.call("GET", "/jobs/none/events", 404)


async def test_a_silent_stream_gives_a_sign_of_life(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afirgen.web.api.v1.jobs._HEARTBEAT_S", 0.05)
    async with installation.client() as http:
        client = Client(http)
        go = slow(installation)
        _, job = await begin(client)
        http.blocking_portal.start_task_soon(_set_later, go)
        stream = await client.raw("GET", f"/jobs/{job}/events")
        assert stream.text.count(": still here") >= 2


async def test_a_stream_that_lasts_too_long_asks_the_client_to_come_back(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afirgen.web.api.v1.jobs._LONGEST_S", 0.2)
    monkeypatch.setattr("afirgen.web.api.v1.jobs._HEARTBEAT_S", 0.05)
    async with installation.client() as http:
        client = Client(http)
        go = slow(installation)
        case, job = await begin(client)
        stream = await client.raw("GET", f"/jobs/{job}/events")
        assert "retry: 2000" in stream.text
        assert "done" not in [e["event"] for e in events_in(stream.text)]
        http.blocking_portal.call(go.set)
        await client.settled(case)
        last = events_in(stream.text)[-1]["id"]
        rest = await client.raw("GET", f"/jobs/{job}/events", headers={"Last-Event-ID": last})
        assert events_in(rest.text)[-1]["event"] == "done"


async def test_a_stopped_job_leaves_its_step_to_the_officer(installation: Installation) -> None:
    async with installation.client() as http:
        client = Client(http)
        go = slow(installation)
        case, job = await begin(client)
        stopped = await client.call("DELETE", f"/jobs/{job}")
        assert stopped["state"] == "cancelled"
        body = await client.call("GET", f"/cases/{case}")
        assert (body["case"]["status"], body["job"]) == ("error", None)
        assert "stopped by an officer" in body["case"]["error"]
        again = await client.call("DELETE", f"/jobs/{job}", 409)
        assert again["error_code"] == "job_over"
        http.blocking_portal.call(go.set)
        await client.call("POST", f"/cases/{case}/retry", 202)
        assert (await client.settled(case))["content"]["transcript"]["text"] == COMPLAINT
        actions = [e["action"] for e in (await client.call("GET", f"/cases/{case}/audit"))["entries"]]
        assert actions == ["case.accepted", "job.cancelled", "step.retried", "step.drafted"]
        await client.call("DELETE", "/jobs/none", 404)


async def _set_later(go: asyncio.Event) -> None:
    await asyncio.sleep(1.2)
    go.set()
