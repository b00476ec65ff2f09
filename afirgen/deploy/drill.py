"""The restore drill: the newest state of the database, put back beside the running one and verified."""

import re
import time
from datetime import UTC, datetime

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.progress import Say, describe
from afirgen.deploy.stacks import stack_name
from afirgen.errors import DeploymentError

_MOST_S = 3600
_COMMAND = "/opt/afirgen/current/deploy/as-service.sh"
# What `afirgen audit verify` says of a database whose every record is as it was written.
_WHOLE = re.compile(r"(\d+) entries, \d+ records and \d+ originals .* The chain ends with ([0-9a-f]+)\.", re.DOTALL)


def restore_drill(aws: Aws, environment: str, say: Say, *, pause_s: float = 20.0) -> None:
    """Restore the database as it was minutes ago under another name, check it, and remove it.

    Its audit chain has to be whole and to name every record in it, and the running one has to go on from it.

    The result goes to the figure ``RestoreDrillFailures``, which an alarm watches.

    Raises:
        DeploymentError: It could not be restored, or its audit chain is not whole.
    """
    if describe(aws, stack_name(environment, "service")) is None:
        raise DeploymentError(f"The installation {environment} is not there. Begin with `afirgen deploy up`.")
    source, copy = f"afirgen-{environment}", f"afirgen-{environment}-drill"
    begun = time.monotonic()
    problem: DeploymentError | None = None
    try:
        _restore(aws, source, copy)
        say(f"{copy}: being restored from {source}.")
        host = _wait(aws, copy, pause_s)
        say(f"{copy}: restored after {time.monotonic() - begun:.0f} s; checking its records and its audit chain.")
        for line in _verify(aws, environment, host, pause_s):
            say(line)
    except DeploymentError as err:
        problem = err
    finally:
        # First the figure: a copy that cannot be removed is no reason to keep the result back.
        _report(aws, environment, failed=problem is not None)
        _remove(aws, copy)
    if problem is not None:
        raise problem
    say(f"The drill took {time.monotonic() - begun:.0f} s; {copy} is removed.")


def _restore(aws: Aws, source: str, copy: str) -> None:
    client = aws.client("rds")
    with translated("to restore the database beside the running one"):
        running = client.describe_db_instances(DBInstanceIdentifier=source)["DBInstances"][0]
        client.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=source,
            TargetDBInstanceIdentifier=copy,
            UseLatestRestorableTime=True,
            DBInstanceClass=running["DBInstanceClass"],
            DBSubnetGroupName=running["DBSubnetGroup"]["DBSubnetGroupName"],
            VpcSecurityGroupIds=[g["VpcSecurityGroupId"] for g in running["VpcSecurityGroups"]],
            DBParameterGroupName=running["DBParameterGroups"][0]["DBParameterGroupName"],
            MultiAZ=False,
            PubliclyAccessible=False,
            DeletionProtection=False,
        )


def _wait(aws: Aws, copy: str, pause_s: float) -> str:
    deadline = time.monotonic() + _MOST_S
    while True:
        with translated("to look at the restored database"):
            found = aws.client("rds").describe_db_instances(DBInstanceIdentifier=copy)["DBInstances"][0]
        if found["DBInstanceStatus"] == "available":
            return str(found["Endpoint"]["Address"])
        if time.monotonic() > deadline:
            raise DeploymentError("The database was not restored within an hour. See the RDS console.")
        time.sleep(pause_s)


def _verify(aws: Aws, environment: str, host: str, pause_s: float) -> tuple[str, str]:
    """Let the running instance, which alone may reach the database, check the copy and hold it beside its own."""
    said = _run(aws, environment, f"AFIRGEN_DATABASE_HOST={host} {_COMMAND} audit verify", pause_s)
    whole = _WHOLE.search(said)
    if whole is None:
        raise DeploymentError(f"The restored database is not whole: {said}")
    return said, _run(aws, environment, f"{_COMMAND} audit continues {whole[1]} {whole[2]}", pause_s)


def _run(aws: Aws, environment: str, command: str, pause_s: float) -> str:
    client = aws.client("ssm")
    with translated("to run a command on the instance"):
        sent = client.send_command(
            Targets=[{"Key": "tag:afirgen", "Values": [environment]}],
            DocumentName="AWS-RunShellScript",
            Parameters={"commands": [command]},
        )["Command"]["CommandId"]
        deadline = time.monotonic() + _MOST_S
        while True:
            runs = client.list_command_invocations(CommandId=sent, Details=True)["CommandInvocations"]
            if runs and all(r["Status"] not in {"Pending", "InProgress", "Delayed"} for r in runs):
                break
            if time.monotonic() > deadline:
                raise DeploymentError("The check of the restored database did not end within an hour.")
            time.sleep(pause_s)
    said = str(runs[0]["CommandPlugins"][0].get("Output", "")).strip()
    if runs[0]["Status"] != "Success":
        raise DeploymentError(f"The restored database is not whole: {said or runs[0]['Status']}")
    return said


def _remove(aws: Aws, copy: str) -> None:
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    with translated("to remove the restored database"):
        try:
            aws.client("rds").delete_db_instance(
                DBInstanceIdentifier=copy, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
            )
        except ClientError as err:
            if err.response["Error"]["Code"] != "DBInstanceNotFound":
                raise


def _report(aws: Aws, environment: str, *, failed: bool) -> None:
    with translated("to write a figure"):
        aws.client("cloudwatch").put_metric_data(
            Namespace="AFIRGen",
            MetricData=[
                {
                    "MetricName": "RestoreDrillFailures",
                    "Dimensions": [{"Name": "Environment", "Value": environment}],
                    "Timestamp": datetime.now(UTC),
                    "Value": float(failed),
                }
            ],
        )
