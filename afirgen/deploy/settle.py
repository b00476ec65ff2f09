"""What an interrupted or failed run has left: gone on with, or cleared away, so that the next run can begin."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.changes import remove
from afirgen.deploy.progress import Progress, Say, describe, rest, wait_for_begin
from afirgen.errors import DeploymentError

_NEVER_MADE = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"}
)
_NOT_PUT_BACK = "UPDATE_ROLLBACK_FAILED"
_MADE = frozenset({"CREATE_COMPLETE", "IMPORT_COMPLETE"})


def settle(aws: Aws, name: str, say: Say) -> None:
    """Clear away a stack, at rest, that never came into being, and go on with putting one back.

    Raises:
        DeploymentError: A stack that was complete once is being taken down, or AWS refused.
    """
    found = describe(aws, name)
    if found is None:
        return
    status = found["StackStatus"]
    if status in _NEVER_MADE or (status == "DELETE_FAILED" and not was_complete(aws, found)):
        say(f"{name}: removing what a first try has left.")
        _clear_away(aws, found, say)
    elif status == "DELETE_FAILED":
        raise DeploymentError(
            f"The stack {name} was being taken down, and a part of it is left. Run `afirgen deploy destroy` to its end "
            "first; its part that holds data goes with --delete-data."
        )
    elif status == _NOT_PUT_BACK:
        say(f"{name}: going on with putting it back.")
        _put_back(aws, found, say)


def was_complete(aws: Aws, found: Mapping[str, Any]) -> bool:
    """Tell whether a stack was ever made to its end; where AWS no longer knows its beginning, it counts as made."""
    with translated(f"to look at what happened to the stack {found['StackName']}"):
        pages = aws.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=found["StackId"])
        own = {
            event["ResourceStatus"]
            for page in pages
            for event in page["StackEvents"]
            if event["PhysicalResourceId"] == found["StackId"]
        }
    return "CREATE_IN_PROGRESS" not in own or bool(own & _MADE)


def lift_protection(aws: Aws, name: str) -> None:
    """Let the databases of a stack be deleted; one that is gone already needs nothing."""
    client = aws.client("rds")
    with translated("to lift the protection of the database"):
        parts = aws.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        for database in (p for p in parts if p["ResourceType"] == "AWS::RDS::DBInstance" and "PhysicalResourceId" in p):
            with suppress(client.exceptions.DBInstanceNotFoundFault):
                client.modify_db_instance(
                    DBInstanceIdentifier=database["PhysicalResourceId"], DeletionProtection=False, ApplyImmediately=True
                )


def _put_back(aws: Aws, found: dict[str, Any], say: Say) -> None:
    name, progress = found["StackName"], Progress(aws, found["StackName"])
    with translated(f"to put the stack {name} back"):
        aws.client("cloudformation").continue_update_rollback(StackName=name)
    wait_for_begin(aws, name, found)
    rest(progress, say)
    if (describe(aws, name) or {}).get("StackStatus") == _NOT_PUT_BACK:
        raise DeploymentError(f"The stack {name} could not be put back. See its events in the AWS console.")


def _clear_away(aws: Aws, found: Mapping[str, Any], say: Say) -> None:
    name = found["StackName"]
    # A database of a first try holds nothing yet, but its protection would keep the stack from going. A stack that was
    # complete once may hold records, whatever its state says.
    if not was_complete(aws, found):
        lift_protection(aws, name)
    remove(aws, name, say)
