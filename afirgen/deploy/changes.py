"""What would change: change sets, made, read in words, carried out or thrown away."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from msgspec import Struct

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.stacks import Stack
from afirgen.errors import DeploymentError

Say = Callable[[str], None]

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
_EMPTY = ("didn't contain changes", "No updates are to be performed")
_MOST_S = 3600
# Looks that a stack is given to show that what was asked of it has begun.
_LOOKS = 12
_DATA = frozenset({"AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret"})


class Change(Struct, frozen=True):
    """One resource that would be made, changed, replaced or removed."""

    action: str
    name: str
    kind: str

    @property
    def loses_data(self) -> bool:
        """Whether records may be lost by it."""
        return self.action in {"replace", "remove"} and self.kind in _DATA

    def __str__(self) -> str:
        """Say it on a line."""
        return f"{self.action:8}{self.kind} {self.name}{'  HOLDS DATA' if self.loses_data else ''}"


class ChangeSet(Struct, frozen=True):
    """A change set that waits in AWS, with its changes."""

    stack: Stack
    id: str
    changes: tuple[Change, ...]
    is_new: bool


def prepare(
    aws: Aws, stack: Stack, *, imported: Sequence[dict[str, Any]] = (), pause_s: float = 2.0
) -> ChangeSet | None:
    """Make the stack's change set, None when nothing would change.

    ``imported`` are resources that a new stack takes in; AWS wants such a change set to do nothing else.

    Raises:
        DeploymentError: A parameter is missing, or AWS does not take the template.
    """
    found = describe(aws, stack.name)
    is_new = found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS"
    client = aws.client("cloudformation")
    with translated(f"to prepare the stack {stack.name}"):
        made = _made(client, stack, None if is_new else found, imported)
        if made is None:
            return None
        answer = _settled(client, made, pause_s)
        if answer["Status"] == "FAILED":
            client.delete_change_set(ChangeSetName=made)
            if any(sign in answer.get("StatusReason", "") for sign in _EMPTY):
                return None
            raise DeploymentError(f"AWS does not take the stack {stack.name}: {answer.get('StatusReason')}")
    changes = tuple(_changes(answer))
    return ChangeSet(stack, made, changes, is_new)


def _made(client: Any, stack: Stack, found: dict[str, Any] | None, imported: Sequence[dict[str, Any]]) -> str | None:
    """Make the change set and return its id, None when AWS says at once that there is nothing to change."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        made = client.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"afirgen-{uuid4().hex}",
            ChangeSetType="IMPORT" if imported else "UPDATE" if found else "CREATE",
            TemplateBody=stack.template,
            Parameters=_parameters(stack, found),
            Capabilities=_CAPABILITIES,
            **({"ResourcesToImport": imported} if imported else {}),
            Tags=[{"Key": "afirgen", "Value": stack.parameters["Environment"]}],
        )
    except ClientError as err:
        if any(sign in str(err) for sign in _EMPTY):
            return None
        raise
    return str(made["Id"])


def discard(aws: Aws, prepared: ChangeSet) -> None:
    """Throw a change set away; a stack that was only begun for it goes too."""
    with translated("to discard a change set"):
        aws.client("cloudformation").delete_change_set(ChangeSetName=prepared.id)
        if prepared.is_new:
            aws.client("cloudformation").delete_stack(StackName=prepared.stack.name)


def carry_out(aws: Aws, prepared: ChangeSet, say: Say, *, pause_s: float = 5.0) -> None:
    """Carry a change set out and wait, telling every step that AWS reports.

    Raises:
        DeploymentError: It failed; AWS has put the stack back to what it was.
    """
    name = prepared.stack.name
    before, begun = describe(aws, name), datetime.now(UTC)
    with translated(f"to change the stack {name}"):
        aws.client("cloudformation").execute_change_set(ChangeSetName=prepared.id)
    _wait_for_begin(aws, name, before, pause_s)
    wait_for(aws, name, say, since=begun, pause_s=pause_s)


def remove(aws: Aws, name: str, say: Say, *, pause_s: float = 5.0) -> None:
    """Remove a stack and wait until it is gone.

    Raises:
        DeploymentError: AWS refused, or a part could not be removed.
    """
    before, begun = describe(aws, name), datetime.now(UTC)
    with translated(f"to remove the stack {name}"):
        aws.client("cloudformation").delete_stack(StackName=name)
    _wait_for_begin(aws, name, before, pause_s)
    wait_for(aws, name, say, since=begun, pause_s=pause_s)


def _wait_for_begin(aws: Aws, name: str, before: dict[str, Any] | None, pause_s: float) -> None:
    """Wait until a stack no longer shows the state that it had: for a moment it may still look finished."""
    for _ in range(_LOOKS):
        if _moment(describe(aws, name)) != _moment(before):
            return
        time.sleep(pause_s)


def _moment(found: dict[str, Any] | None) -> tuple[Any, ...]:
    return (found or {}).get("StackStatus"), (found or {}).get("LastUpdatedTime")


def wait_for(aws: Aws, name: str, say: Say, *, since: datetime, pause_s: float = 5.0) -> None:
    """Wait until a stack is at rest, telling what happens to its parts.

    Raises:
        DeploymentError: What was under way failed; the sentence names the first part that did.
    """
    seen: set[str] = set()
    first_failure = ""
    deadline = time.monotonic() + _MOST_S
    while True:
        found = describe(aws, name)
        for event in _events(aws, name, since):
            if event["EventId"] in seen:
                continue
            seen.add(event["EventId"])
            status = event["ResourceStatus"]
            reason = event.get("ResourceStatusReason", "")
            say(f"{name}: {event['LogicalResourceId']} {status.lower().replace('_', ' ')} {reason}".rstrip())
            if status.endswith("FAILED") and not first_failure:
                first_failure = f"{event['LogicalResourceId']}: {reason}"
        if found is None or not moves(found["StackStatus"]):
            break
        if time.monotonic() > deadline:
            raise DeploymentError(f"The stack {name} has been changing for an hour. Look at it in the AWS console.")
        time.sleep(pause_s)
    if found is not None and found["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}:
        failed = "removed" if found["StackStatus"] == "DELETE_FAILED" else "changed and is as it was before"
        raise DeploymentError(
            f"The stack {name} could not be {failed}. {first_failure} Mend that and run the same command again."
        )


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what AWS knows of a stack, None when there is none."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    with translated("to look at the stacks"):
        try:
            stacks = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as err:
            if "does not exist" in str(err):
                return None
            raise
    return dict(stacks[0]) if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None


def moves(status: str) -> bool:
    """Tell whether a stack is changing; one that was only looked at waits for ever."""
    return status.endswith("IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def outputs(found: dict[str, Any] | None) -> dict[str, str]:
    """Return a stack's outputs."""
    return {o["OutputKey"]: o["OutputValue"] for o in (found or {}).get("Outputs", [])}


def parameter(found: dict[str, Any] | None, name: str) -> str | None:
    """Return the value that a stack runs with."""
    return next((p["ParameterValue"] for p in (found or {}).get("Parameters", []) if p["ParameterKey"] == name), None)


def _parameters(stack: Stack, found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Give the chosen parameters; what is not chosen keeps the value that the stack has."""
    kept = {p["ParameterKey"] for p in (found or {}).get("Parameters", [])} & stack.known
    missing = sorted(stack.needed - set(stack.parameters) - kept)
    if missing:
        raise DeploymentError(f"The stack {stack.name} needs {missing[0]}. Give it with --set {missing[0]}=...")
    rows: list[dict[str, Any]] = [{"ParameterKey": n, "ParameterValue": v} for n, v in stack.parameters.items()]
    return rows + [{"ParameterKey": n, "UsePreviousValue": True} for n in sorted(kept - set(stack.parameters))]


def _settled(client: Any, change_set: str, pause_s: float) -> dict[str, Any]:
    deadline = time.monotonic() + _MOST_S
    while True:
        answer: dict[str, Any] = client.describe_change_set(ChangeSetName=change_set)
        if answer["Status"] in {"CREATE_COMPLETE", "FAILED"} or time.monotonic() > deadline:
            return answer
        time.sleep(pause_s)


def _changes(answer: dict[str, Any]) -> Iterable[Change]:
    words = {"Add": "make", "Modify": "change", "Remove": "remove", "Import": "import", "Dynamic": "change"}
    for change in answer.get("Changes", []):
        part = change["ResourceChange"]
        replaced = part.get("Replacement") in {"True", "Conditional"}
        action = "replace" if replaced else words.get(part["Action"], part["Action"].lower())
        yield Change(action, part["LogicalResourceId"], part["ResourceType"])


def _events(aws: Aws, name: str, since: datetime) -> list[dict[str, Any]]:
    """Return the events since then, the oldest first; those of a stack that is gone are not needed."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        pages = aws.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
        events = [e for page in pages for e in page["StackEvents"] if e["Timestamp"] >= since]
    except ClientError:
        return []
    return events[::-1]
