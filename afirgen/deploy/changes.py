"""What would change: change sets, made, read in words, carried out or thrown away."""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from msgspec import Struct

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.progress import MOST_S, Progress, Say, describe, wait_for, wait_for_begin
from afirgen.deploy.stacks import Stack
from afirgen.errors import DeploymentError

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
_EMPTY = ("didn't contain changes", "No updates are to be performed")
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


def start(aws: Aws, prepared: ChangeSet, *, pause_s: float = 5.0) -> Progress:
    """Let AWS begin with a change set; return what tells how it goes on."""
    name = prepared.stack.name
    before, progress = describe(aws, name), Progress(aws, name)
    with translated(f"to change the stack {name}"):
        aws.client("cloudformation").execute_change_set(ChangeSetName=prepared.id)
    wait_for_begin(aws, name, before, pause_s)
    return progress


def carry_out(aws: Aws, prepared: ChangeSet, say: Say, *, pause_s: float = 5.0) -> None:
    """Carry a change set out and wait, telling every step that AWS reports.

    Raises:
        DeploymentError: It failed; AWS has put the stack back to what it was.
    """
    wait_for(start(aws, prepared, pause_s=pause_s), say, pause_s=pause_s)


def remove(aws: Aws, name: str, say: Say, *, pause_s: float = 5.0) -> None:
    """Remove a stack and wait until it is gone.

    Raises:
        DeploymentError: AWS refused, or a part could not be removed.
    """
    before, progress = describe(aws, name), Progress(aws, name)
    with translated(f"to remove the stack {name}"):
        aws.client("cloudformation").delete_stack(StackName=name)
    wait_for_begin(aws, name, before, pause_s)
    wait_for(progress, say, pause_s=pause_s)


def _parameters(stack: Stack, found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Give the chosen parameters; what is not chosen keeps the value that the stack has."""
    kept = {p["ParameterKey"] for p in (found or {}).get("Parameters", [])} & stack.known
    missing = sorted(stack.needed - set(stack.parameters) - kept)
    if missing:
        raise DeploymentError(f"The stack {stack.name} needs {missing[0]}. Give it with --set {missing[0]}=...")
    rows: list[dict[str, Any]] = [{"ParameterKey": n, "ParameterValue": v} for n, v in stack.parameters.items()]
    return rows + [{"ParameterKey": n, "UsePreviousValue": True} for n in sorted(kept - set(stack.parameters))]


def _settled(client: Any, change_set: str, pause_s: float) -> dict[str, Any]:
    deadline = time.monotonic() + MOST_S
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
