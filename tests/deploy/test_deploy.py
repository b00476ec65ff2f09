"""Deployment against moto: small stacks for what it does, the real ones are judged in test_templates*.py."""

import json
import os
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from msgspec import structs

from afirgen.case.languages import LANGUAGES
from afirgen.cli import deploy as cli_deploy
from afirgen.cli import main
from afirgen.deploy import changes, preflight, progress, run
from afirgen.deploy.artifact import _with_hashes_of, drop_others, read_artifact, take_compiled, upload
from afirgen.deploy.aws import Aws
from afirgen.deploy.changes import Change, ChangeSet, carry_out
from afirgen.deploy.cost import estimate
from afirgen.deploy.drill import restore_drill
from afirgen.deploy.progress import describe, parameter
from afirgen.deploy.rights import require_rights
from afirgen.deploy.run import destroy, is_resting, log_lines, plan, releases, rollback, status, up
from afirgen.deploy.stacks import ENVIRONMENTS, ORDER, Stack, load_stacks
from afirgen.deploy.values import require_sense, values_of
from afirgen.errors import DeploymentError, InvalidInputError
from tests.deploy.kit import REGION, SMALL, Iam, Quotas, artifact, quiet, stacks
from tests.deploy.templates import FOLDER, TEMPLATES, parameters

# --- up -----------------------------------------------------------------------------------------------------------


def test_up_makes_the_stacks_in_order_and_once_more_changes_nothing(aws: Aws, folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    built = artifact(tmp_path)
    up(aws, stacks(folder), built, said.append)
    made = [describe(aws, f"afirgen-dev-{kind}") for kind in ORDER]
    assert [m["StackStatus"] for m in made if m] == ["CREATE_COMPLETE"] * 5
    times = [m["CreationTime"] for m in made if m]
    assert times == sorted(times)
    assert "afirgen-dev-data: make    AWS::S3::Bucket ArtifactsBucket" in said
    assert parameter(made[4], "ArtifactSha256") == built.sha256
    assert [r.sha256 for r in releases(aws, "dev")] == [built.sha256]
    bucket = preflight.bucket_of(aws, "dev")
    assert aws.client("s3").head_object(Bucket=bucket, Key=built.key)["ContentLength"] == built.path.stat().st_size

    said.clear()
    up(aws, stacks(folder), built, said.append)
    assert f"The artifact {built.sha256[:12]} is there already." in said
    assert not upload(aws, bucket, built)


def test_updates_and_the_way_back_step_by_step(aws: Aws, folder: Path, tmp_path: Path) -> None:
    first, second, third = (artifact(tmp_path, content) for content in (b"1", b"2", b"3"))
    for each in (first, second, third):
        up(aws, stacks(folder), each, quiet)
    assert parameter(describe(aws, "afirgen-dev-service"), "ArtifactSha256") == third.sha256
    for earlier in (second, first):
        assert rollback(aws, stacks(folder), quiet) == earlier.sha256
        assert parameter(describe(aws, "afirgen-dev-service"), "ArtifactSha256") == earlier.sha256
    # Never forward again: what was left behind was wrong.
    with pytest.raises(DeploymentError, match="no earlier release"):
        rollback(aws, stacks(folder), quiet)


def test_without_an_earlier_release_there_is_no_way_back(aws: Aws, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="Begin with"):
        rollback(aws, stacks(folder), quiet)
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    with pytest.raises(DeploymentError, match="no earlier release"):
        rollback(aws, stacks(folder), quiet)


@pytest.mark.parametrize("stop_after", range(5))
def test_interrupted_anywhere_and_run_again_it_converges(
    aws: Aws, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    real, count = run.start, 0

    def interrupted(*arguments: Any, **more: Any) -> Any:
        nonlocal count
        if count == stop_after:
            raise KeyboardInterrupt
        count += 1
        return real(*arguments, **more)

    built = artifact(tmp_path)
    monkeypatch.setattr(run, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        up(aws, stacks(folder), built, quiet)
    monkeypatch.setattr(run, "start", real)
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
    first, second = plan(aws, stacks(folder), None)
    assert (first.is_new, [str(c) for c in first.changes]) == (True, ["make    AWS::SNS::Topic Topic"])
    assert (second.is_new, [str(c) for c in second.changes]) == (True, ["make    AWS::S3::Bucket ArtifactsBucket"])
    assert all(describe(aws, f"afirgen-dev-{kind}") is None for kind in ORDER)


@pytest.mark.parametrize(("spot", "on_demand"), [(0, 8), (8, 0), (3, 8)])
def test_a_quota_that_is_too_small_is_told_with_its_code(aws: Aws, folder: Path, spot: int, on_demand: int) -> None:
    aws._clients["service-quotas"] = Quotas(spot, on_demand)
    with pytest.raises(DeploymentError, match=r"Ask AWS for a higher quota L-"):
        preflight.check(aws, stacks(folder))
    assert describe(aws, "afirgen-dev-network") is None


def test_two_instances_at_once_need_quota_for_two(aws: Aws, folder: Path) -> None:
    aws._clients["service-quotas"] = Quotas(spot=4, on_demand=4)
    preflight.check(aws, stacks(folder))
    template = folder / "service.yaml"
    template.write_text(template.read_text().replace("Resources:", "  AlwaysOneMore: { Type: String }\nResources:"))
    with pytest.raises(DeploymentError, match="8 are needed"):
        preflight.check(aws, stacks(folder, AlwaysOneMore="true"))


def test_an_account_that_never_asked_has_the_quota_of_all(aws: Aws, folder: Path) -> None:
    class Default(Quotas):
        def get_service_quota(self, **_: str) -> dict[str, Any]:
            raise refusal("NoSuchResourceException", "not set")

        def get_aws_default_service_quota(self, **asked: str) -> dict[str, Any]:
            return super().get_service_quota(**asked)

    aws._clients["service-quotas"] = Default(spot=8, on_demand=0)
    with pytest.raises(DeploymentError, match=r"0 processors of on-demand .* L-DB2E81BA"):
        preflight.check(aws, stacks(folder))


def test_rights_that_are_missing_are_named_before_anything_is_made(aws: Aws) -> None:
    iam = Iam("rds:CreateDBInstance", "iam:CreateRole")
    aws._clients["iam"] = iam
    real = load_stacks(FOLDER, "dev", {})
    caller = "arn:aws:sts::123456789012:assumed-role/Deployer/me@example.org"
    with pytest.raises(DeploymentError) as refused:
        require_rights(aws, real, caller)
    assert refused.value.public == (
        "arn:aws:iam::123456789012:role/path/Deployer may not do iam:CreateRole, rds:CreateDBInstance. Ask for these "
        "rights. Where they are given for certain names only, AWS cannot tell beforehand: then say --rights-unchecked. "
        "Nothing was made."
    )
    assert len(set(iam.asked)) == len(iam.asked) > 80
    iam.refused = ()
    require_rights(aws, real, "arn:aws:iam::123456789012:user/somebody")
    assert iam.about == "arn:aws:iam::123456789012:user/somebody"
    # The account itself may do everything, and has no policies to look at.
    iam.about = ""
    require_rights(aws, real, "arn:aws:iam::123456789012:root")
    assert iam.about == ""


def test_rights_that_may_not_be_looked_at_are_asked_for(aws: Aws, folder: Path) -> None:
    class Closed(Iam):
        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            raise refusal("AccessDenied", "no")

    aws._clients["iam"] = Closed()
    with pytest.raises(DeploymentError, match=r"did not allow to look at your rights \(iam:SimulatePrincipalPolicy\)"):
        require_rights(aws, stacks(folder), "arn:aws:iam::123456789012:user/somebody")
    preflight.check(aws, stacks(folder), with_rights=False)


def refusal(code: str, message: str) -> Exception:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"TimeZone": "Asia/Kolkatta"}, "There is no TimeZone=Asia/Kolkatta."),
        ({"StartHour": "20"}, "The working hours begin at 20:00 and end at 20."),
        ({"BackupHours": "9,21"}, "BackupHours has 21, when the database is stopped. Give hours from 8 to 19."),
        ({"BackupHours": "9,24", "WorkingDays": "always"}, "BackupHours has 24."),
        ({"MaintenanceWindow": "sat:13:55-sat:14:25"}, "touch. Give one of them another time."),
        ({"MaintenanceWindow": "sun:23:50-mon:00:20", "BackupWindow": "00:10-00:40"}, "touch."),
        ({"DatabaseGiB": "100", "DatabaseMostGiB": "100"}, "DatabaseMostGiB=100 leaves no room to grow."),
        ({"Https": "load-balancer"}, "needs a certificate"),
        (
            {
                "Https": "load-balancer",
                "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
            },
            "The certificate is in us-east-1.",
        ),
    ],
)
def test_values_that_do_not_go_together_are_told(chosen: dict[str, str], said: str) -> None:
    defaults = {n: str(p["Default"]) for t in TEMPLATES.values() for n, p in t["Parameters"].items() if "Default" in p}
    values = defaults | parameters("dev")
    require_sense(values, REGION)
    require_sense(values | {"WorkingDays": "always"}, REGION)
    with pytest.raises(DeploymentError) as refused:
        require_sense(values | chosen, REGION)
    assert said in refused.value.public
    assert refused.value.public.endswith("Nothing was made.")


def test_what_a_parameter_names_is_looked_for_before_anything_is_made(aws: Aws) -> None:
    image = aws.client("ec2").describe_images()["Images"][0]["ImageId"]
    aws.client("ssm").put_parameter(Name="/image", Value=image, Type="String")
    whole = {"DomainName": "fir.example.org", "ContactEmail": "a@example.org", "AlarmEmail": "a@example.org"}
    preflight.check(aws, load_stacks(FOLDER, "dev", whole | {"ImageId": "/image"}))
    for chosen, said in (
        ({"ImageId": "/none"}, "has no image entry /none"),
        ({"ImageId": "/image", "HostedZoneId": "Z0000000000000"}, "There is no hosted zone Z0000000000000"),
        ({"ImageId": "/image", "TimeZone": "IST"}, "There is no TimeZone=IST"),
    ):
        with pytest.raises(DeploymentError, match=said):
            preflight.check(aws, load_stacks(FOLDER, "dev", whole | chosen))
    assert all(describe(aws, f"afirgen-dev-{kind}") is None for kind in ORDER)


def test_a_zone_of_another_domain_and_a_certificate_that_is_not_valid_yet(aws: Aws) -> None:
    zone = aws.client("route53").create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]["Id"]
    named = {"HostedZoneId": zone.rpartition("/")[2], "DomainName": "fir.example.net"}
    with pytest.raises(DeploymentError, match=r"is that of example\.org, and fir\.example\.net does not belong to it"):
        preflight._check_named(aws, named)
    preflight._check_named(aws, named | {"DomainName": "fir.example.org"})
    acm = aws.client("acm")
    arn = acm.request_certificate(DomainName="fir.example.org")["CertificateArn"]
    acm.delete_certificate(CertificateArn=arn)
    with pytest.raises(DeploymentError, match="There is no certificate"):
        preflight._check_named(aws, {"CertificateArn": arn, "Https": "load-balancer"})


def test_what_runs_counts_for_what_is_not_chosen_anew(aws: Aws, folder: Path, tmp_path: Path) -> None:
    up(aws, stacks(folder, InstanceType="g6.xlarge"), artifact(tmp_path), quiet)
    values = values_of(aws, stacks(folder))
    assert (values["InstanceType"], values["Purchase"], values["Mail"]) == ("g6.xlarge", "spot", "a@example.org")
    assert values_of(aws, stacks(folder, InstanceType="g5.xlarge"))["InstanceType"] == "g5.xlarge"


def test_a_kind_of_instance_that_the_region_lacks(aws: Aws, folder: Path) -> None:
    with pytest.raises(DeploymentError, match=r"has no g99\.xlarge in ap-south-1a or ap-south-1b"):
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
        ("StationName", "x" * 101, "at most 100 characters"),
        ("StationBeats", "Beat $1", "names between commas without quotation marks, backslashes and dollar signs"),
        ("StationLanguage", "de", f"one of {', '.join(LANGUAGES)}"),
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

    class Expired:
        def get_caller_identity(self) -> None:
            raise refusal("ExpiredToken", "old")

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
    assert [k for k in ORDER if describe(aws, f"afirgen-dev-{k}")] == ["network", "data", "database"]
    assert any("holds data" in line for line in said)


def test_what_uses_another_goes_before_it_and_a_database_in_the_making_is_waited_for(
    aws: Aws, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    steps: list[str] = []
    monkeypatch.setattr(run, "remove", lambda _, name, __: steps.append(f"remove {name.rpartition('-')[2]}"))
    monkeypatch.setattr(run, "rest", lambda each, _: steps.append(f"rest {each.name.rpartition('-')[2]}"))
    monkeypatch.setattr(run, "lift_protection", lambda _, name: steps.append(f"unprotect {name.rpartition('-')[2]}"))
    destroy(aws, "dev", quiet, data_named="dev")
    removed = [step.partition(" ")[2] for step in steps if step.startswith("remove")]
    assert removed == list(reversed(ORDER))
    at = steps.index("remove database")
    assert steps[at - 2 : at] == ["rest database", "unprotect database"]


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

    def __init__(self, **answers: tuple[str, str]) -> None:
        """``answers`` are result and words of each command of ``afirgen audit``."""
        self.answers, self.commands = answers, list[str]()

    def send_command(self, **asked: Any) -> dict[str, Any]:
        self.commands += asked["Parameters"]["commands"]
        return {"Command": {"CommandId": self.commands[-1]}}

    def list_command_invocations(self, *, CommandId: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        [(result, said)] = [answer for name, answer in self.answers.items() if f"audit {name}" in CommandId]
        return {"CommandInvocations": [{"Status": result, "CommandPlugins": [{"Output": said}]}]}


WHOLE = (
    "Success",
    "7 entries, 5 records and 2 originals are as they were written. The chain ends with 0123456789abcdef.\n",
)
GOES_ON = ("Success", "The audit log goes on from the copy's; 3 entries came since.\n")


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"verify": WHOLE, "continues": GOES_ON}, None),
        ({"verify": ("Failed", "The record case:1 is gone."), "continues": GOES_ON}, "case:1 is gone"),
        ({"verify": ("Success", "nothing of use"), "continues": GOES_ON}, "is not whole: nothing of use"),
        ({"verify": WHOLE, "continues": ("Failed", "not the continuation")}, "not the continuation"),
    ],
)
def test_the_restore_drill_checks_a_copy_and_removes_it(
    aws: Aws, folder: Path, tmp_path: Path, answers: dict[str, tuple[str, str]], problem: str | None
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
    instance = Instance(**answers)
    aws._clients["ssm"] = instance
    said: list[str] = []
    if problem is None:
        restore_drill(aws, "dev", said.append, pause_s=0)
        assert "3 entries came since." in "".join(said)
        # The copy is asked for its end, the running one whether it goes on from there.
        copy, running = instance.commands
        assert re.match(r"AFIRGEN_DATABASE_HOST=\S*afirgen-dev-drill\S* \S+ audit verify$", copy)
        assert re.match(r"/opt/\S+ audit continues 7 0123456789abcdef$", running)
    else:
        with pytest.raises(DeploymentError, match=problem):
            restore_drill(aws, "dev", said.append, pause_s=0)
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
    assert metrics["Datapoints"][0]["Maximum"] == float(problem is not None)


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


LOCK = "llama-cpp-python==0.3.36 \\\n    --hash=sha256:00\nuvicorn[standard]==1.2 ; python_version > '3'\n"


def test_wheels_of_earlier_versions_are_not_taken_along(tmp_path: Path) -> None:
    for name in ("llama_cpp_python-0.3.36-x.whl", "llama_cpp_python-0.3.35-x.whl", "moved_away-1.0-x.whl"):
        (tmp_path / name).touch()
    (tmp_path / "uvicorn-1.2-py3-none-any.whl").touch()
    drop_others(tmp_path, LOCK)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "llama_cpp_python-0.3.36-x.whl",
        "uvicorn-1.2-py3-none-any.whl",
    ]


def test_the_runtime_that_the_setup_compiled_is_taken_along(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    take_compiled(tmp_path, wheels, LOCK)
    assert list(wheels.iterdir()) == []
    other = tmp_path / "var" / "wheels" / "llama-0" / "llama_cpp_python-0.3.35-cp311.whl"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"another version")
    for age, content in ((20, b"old"), (10, b"new")):
        kept = tmp_path / "var" / "wheels" / f"llama-{age}" / "llama_cpp_python-0.3.36-cp311.whl"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(content)
        os.utime(kept, (1e9 - age, 1e9 - age))
    take_compiled(tmp_path, wheels, LOCK)
    [taken] = wheels.iterdir()
    assert taken.read_bytes() == b"new"
    # One that is kept from an earlier artifact stays, so that the same content gives the same bytes.
    taken.write_bytes(b"kept")
    take_compiled(tmp_path, wheels, LOCK)
    assert taken.read_bytes() == b"kept"


def test_an_artifact_that_is_given_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "root" / "deploy").mkdir(parents=True)
    (tmp_path / "root" / "deploy" / "user-data.sh").write_text("#!/bin/bash\n")
    built = artifact(tmp_path)
    renamed = built.path.rename(tmp_path / "newest.tar.gz")
    assert read_artifact(renamed).sha256 == built.sha256
    renamed.write_bytes(b"something else")
    with pytest.raises(InvalidInputError, match=r"newest\.tar\.gz is no artifact"):
        read_artifact(renamed)


# --- the command line -------------------------------------------------------------------------------------------------


def test_up_says_what_it_costs_and_that_it_is_ready(
    aws: Aws, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costing = (
        "  WorkingDays: { Type: String, Default: mon-sat }\n  StartHour: { Type: String, Default: 8 }\n"
        "  StartMinute: { Type: String, Default: 0 }\n  StopHour: { Type: String, Default: 20 }\n"
        "  DatabaseClass: { Type: String, Default: db.t4g.small }\n  DatabaseGiB: { Type: String, Default: 20 }\n"
        "  DatabaseMostGiB: { Type: String, Default: 40 }\n  DiskGiB: { Type: String, Default: 100 }\n"
        "  MultiAz: { Type: String, Default: 'false' }\n  Https: { Type: String, Default: instance }\nResources:"
    )
    template = folder / "service.yaml"
    template.write_text(template.read_text().replace("Resources:", costing, 1))
    monkeypatch.setattr(cli_deploy, "_TEMPLATES", folder)
    monkeypatch.setattr(cli_deploy, "Aws", lambda _: aws)
    monkeypatch.setattr(cli_deploy, "wait_until_ready", lambda _: True)
    (tmp_path / "root" / "deploy").mkdir(parents=True)
    (tmp_path / "root" / "deploy" / "user-data.sh").write_text("#!/bin/bash\n")
    command = ["deploy", "up", "dev", "--artifact", str(artifact(tmp_path).path)]
    later = "The stacks after these can be shown once they are there."
    planned = CliRunner().invoke(main, ["deploy", "plan", "dev"]).output
    assert [line for line in planned.splitlines() if line.endswith("(new)") or line == later] == [
        "afirgen-dev-network (new)",
        "afirgen-dev-data (new)",
        later,
    ]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    total = estimate("default", REGION).total
    assert f"About {total} USD a month" in done.output
    # Before anything is made.
    assert done.output.index("USD a month") < done.output.index("afirgen-dev-network: make")
    assert "AFIRGen is ready on " in done.output
    dearer = CliRunner().invoke(main, ["deploy", "plan", "dev", "--set", "Purchase=on-demand"])
    assert "g5.xlarge, on-demand, 312 h" in dearer.output
    assert later not in dearer.output
    unknown = CliRunner().invoke(main, ["deploy", "plan", "dev", "--set", "DatabaseClass=db.r6g.large"])
    assert (unknown.exit_code, "The price list has no g5.xlarge (spot) with db.r6g.large" in unknown.output) == (
        0,
        True,
    )

    monkeypatch.setattr(cli_deploy, "is_resting", lambda *_: True)
    monkeypatch.setattr(cli_deploy, "wait_until_ready", lambda _: pytest.fail("Nobody is there to be waited for."))
    resting = CliRunner().invoke(main, command)
    assert (resting.exit_code, "The next start brings this release" in resting.output) == (0, True)

    # What is wrong is said before minutes go into an artifact.
    aws._clients["iam"] = Iam("sns:CreateTopic")
    monkeypatch.setattr(cli_deploy, "build_artifact", lambda *_: pytest.fail("too early"))
    monkeypatch.setattr(aws.client("sts"), "get_caller_identity", lambda: {"Arn": "arn:aws:iam::1:user/somebody"})
    refused = CliRunner().invoke(main, ["deploy", "up", "dev"])
    assert (refused.exit_code, "may not do sns:CreateTopic" in refused.output) == (2, True)


def test_an_installation_rests_while_no_instance_is_wanted(aws: Aws) -> None:
    assert not is_resting(aws, "dev")
    scaling = aws.client("autoscaling")
    image = aws.client("ec2").describe_images()["Images"][0]["ImageId"]
    scaling.create_launch_configuration(LaunchConfigurationName="l", ImageId=image, InstanceType="t3.micro")
    zone = {"AvailabilityZones": [f"{REGION}a"], "MinSize": 0, "MaxSize": 1}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="afirgen-dev", LaunchConfigurationName="l", DesiredCapacity=1, **zone
    )
    assert not is_resting(aws, "dev")
    scaling.set_desired_capacity(AutoScalingGroupName="afirgen-dev", DesiredCapacity=0)
    assert is_resting(aws, "dev")


def test_a_stopped_database_is_not_changed(aws: Aws) -> None:
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier="afirgen-dev", DBInstanceClass="db.t4g.small", Engine="mysql", AllocatedStorage=20
    )
    change = Change("change", "Database", "AWS::RDS::DBInstance")
    stack = Stack("afirgen-dev-database", "database", "", frozenset(), frozenset(), {"Environment": "dev"})
    prepared = ChangeSet(stack, "none", (change,), is_new=False)
    run._require_running_database(aws, prepared)
    aws.client("rds").stop_db_instance(DBInstanceIdentifier="afirgen-dev")
    discarded: list[ChangeSet] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "discard", lambda _, each: discarded.append(each))
        with pytest.raises(DeploymentError, match="stopped outside the working hours"):
            run._require_running_database(aws, prepared)
    assert discarded == [prepared]
    run._require_running_database(aws, structs.replace(prepared, changes=()))


def test_a_stack_that_does_not_look_begun_yet_is_not_taken_for_done(
    aws: Aws, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a moment after it was told to, AWS may still show the state from before."""
    before = {"StackStatus": "REVIEW_IN_PROGRESS"}
    shown = iter([before, before, before, {"StackStatus": "CREATE_IN_PROGRESS"}, {"StackStatus": "CREATE_COMPLETE"}])
    looked: list[str] = []

    def look(_: Aws, name: str) -> dict[str, Any]:
        looked.append(name)
        return next(shown)

    prepared, _ = plan(aws, stacks(folder), None)
    for module in (changes, progress):
        monkeypatch.setattr(module, "describe", look)
    monkeypatch.setattr(aws.client("cloudformation"), "execute_change_set", lambda **_: None)
    carry_out(aws, prepared, quiet)
    assert len(looked) == 5


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
