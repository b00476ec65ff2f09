"""The CloudFormation templates as plain dictionaries, short forms such as !Ref written out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load

from afirgen.deploy.stacks import ORDER

FOLDER = Path(__file__).parents[2] / "deploy" / "cloudformation"
STACKS = ORDER
ENVIRONMENTS = ("dev", "staging", "prod")
TEMPLATES: dict[str, dict[str, Any]] = {name: load(str(FOLDER / f"{name}.yaml")) for name in STACKS}


def resources(kind: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give stack, name and definition of every resource, of one type if wanted."""
    for stack, template in TEMPLATES.items():
        for name, definition in template["Resources"].items():
            if not kind or definition["Type"] == kind:
                yield stack, name, definition


def properties(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give name and properties of every resource of a type."""
    for stack, name, definition in resources(kind):
        yield f"{stack}.{name}", definition.get("Properties", {})


def walk(value: Any) -> Iterator[Any]:
    """Give every dictionary, list and scalar inside ``value``."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def as_list(value: Any) -> list[Any]:
    """Return ``value`` as a list."""
    return value if isinstance(value, list) else [value]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every statement of every policy, with where it stands."""
    for stack, name, definition in resources():
        for part in walk(definition.get("Properties", {})):
            if isinstance(part, dict) and "Statement" in part:
                yield from ((f"{stack}.{name}", s) for s in as_list(part["Statement"]))


def exported() -> set[str]:
    """Return the names of all exports, with ${Environment} in them."""
    outputs = [o for t in TEMPLATES.values() for o in t.get("Outputs", {}).values()]
    return {o["Export"]["Name"]["Fn::Sub"] for o in outputs if "Export" in o}


def imported(stack: str) -> set[str]:
    """Return the names that a stack imports."""
    parts = [p["Fn::ImportValue"] for p in walk(TEMPLATES[stack]) if isinstance(p, dict) and "Fn::ImportValue" in p]
    return {p["Fn::Sub"] for p in parts}


def parameters(environment: str) -> dict[str, str]:
    """Return the chosen parameters of an environment."""
    rows = json.loads((FOLDER / "parameters" / f"{environment}.json").read_text())
    return {row["ParameterKey"]: row["ParameterValue"] for row in rows}


def text_of(value: Any) -> str:
    """Return everything that is written inside ``value``, for a search by pattern."""
    return json.dumps(value, default=str)


SECRET = re.compile(r"(?:AKIA[0-9A-Z]{16}|-----BEGIN|(?i:password|secret_key)\"?\s*[:=]\s*\"[A-Za-z0-9/+]{8,})")
