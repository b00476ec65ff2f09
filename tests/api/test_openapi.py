"""The description of the API is whole, its page needs no other host, and docs/api.md lists every call."""

import re
from pathlib import Path
from typing import Any

import pytest

from afirgen import errors
from afirgen.errors import AfirgenError
from tests.web.installation import HEADERS, Installation

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
# Errors of the command line and of files, which no call of the API meets, and work that nobody waits for any more.
NOT_IN_CALLS = {
    "settings",
    "data_file",
    "audit_fault",
    "cancelled",
    "engine_failure",
    "model_timeout",
    "deployment_error",
}


async def document(installation: Installation) -> dict[str, Any]:
    async with installation.client() as http:
        found: dict[str, Any] = (await http.get("/openapi.json")).json()
        return found


async def test_every_call_and_answer_is_described(installation: Installation) -> None:
    found = await document(installation)
    names = {tag["name"] for tag in found["tags"]}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            call = (method, path)
            assert operation["description"].endswith("."), call
            assert set(operation["tags"]) <= names, call
            assert all(answer["description"] for answer in operation["responses"].values()), call
            for parameter in operation.get("parameters", ()):
                assert parameter.get("description"), (call, parameter["name"])
            if path.startswith("/api/v1"):
                refused = operation["responses"]["400"]["content"]["application/json"]
                assert refused["schema"]["$ref"].endswith("Refusal"), call
                assert refused["examples"], call
                (good,) = {"200", "201", "202"} & set(operation["responses"])
                for content in operation["responses"][good]["content"].values():
                    assert "$ref" in content["schema"] or content["schema"].get("type") in {"string", None}, call
    described = [f for s in found["components"]["schemas"].values() for f in s.get("properties", {}).values()]
    assert sum(bool(f.get("examples")) for f in described) > 40
    assert set(found["components"]["securitySchemes"]) == {"apiKey", "bearer"}


async def test_the_page_shows_every_call_and_loads_nothing_from_elsewhere(installation: Installation) -> None:
    found = await document(installation)
    async with installation.client() as http:
        for address in ("/docs", "/redoc"):
            page = await http.get(address)
            assert page.status_code == 200
            assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text)
            assert len(re.findall(r"<details ", page.text)) == sum(len(m) for m in found["paths"].values())
            targets = set(re.findall(r"href=\"#([^\"]+)\"", page.text))
            assert targets <= set(re.findall(r"id=\"([^\"]+)\"", page.text))
        signed = await http.get("/docs", headers=HEADERS)
        assert signed.status_code == 200


async def test_the_documentation_lists_every_call_and_no_other(installation: Installation) -> None:
    found = await document(installation)
    described = {f"{method.upper()} {path}" for path, methods in found["paths"].items() for method in methods}
    listed = set(re.findall(r"^\| `((?:GET|POST|PUT|DELETE) /\S*)` ", PAGE, re.MULTILINE))
    assert listed == described


def test_the_documentation_lists_every_code() -> None:
    def below(kind: type[AfirgenError]) -> list[type[AfirgenError]]:
        return [kind, *(k for child in kind.__subclasses__() for k in below(child))]

    codes = {kind.code for kind in below(AfirgenError) if kind.__module__ == errors.__name__}
    listed = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| \d{3} \|(.*?)\|", PAGE, re.MULTILINE))))
    assert codes - NOT_IN_CALLS <= listed
