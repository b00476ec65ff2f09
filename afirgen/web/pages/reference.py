"""The API's reference as a page, made of the OpenAPI document; it loads nothing from elsewhere."""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, get
from litestar.response import Template
from msgspec import Struct

from afirgen.web.pages.shell import PageRequest, show

Schema = dict[str, Any]


class Call(Struct, frozen=True, kw_only=True):
    """A call of the API as the page shows it."""

    method: str
    path: str
    anchor: str
    description: str
    parameters: list[Schema]
    body: list[tuple[str, str]]
    answers: list[tuple[str, str, str, str]]


@get(["/docs", "/redoc"])
async def reference(request: PageRequest) -> Template:
    """Show every call with its parameters, bodies and answers."""
    api = described(request.app)
    return show(request, "reference.html", {"api": api, "names": {schema["name"] for schema in api["schemas"]}})


@lru_cache(maxsize=1)
def described(app: Litestar) -> dict[str, Any]:
    """Return the OpenAPI document in the shape of the page: calls by tag, then the schemas."""
    document: Schema = msgspec.to_builtins(app.openapi_schema.to_schema())
    groups: dict[str, list[Call]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_call(method.upper(), path, operation))
    return {
        "info": document["info"],
        "groups": [(tag["name"], tag["description"], groups[tag["name"]]) for tag in document["tags"]],
        "schemas": [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
    }


def _call(method: str, path: str, operation: Schema) -> Call:
    body = operation.get("requestBody", {}).get("content", {})
    return Call(
        method=method,
        path=path,
        anchor=operation["operationId"],
        description=operation.get("description", ""),
        parameters=[{**p, "type": type_of(p["schema"])} for p in operation.get("parameters", [])],
        body=[(media, type_of(content["schema"])) for media, content in body.items()],
        answers=[_answer(status, answer) for status, answer in operation["responses"].items()],
    )


def _answer(status: str, answer: Schema) -> tuple[str, str, str, str]:
    """Return an answer's status, meaning, media type and schema."""
    content: Schema = answer.get("content", {})
    media = next(iter(content), "")
    return status, answer["description"], media, type_of(content[media].get("schema", {})) if media else ""


def _schema(name: str, schema: Schema) -> Schema:
    fields = [
        {
            "name": field,
            "type": type_of(value),
            "required": field in schema.get("required", ()),
            "description": value.get("description", ""),
            "example": msgspec.json.encode(value["examples"][0]).decode() if value.get("examples") else "",
        }
        for field, value in schema.get("properties", {}).items()
    ]
    return {"name": name, "fields": fields, "values": schema.get("enum", [])}


def type_of(schema: Schema) -> str:
    """Name a schema in a few words; the name of a struct is the name of its part of the page."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(type_of(part) for part in schema[key]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if isinstance(kind, list):
        return " or ".join(kind)
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


HANDLERS = (reference,)
