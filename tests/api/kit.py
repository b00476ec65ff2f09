"""A client of the versioned API for tests."""

import asyncio
from typing import Any

from tests.web.installation import COMPLAINT, HEADERS

API = "/api/v1"
Body = dict[str, Any]


class Client:
    """Sends calls with a key and looks at their status."""

    def __init__(self, http: Any, headers: dict[str, str] | None = None) -> None:
        self._http = http
        self.headers = headers or HEADERS

    async def raw(self, method: str, path: str, **more: Any) -> Any:
        headers = self.headers | more.pop("headers", {})
        return await self._http.request(method, API + path, headers=headers, **more)

    async def call(self, method: str, path: str, status: int = 200, **more: Any) -> Body:
        answer = await self.raw(method, path, **more)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        body: Body = answer.json()
        return body

    async def begin(self, text: str = COMPLAINT) -> str:
        """Take a complaint in and wait for its transcript; return the case's id."""
        case = (await self.call("POST", "/cases", 202, json={"text": text}))["case"]["id"]
        await self.settled(case)
        return str(case)

    async def settled(self, case: str) -> Body:
        """Wait until nothing is drafted on a case."""
        for _ in range(400):
            body = await self.call("GET", f"/cases/{case}")
            if body["case"]["status"] != "processing":
                return body
            await asyncio.sleep(0.01)
        raise AssertionError(body)

    async def approve(self, case: str, step: str, **body: Any) -> Body:
        await self.call("POST", f"/cases/{case}/steps/{step}/approve", 202, json=body)
        return await self.settled(case)

    async def reach(self, case: str, step: str) -> Body:
        """Approve each step before ``step``."""
        body = await self.settled(case)
        while body["case"]["step"] != step:
            body = await self.approve(case, body["case"]["step"])
        return body


def events_in(stream: str) -> list[dict[str, str]]:
    """Return the events of a stream, each as its fields; comments are left out."""
    found = []
    for block in stream.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "data" in fields:
            found.append(fields)
    return found
