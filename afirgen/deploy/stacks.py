"""The five stacks of an installation: their order, templates and parameters."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from msgspec import Struct

from afirgen.errors import DeploymentError

STAGES = (("network", "data"), ("database", "watch", "service"))
"""The stacks of a stage are changed side by side; each uses what those of earlier stages export."""
ORDER = tuple(kind for stage in STAGES for kind in stage)
ENVIRONMENTS = ("dev", "staging", "prod")
KEEPS_DATA = frozenset({"data", "database"})


class Stack(Struct, frozen=True):
    """A stack with its template and the parameters chosen for it; others keep their value or default."""

    name: str
    kind: str
    template: str
    known: frozenset[str]
    needed: frozenset[str]
    parameters: dict[str, str]


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # it has no types
    """Reads a template; short forms such as !Ref become the long ones."""


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
            value = value.split(".", 1) if name == "GetAtt" else value
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


@cache
def parsed(template: str) -> dict[str, Any]:
    """Return a template's content, functions in their long form; nobody changes it."""
    content: dict[str, Any] = yaml.load(template, _Loader)  # noqa: S506 -- a safe loader
    return content


def load_stacks(folder: Path, environment: str, chosen: Mapping[str, str]) -> dict[str, Stack]:
    """Return the stacks by kind; ``chosen`` stands above the environment's own file.

    Raises:
        DeploymentError: A file is missing or wrong, or a parameter does not exist.
    """
    parameters = {"Environment": environment, **_file(folder / "parameters" / f"{environment}.json"), **chosen}
    stacks = {kind: _stack(folder / f"{kind}.yaml", kind, environment, parameters) for kind in ORDER}
    known = frozenset[str]().union(*(stack.known for stack in stacks.values()))
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise DeploymentError(f"There is no parameter {unknown[0]}. Known are {', '.join(sorted(known))}.")
    return stacks


def stack_name(environment: str, kind: str) -> str:
    """Return the name that a stack has in AWS."""
    return f"afirgen-{environment}-{kind}"


def _stack(path: Path, kind: str, environment: str, parameters: Mapping[str, str]) -> Stack:
    try:
        text = path.read_text(encoding="utf-8")
        declared = parsed(text)["Parameters"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as err:
        raise DeploymentError(f"The template {path.name} cannot be read. Restore it.", detail=str(err)) from err
    chosen = {name: value for name, value in parameters.items() if name in declared}
    for name, value in chosen.items():
        _check(name, value, declared[name])
    return Stack(
        name=stack_name(environment, kind),
        kind=kind,
        template=text,
        known=frozenset(declared),
        needed=frozenset(name for name, each in declared.items() if "Default" not in each),
        parameters=chosen,
    )


def _check(name: str, value: str, rule: Mapping[str, Any]) -> None:
    """Hold a parameter against its template's rule; AWS would do so only when the stacks before it are made.

    Raises:
        DeploymentError: It does not fit; the sentence says what does.
    """
    wanted = rule.get("ConstraintDescription", "")
    allowed = [str(each) for each in rule.get("AllowedValues", ())]
    if allowed and value not in allowed:
        wanted = f"one of {', '.join(filter(None, allowed))}"
    elif len(value) > rule.get("MaxLength", len(value)):
        wanted = f"at most {rule['MaxLength']} characters"
    elif rule["Type"] == "Number" and not _is_within(value, rule.get("MinValue"), rule.get("MaxValue")):
        wanted = f"a number from {rule.get('MinValue', 'any')} to {rule.get('MaxValue', 'any')}"
    elif re.fullmatch(rule.get("AllowedPattern", "(?s).*"), value):
        return
    needed = str(wanted or rule["Description"]).rstrip(".")
    raise DeploymentError(f"{name}={value} is not right. Needed: {needed}. Nothing was made.")


def _is_within(value: str, least: float | None, most: float | None) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return (least is None or number >= least) and (most is None or number <= most)


def _file(path: Path) -> dict[str, str]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {row["ParameterKey"]: str(row["ParameterValue"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise DeploymentError(f"The parameters {path.name} cannot be read. Restore the file.", detail=str(err)) from err
