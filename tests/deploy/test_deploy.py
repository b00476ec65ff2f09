"""Deployment against moto: small stacks for what it does, the real ones are judged in test_templates*.py."""

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from afirgen.cli import main
from afirgen.deploy import preflight
from afirgen.deploy.artifact import _with_hashes_of, upload
from afirgen.deploy.aws import Aws
from afirgen.deploy.changes import Change, describe, parameter
from afirgen.deploy.drill import restore_drill
from afirgen.deploy.run import destroy, log_lines, plan, releases, rollback, status, up
from afirgen.deploy.stacks import ENVIRONMENTS, ORDER, load_stacks
from afirgen.errors import DeploymentError
from tests.deploy.kit import REGION, SMALL, Quotas, artifact, quiet, stacks
from tests.deploy.templates import FOLDER

# --- up -----------------------------------------------------------------------------------------------------------


def test_up_makes_the_stacks_in_order_and_once_more_changes_nothing(aws: Aws, folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    built = artifact(tmp_path)
    up(aws, stacks(folder), built, said.append)
    made = [describe(aws, f"afirgen-dev-{kind}") for kind in ORDER]
    assert [m["StackStatus"] for m in made if m] == ["CREATE_COMPLETE"] * 4
    times = [m["CreationTime"] for m in made if m]
    assert times == sorted(times)
    assert "afirgen-dev-data: make    AWS::S3::Bucket ArtifactsBucket" in said
    assert parameter(made[3], "ArtifactSha256") == built.sha256
    assert [r.sha256 for r in releases(aws, "dev")] == [built.sha256]
    bucket = preflight.bucket_of(aws, "dev")
    assert aws.client("s3").head_object(Bucket=bucket, Key=built.key)["ContentLength"] == built.path.stat().st_size

    said.clear()
    up(aws, stacks(folder), built, said.append)
    assert f"The artifact {built.sha256[:12]} is there already." in said
    assert not upload(aws, bucket, built)


def test_an_update_and_the_way_back(aws: Aws, folder: Path, tmp_path: Path) -> None:
    first, second = artifact(tmp_path, b"1"), artifact(tmp_path, b"2")
    for each in (first, second):
        up(aws, stacks(folder), each, quiet)
    assert parameter(describe(aws, "afirgen-dev-service"), "ArtifactSha256") == second.sha256
    assert rollback(aws, stacks(folder), quiet) == first.sha256
    assert parameter(describe(aws, "afirgen-dev-service"), "ArtifactSha256") == first.sha256


def test_without_an_earlier_release_there_is_no_way_back(aws: Aws, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="Begin with"):
        rollback(aws, stacks(folder), quiet)
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    with pytest.raises(DeploymentError, match="no earlier release"):
        rollback(aws, stacks(folder), quiet)


@pytest.mark.parametrize("stop_after", range(4))
def test_interrupted_anywhere_and_run_again_it_converges(
    aws: Aws, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    from afirgen.deploy import run  # noqa: PLC0415 - to be interrupted

    real, count = run.carry_out, 0

    def interrupted(*arguments: Any, **more: Any) -> None:
        nonlocal count
        if count == stop_after:
            raise KeyboardInterrupt
        count += 1
        real(*arguments, **more)

    built = artifact(tmp_path)
    monkeypatch.setattr(run, "carry_out", interrupted)
    with pytest.raises(KeyboardInterrupt):
        up(aws, stacks(folder), built, quiet)
    monkeypatch.setattr(run, "carry_out", real)
    up(aws, stacks(folder), built, quiet)
    for kind in ORDER:
        found = describe(aws, f"afirgen-dev-{kind}")
        assert found is not None
        assert found["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_what_holds_data_is_never_replaced_unasked() -> None:
    for action in ("replace", "remove"):
        assert Change(action, "Database", "AWS::RDS::DBInstance").loses_data
        assert not Change(action, "Alarm", "AWS::CloudWatch::Alarm").loses_data
    assert not Change("change", "Database", "AWS::RDS::DBInstance").loses_data
    assert str(Change("replace", "Database", "AWS::RDS::DBInstance")).endswith("HOLDS DATA")


# --- before anything is made ----------------------------------------------------------------------------------------


def test_a_plan_changes_nothing(aws: Aws, folder: Path) -> None:
    [first] = list(plan(aws, stacks(folder), None))
    assert (first.is_new, [str(c) for c in first.changes]) == (True, ["make    AWS::SNS::Topic Topic"])
    assert all(describe(aws, f"afirgen-dev-{kind}") is None for kind in ORDER)


@pytest.mark.parametrize(("spot", "on_demand"), [(0, 8), (8, 0), (3, 8)])
def test_a_quota_that_is_too_small_is_told_with_its_code(aws: Aws, folder: Path, spot: int, on_demand: int) -> None:
    aws._clients["service-quotas"] = Quotas(spot, on_demand)
    with pytest.raises(DeploymentError, match=r"Ask AWS for a higher quota L-"):
        preflight.check(aws, stacks(folder))
    assert describe(aws, "afirgen-dev-network") is None


def test_a_kind_of_instance_that_the_region_lacks(aws: Aws, folder: Path) -> None:
    with pytest.raises(DeploymentError, match=r"has no g99\.xlarge"):
        preflight.check(aws, stacks(folder, InstanceType="g99.xlarge"))


def test_a_name_that_is_taken(aws: Aws, folder: Path) -> None:
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier="afirgen-dev", DBInstanceClass="db.t4g.small", Engine="mysql", AllocatedStorage=20
    )
    with pytest.raises(DeploymentError, match="database afirgen-dev already"):
        preflight.check(aws, stacks(folder))


def test_a_parameter_that_is_missing_or_unknown(aws: Aws, folder: Path) -> None:
    (folder / "parameters" / "dev.json").write_text("[]")
    with pytest.raises(DeploymentError, match="--set Mail="):
        preflight.check(aws, stacks(folder))
    with pytest.raises(DeploymentError, match="no parameter Maill"):
        stacks(folder, Maill="x")


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("WorkingDays", "sundays", "one of always, mon-fri, mon-sat, every-day"),
        ("StopHour", "24", "a number from 0 to 23"),
        ("StopHour", "eight", "a number from 0 to 23"),
        ("DatabaseGiB", "19", "a number from 20 to 6000"),
        ("MonthlyBudget", "9", "a number from 10 to any"),
        ("BackupHours", "9", "hours of the day such as 0,6,12,18"),
        ("DomainName", "fir_station", "a domain name such as fir.example.org"),
        ("DatabaseClass", "small", "Size of the database server"),
        ("StationName", 'the "old" one', "a name without quotation marks, backslashes and dollar signs"),
    ],
)
def test_a_parameter_out_of_its_rule_stops_before_anything_is_asked_of_aws(name: str, value: str, needed: str) -> None:
    with pytest.raises(DeploymentError) as refused:
        load_stacks(FOLDER, "prod", {name: value})
    assert refused.value.public == f"{name}={value} is not right. Needed: {needed}. Nothing was made."


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_parameters_within_their_rules_are_taken(environment: str) -> None:
    chosen = {"StationName": "कोथरूड Police Station", "DomainName": "fir.example.org", "AlarmEmail": "a@example.org"}
    assert load_stacks(FOLDER, environment, chosen)["service"].parameters["StationName"] == chosen["StationName"]


def test_credentials_that_are_missing_or_expired(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(DeploymentError, match="No AWS credentials were found"):
        preflight.check(Aws(REGION), stacks(folder))

    from botocore.exceptions import ClientError  # noqa: PLC0415

    class Expired:
        def get_caller_identity(self) -> None:
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "GetCallerIdentity")

    made = Aws(REGION)
    made._clients["sts"] = Expired()
    with pytest.raises(DeploymentError, match="has expired"):
        preflight.check(made, stacks(folder))


# --- looking and taking down ----------------------------------------------------------------------------------------


def test_the_status_and_the_logs(aws: Aws, folder: Path, tmp_path: Path) -> None:
    assert status(aws, "dev")["stacks"] == dict.fromkeys(ORDER, "not there")
    built = artifact(tmp_path)
    up(aws, stacks(folder), built, quiet)
    seen = status(aws, "dev")
    assert (seen["release"], seen["ready"], seen["alarms"]) == (built.sha256, False, [])
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/afirgen/dev/application")
    logs.create_log_stream(logGroupName="/afirgen/dev/application", logStreamName="i")
    now = int(datetime.now(UTC).timestamp() * 1000)
    events = [{"timestamp": now, "message": "ready\n"}]
    logs.put_log_events(logGroupName="/afirgen/dev/application", logStreamName="i", logEvents=events)
    assert list(log_lines(aws, "dev")) == ["ready"]


def test_data_stay_unless_they_are_named(aws: Aws, folder: Path, tmp_path: Path) -> None:
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    said: list[str] = []
    destroy(aws, "dev", said.append)
    assert [k for k in ORDER if describe(aws, f"afirgen-dev-{k}")] == ["network", "data"]
    assert any("holds data" in line for line in said)


def test_destroy_asks_for_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr("afirgen.cli.deploy.take_down", lambda *_, **__: called.append("down"))
    for arguments, typed in ((["dev"], "yes\n"), (["dev"], "\n"), (["dev", "--delete-data", "prod"], "dev\n")):
        refused = CliRunner().invoke(main, ["deploy", "destroy", *arguments], input=typed)
        assert (refused.exit_code, "Nothing was removed" in refused.output) == (2, True)
    assert called == []
    assert CliRunner().invoke(main, ["deploy", "destroy", "dev"], input="dev\n").exit_code == 0
    assert called == ["down"]


class Instance:
    """Stands for Session Manager's commands, which moto takes but does not run."""

    def __init__(self, result: str, said: str) -> None:
        self.result, self.said, self.commands = result, said, [""]

    def send_command(self, **asked: Any) -> dict[str, Any]:
        self.commands = asked["Parameters"]["commands"]
        return {"Command": {"CommandId": "c"}}

    def list_command_invocations(self, **_: Any) -> dict[str, Any]:
        return {"CommandInvocations": [{"Status": self.result, "CommandPlugins": [{"Output": self.said}]}]}


@pytest.mark.parametrize(("result", "figure"), [("Success", 0.0), ("Failed", 1.0)])
def test_the_restore_drill_checks_a_copy_and_removes_it(
    aws: Aws, folder: Path, tmp_path: Path, result: str, figure: float
) -> None:
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    rds = aws.client("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="s", DBSubnetGroupDescription="s", SubnetIds=[s["SubnetId"] for s in _subnets(aws)]
    )
    rds.create_db_instance(
        DBInstanceIdentifier="afirgen-dev",
        DBInstanceClass="db.t4g.small",
        Engine="mysql",
        AllocatedStorage=20,
        DBSubnetGroupName="s",
        BackupRetentionPeriod=7,
    )
    instance = Instance(result, "5 records are as they were written.")
    aws._clients["ssm"] = instance
    said: list[str] = []
    if result == "Success":
        restore_drill(aws, "dev", said.append, pause_s=0)
        assert "5 records are as they were written." in said
    else:
        with pytest.raises(DeploymentError, match="is not whole"):
            restore_drill(aws, "dev", said.append, pause_s=0)
    assert instance.commands[0].endswith("audit verify")
    assert [d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]] == ["afirgen-dev"]
    metrics = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AFIRGen",
        MetricName="RestoreDrillFailures",
        Dimensions=[{"Name": "Environment", "Value": "dev"}],
        StartTime=datetime(2020, 1, 1, tzinfo=UTC),
        EndTime=datetime(2100, 1, 1, tzinfo=UTC),
        Period=60,
        Statistics=["Maximum"],
    )
    assert metrics["Datapoints"][0]["Maximum"] == figure


def _subnets(aws: Aws) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = boto3.client("ec2", REGION).describe_subnets()["Subnets"][:2]
    assert aws.region == REGION
    return found


# --- the artifact ---------------------------------------------------------------------------------------------------


def test_the_same_content_is_the_same_artifact(tmp_path: Path) -> None:
    first, second = artifact(tmp_path), artifact(tmp_path)
    assert first == second
    assert artifact(tmp_path, b"another").sha256 != first.sha256
    with tarfile.open(artifact(tmp_path).path) as archive:
        assert archive.getnames() == ["requirements.txt", "wheels/a-1-py3-none-any.whl", "migrations/env.py"]


def test_a_wheel_that_was_built_here_is_let_in_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "llama_cpp_python-0.3-cp311.whl").write_bytes(b"built")
    lock = "llama-cpp-python==0.3 \\\n    --hash=sha256:00\nother==1 \\\n    --hash=sha256:11\n"
    lines = _with_hashes_of(lock, tmp_path).splitlines()
    assert lines[1].startswith("    --hash=sha256:") and lines[1].endswith(" \\")  # noqa: PT018
    assert lines[0] == "llama-cpp-python==0.3 \\"
    assert lines[2:] == ["    --hash=sha256:00", "other==1 \\", "    --hash=sha256:11"]


# --- the files ------------------------------------------------------------------------------------------------------


def test_a_broken_file_is_named(folder: Path) -> None:
    (folder / "data.yaml").write_text("Resources: [")
    with pytest.raises(DeploymentError, match=r"data\.yaml"):
        stacks(folder)
    (folder / "data.yaml").write_text(SMALL["data"])
    (folder / "parameters" / "dev.json").write_text(json.dumps({"Mail": 1}))
    with pytest.raises(DeploymentError, match=r"dev\.json"):
        stacks(folder)


def test_costs_are_shown_without_an_account() -> None:
    shown = CliRunner().invoke(main, ["deploy", "cost"])
    assert shown.exit_code == 0
    assert "default" in shown.output
    parts = CliRunner().invoke(main, ["deploy", "cost", "--profile", "default"])
    assert "together" in parts.output
