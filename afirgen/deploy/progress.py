"""How stacks stand, and what happens to them while AWS changes them, told as it happens."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from afirgen.deploy.aws import Aws, translated
from afirgen.errors import DeploymentError

Say = Callable[[str], None]

MOST_S = 3600
"""Seconds after which a change counts as stuck."""
# Looks that a stack is given to show that what was asked of it has begun.
_LOOKS = 12
_DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


class Progress:
    """What happens to one stack from now on."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self._aws = aws
        self._since = datetime.now(UTC)
        self._seen: set[str] = set()
        self._status: str | None = None
        self._first_failure = ""

    def look(self, say: Say) -> bool:
        """Tell what is new of the stack's parts; False when the stack is at rest."""
        found = describe(self._aws, self.name)
        for event in _events(self._aws, self.name, self._since):
            if event["EventId"] in self._seen:
                continue
            self._seen.add(event["EventId"])
            status = event["ResourceStatus"]
            reason = event.get("ResourceStatusReason", "")
            say(f"{self.name}: {event['LogicalResourceId']} {status.lower().replace('_', ' ')} {reason}".rstrip())
            if status.endswith("FAILED") and not self._first_failure:
                self._first_failure = f"{event['LogicalResourceId']}: {reason}"
        self._status = found["StackStatus"] if found else None
        return self._status is not None and moves(self._status)

    def require_success(self) -> None:
        """Hold the stack, which is at rest, against what was wanted of it.

        Raises:
            DeploymentError: It failed; the sentence names the first part that did.
        """
        if self._status is None or self._status in _DONE:
            return
        failed = "removed" if self._status == "DELETE_FAILED" else "changed and is as it was before"
        raise DeploymentError(
            f"The stack {self.name} could not be {failed}. {self._first_failure} Mend that and run the same command "
            "again."
        )


def wait_for_begin(aws: Aws, name: str, before: dict[str, Any] | None, pause_s: float = 5.0) -> None:
    """Wait until a stack no longer shows the state that it had: for a moment it may still look finished."""
    for _ in range(_LOOKS):
        if _moment(describe(aws, name)) != _moment(before):
            return
        time.sleep(pause_s)


def rest(progress: Progress, say: Say, *, pause_s: float = 5.0) -> None:
    """Wait until a stack is at rest, telling what happens to its parts.

    Raises:
        DeploymentError: It takes longer than anything should.
    """
    deadline = time.monotonic() + MOST_S
    while progress.look(say):
        if time.monotonic() > deadline:
            raise too_long(progress.name)
        time.sleep(pause_s)


def wait_for(progress: Progress, say: Say, *, pause_s: float = 5.0) -> None:
    """Wait until a stack is at rest and as it was wanted.

    Raises:
        DeploymentError: What was under way failed; the sentence names the first part that did.
    """
    rest(progress, say, pause_s=pause_s)
    progress.require_success()


def too_long(name: str) -> DeploymentError:
    """Return what to say of a stack that does not come to rest."""
    return DeploymentError(f"The stack {name} has been changing for an hour. Look at it in the AWS console.")


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what AWS knows of a stack, None when there is none."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

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


def _moment(found: dict[str, Any] | None) -> tuple[Any, ...]:
    return (found or {}).get("StackStatus"), (found or {}).get("LastUpdatedTime")


def _events(aws: Aws, name: str, since: datetime) -> list[dict[str, Any]]:
    """Return the events since then, the oldest first; those of a stack that is gone are not needed."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        pages = aws.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
        events = [e for page in pages for e in page["StackEvents"] if e["Timestamp"] >= since]
    except ClientError:
        return []
    return events[::-1]
