"""Whether whoever is signed in may do all that the templates need, asked of AWS before anything is made."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.stacks import Stack, parsed
from afirgen.errors import DeploymentError

_MOST_NAMED = 5
_AT_ONCE = 100


class Rights(Struct, frozen=True, forbid_unknown_fields=True):
    """Actions that are always needed, and those for each kind of resource."""

    always: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]


@cache
def rights() -> Rights:
    """Return the list of what is needed."""
    return msgspec.toml.decode((files("afirgen.deploy") / "data" / "rights.toml").read_bytes(), type=Rights)


def needed(stacks: Mapping[str, Stack]) -> list[str]:
    """Return the actions that the stacks need."""
    listed = rights()
    kinds = {part["Type"] for stack in stacks.values() for part in parsed(stack.template)["Resources"].values()}
    return sorted({*listed.always, *(action for kind in kinds for action in listed.kinds.get(kind, ()))})


def require_rights(aws: Aws, stacks: Mapping[str, Stack], caller: str) -> None:
    """Let AWS tell which of the actions ``caller``, an ARN, may not do on anything.

    Raises:
        DeploymentError: Some are not allowed, or nobody may say so.
    """
    who = _who(aws, caller)
    if who is None:
        return
    with translated("to look at your rights (iam:SimulatePrincipalPolicy)"):
        refused = [
            result["EvalActionName"]
            for part in _parts(needed(stacks))
            for page in aws.client("iam")
            .get_paginator("simulate_principal_policy")
            .paginate(PolicySourceArn=who, ActionNames=part)
            for result in page["EvaluationResults"]
            if result["EvalDecision"] != "allowed"
        ]
    if refused:
        more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
        raise DeploymentError(
            f"{who} may not do {', '.join(refused[:_MOST_NAMED])}{more}. Ask for these rights. Where they are given "
            "for certain names only, AWS cannot tell beforehand: then say --rights-unchecked. Nothing was made."
        )


def _who(aws: Aws, caller: str) -> str | None:
    """Return the user or role whose policies count; None for the account itself, which may do everything."""
    kind, _, name = caller.rpartition(":")[2].partition("/")
    if kind != "assumed-role":
        return caller if kind == "user" else None
    with translated("to look at your role (iam:GetRole)"):
        role: dict[str, Any] = aws.client("iam").get_role(RoleName=name.partition("/")[0])["Role"]
    return str(role["Arn"])


def _parts(actions: list[str]) -> Iterable[list[str]]:
    for begin in range(0, len(actions), _AT_ONCE):
        yield actions[begin : begin + _AT_ONCE]
