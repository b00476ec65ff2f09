"""Bringing an installation up, putting it back, looking at it and taking it down."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, structs

from afirgen.deploy.artifact import Artifact, upload
from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.changes import ChangeSet, carry_out, discard, prepare, remove, start
from afirgen.deploy.kept import take_in
from afirgen.deploy.preflight import bucket_of
from afirgen.deploy.progress import Progress, Say, describe, outputs, parameter, rest
from afirgen.deploy.settle import lift_protection, settle
from afirgen.deploy.stacks import KEEPS_DATA, ORDER, STAGES, Stack, stack_name
from afirgen.deploy.stage import change_together
from afirgen.errors import DeploymentError

_HISTORY = "artifacts/history.json"
_KEPT_RELEASES = 20
_READY_S = 1200


class Release(Struct, frozen=True):
    """An artifact that was brought up and became ready."""

    sha256: str
    at: str


def plan(aws: Aws, stacks: Mapping[str, Stack], artifact: Artifact | None) -> Iterator[ChangeSet]:
    """Give the change set of each stack that can be looked at now, and throw it away afterwards.

    :func:`afirgen.deploy.preflight.check` goes before. A stack whose imports are not there yet cannot be looked at:
    no stage follows one in which a stack is new.
    """
    for stage in STAGES:
        is_new = False
        for kind in stage:
            stack = _with_artifact(stacks[kind], artifact)
            prepared = take_in(aws, stack) or prepare(aws, stack)
            if prepared is None:
                continue
            is_new |= prepared.is_new
            try:
                yield prepared
            finally:
                discard(aws, prepared)
        if is_new:
            return


def up(aws: Aws, stacks: Mapping[str, Stack], artifact: Artifact, say: Say, *, allow_data_loss: bool = False) -> None:
    """Bring every stack to what its template says, stage by stage; running it again goes on where it stopped.

    :func:`afirgen.deploy.preflight.check` goes before.

    Raises:
        DeploymentError: Something is wrong, or failed; AWS has put back what it had begun.
    """

    def begin(stack: Stack) -> Progress | None:
        settle(aws, stack.name, say)
        if stack.kind == "service":
            sent = upload(aws, bucket_of(aws, stack.parameters["Environment"]), artifact)
            say(f"The artifact {artifact.sha256[:12]} {'was sent' if sent else 'is there already'}.")
        if kept := take_in(aws, stack):
            say(f"{stack.name}: taking in what an earlier installation has left.")
            carry_out(aws, kept, say)
        prepared = prepare(aws, stack)
        if prepared is None:
            say(f"{stack.name}: nothing to change.")
            return None
        _require_kept_data(aws, prepared, allow_data_loss=allow_data_loss)
        _require_running_database(aws, prepared)
        for change in prepared.changes:
            say(f"{stack.name}: {change}")
        return start(aws, prepared)

    for stage in STAGES:
        change_together(aws, [_with_artifact(stacks[kind], artifact) for kind in stage], begin, say)
    _remember(aws, stacks["service"].parameters["Environment"], artifact.sha256)


def rollback(aws: Aws, stacks: Mapping[str, Stack], say: Say) -> str:
    """Bring up the release before the one that runs; return its hash.

    Raises:
        DeploymentError: There is none, or AWS refused.
    """
    environment = stacks["service"].parameters["Environment"]
    running = parameter(describe(aws, stacks["service"].name), "ArtifactSha256")
    known = [r.sha256 for r in releases(aws, environment)]
    # What runs may have failed before it counted as a release; then the newest that counts is the one before.
    earlier = known[: known.index(running)] if running in known else known
    if not earlier:
        raise DeploymentError("There is no earlier release to go back to.")
    sha256 = earlier[-1]
    stack = stacks["service"]
    chosen = {**stack.parameters, "ArtifactKey": f"artifacts/{sha256}.tar.gz", "ArtifactSha256": sha256}
    prepared = prepare(aws, structs.replace(stack, parameters=chosen))
    if prepared is not None:
        carry_out(aws, prepared, say)
    return sha256


def releases(aws: Aws, environment: str) -> list[Release]:
    """Return the releases that were brought up, the oldest first."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    with translated("to read the list of releases"):
        try:
            body = aws.client("s3").get_object(Bucket=bucket_of(aws, environment), Key=_HISTORY)["Body"].read()
        except ClientError as err:
            if err.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return []
            raise
    return [Release(**row) for row in json.loads(body)]


def status(aws: Aws, environment: str) -> dict[str, Any]:
    """Return the state of the stacks, the alarms that are raised, and what the service says of itself."""
    found = {kind: describe(aws, stack_name(environment, kind)) for kind in ORDER}
    with translated("to look at the alarms"):
        alarms = aws.client("cloudwatch").describe_alarms(
            AlarmNamePrefix=f"afirgen-{environment}-",
            StateValue="ALARM",
            AlarmTypes=["CompositeAlarm", "MetricAlarm"],
        )
    address = outputs(found["service"]).get("Address")
    return {
        "stacks": {kind: each["StackStatus"] if each else "not there" for kind, each in found.items()},
        "release": parameter(found["service"], "ArtifactSha256"),
        "address": address,
        "ready": bool(address) and is_ready(str(address)),
        "alarms": [a["AlarmName"] for kind in ("CompositeAlarms", "MetricAlarms") for a in alarms.get(kind, [])],
    }


def is_resting(aws: Aws, environment: str) -> bool:
    """Tell whether no instance is wanted now, as outside the working hours."""
    with translated("to look at the group of the instance"):
        groups = aws.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[f"afirgen-{environment}"]
        )["AutoScalingGroups"]
    return bool(groups) and groups[0]["DesiredCapacity"] == 0


def is_ready(address: str) -> bool:
    """Ask the service whether it is ready."""
    if not address.startswith(("https://", "http://")):
        return False
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=10) as answer:  # noqa: S310 -- checked above
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, TimeoutError, ValueError):
        return False


def wait_until_ready(address: str, *, most_s: float = _READY_S, pause_s: float = 10.0) -> bool:
    """Wait until the service says that it is ready; False when it does not in time."""
    deadline = time.monotonic() + most_s
    while not is_ready(address):
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
    return True


def log_lines(aws: Aws, environment: str, *, group: str = "application", minutes: int = 10) -> Iterator[str]:
    """Give the newest lines of a log group."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    with translated("to read the logs"):
        pages = (
            aws.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/afirgen/{environment}/{group}", startTime=int(since.timestamp() * 1000))
        )
        for page in pages:
            yield from (event["message"].rstrip() for event in page["events"])


def destroy(aws: Aws, environment: str, say: Say, *, data_named: str | None = None) -> None:
    """Take the installation down. Data stay unless ``data_named`` is the environment's own name.

    Even then the database leaves a last snapshot, and buckets, keys and secrets stay for somebody to remove by hand.

    Raises:
        DeploymentError: AWS refused.
    """
    with_data = data_named == environment
    for kind in reversed(ORDER):
        if not with_data and (kind in KEEPS_DATA or kind == "network"):
            say(f"{stack_name(environment, kind)} stays: it holds data, or what holds data needs it.")
            continue
        name = stack_name(environment, kind)
        if describe(aws, name) is None:
            continue
        if kind in KEEPS_DATA:
            # The protection of a database that is still being made cannot be lifted.
            rest(Progress(aws, name), say)
            lift_protection(aws, name)
        remove(aws, name, say)
        say(f"{name} is removed.")


def _require_kept_data(aws: Aws, prepared: ChangeSet, *, allow_data_loss: bool) -> None:
    lost = [change for change in prepared.changes if change.loses_data]
    if lost and not allow_data_loss:
        discard(aws, prepared)
        raise DeploymentError(
            f"{prepared.stack.name}: {lost[0].name} holds data and would be lost. Nothing of that stack was changed."
        )


def _require_running_database(aws: Aws, prepared: ChangeSet) -> None:
    """Stop before a change that AWS would refuse halfway: a stopped database cannot be changed."""
    if prepared.is_new or not any(c.kind == "AWS::RDS::DBInstance" for c in prepared.changes):
        return
    name = f"afirgen-{prepared.stack.parameters['Environment']}"
    with translated("to look at the database"):
        found = aws.client("rds").describe_db_instances()["DBInstances"]
    if any(d["DBInstanceIdentifier"] == name and d["DBInstanceStatus"] == "stopped" for d in found):
        discard(aws, prepared)
        raise DeploymentError(
            "The database is stopped outside the working hours and cannot be changed then. Run the same command within "
            f"them, or first start it with `aws rds start-db-instance --db-instance-identifier {name}`."
        )


def _remember(aws: Aws, environment: str, sha256: str) -> None:
    known = [r for r in releases(aws, environment) if r.sha256 != sha256]
    rows = [*known, Release(sha256, datetime.now(UTC).isoformat(timespec="seconds"))][-_KEPT_RELEASES:]
    with translated("to write the list of releases"):
        aws.client("s3").put_object(
            Bucket=bucket_of(aws, environment),
            Key=_HISTORY,
            Body=json.dumps([structs.asdict(r) for r in rows]).encode(),
        )


def _with_artifact(stack: Stack, artifact: Artifact | None) -> Stack:
    if artifact is None or "ArtifactKey" not in stack.known:
        return stack
    chosen = {**stack.parameters, "ArtifactKey": artifact.key, "ArtifactSha256": artifact.sha256}
    return structs.replace(stack, parameters=chosen)
