"""The five stacks created in moto, which reads references, conditions and user data as CloudFormation does.

What moto does not know (alarms, secrets, bucket policies, backups, budgets, schedules) it leaves out and still calls the
stack complete, so only what is really there afterwards is asserted. docs/deployment.md lists what is left to an account.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.deploy.templates import STACKS, TEMPLATES, parameters

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")
REGION = "ap-south-1"
SHA256 = "ab" * 32
CHOSEN = {
    "ArtifactKey": f"artifacts/{SHA256}.tar.gz",
    "ArtifactSha256": SHA256,
    "DomainName": "fir.example.org",
    "ContactEmail": "station@example.org",
    "AlarmEmail": "station@example.org",
    "ImageId": "/afirgen/image",
}


def body(stack: str) -> str:
    """Return a template as moto can take it: its database knows no parameter group of a stack."""
    template = deepcopy(TEMPLATES[stack])
    if stack == "database":
        del template["Resources"]["Database"]["Properties"]["DBParameterGroupName"]
    return json.dumps(template)


def create(environment: str, **more: str) -> None:
    chosen = parameters(environment) | CHOSEN | {"Environment": environment} | more
    for stack in STACKS:
        known = TEMPLATES[stack]["Parameters"]
        rows = [{"ParameterKey": name, "ParameterValue": chosen[name]} for name in known if name in chosen]
        client("cloudformation").create_stack(
            StackName=f"afirgen-{environment}-{stack}",
            TemplateBody=body(stack),
            Parameters=rows,
            Capabilities=["CAPABILITY_IAM"],
            Tags=[{"Key": "afirgen", "Value": environment}],
        )


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def outputs(environment: str, stack: str) -> dict[str, str]:
    [found] = client("cloudformation").describe_stacks(StackName=f"afirgen-{environment}-{stack}")["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE"
    return {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "none")
    with mock_aws():
        image = client("ec2").describe_images()["Images"][0]["ImageId"]
        client("ssm").put_parameter(Name="/afirgen/image", Value=image, Type="String")
        yield


@pytest.mark.usefixtures("account")
def test_production_stands_as_written() -> None:
    create("prod")
    ec2 = client("ec2")
    network = outputs("prod", "network")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [network["Vpc"]]}])["Subnets"]
    assert sorted(s["CidrBlock"] for s in subnets) == [f"10.40.{n}.0/24" for n in range(4)]
    assert len({s["AvailabilityZone"] for s in subnets}) == 2
    [group] = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["afirgen-prod"])[
        "AutoScalingGroups"
    ]
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (0, 1, 1)
    assert set(group["VPCZoneIdentifier"].split(",")) == set(network["PublicSubnets"].split(","))
    assert outputs("prod", "service")["Address"] == "https://fir.example.org"
    [database] = client("rds").describe_db_instances()["DBInstances"]
    assert (database["StorageEncrypted"], database["PubliclyAccessible"]) == (True, False)
    assert database["EngineVersion"] == "8.4"
    buckets = {b["Name"] for b in client("s3").list_buckets()["Buckets"]}
    assert outputs("prod", "data")["ArtifactsBucket"] in buckets
    assert len(buckets) == 5


@pytest.mark.usefixtures("account")
def test_the_instance_gets_its_script_with_every_name_filled_in() -> None:
    create("prod", StationBeats="Beat 1, बीट 2", StationLanguage="hi")
    [template] = client("ec2").describe_launch_templates()["LaunchTemplates"]
    [version] = client("ec2").describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    data = version["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    script = base64.b64decode(data["UserData"]).decode()
    bucket = outputs("prod", "data")["ArtifactsBucket"]
    assert f's3://{bucket}/artifacts/{SHA256}.tar.gz" "$work/artifact.tar.gz"' in script
    assert f'echo "{SHA256}  $work/artifact.tar.gz" | sha256sum --check --quiet' in script
    assert "DATABASE_SECRET=afirgen/prod/database\n" in script
    assert 'STATION_BEATS="Beat 1, बीट 2"\nSTATION_LANGUAGE="hi"\n' in script
    # Whatever is left in braces would be a name that nothing filled in.
    assert "${" not in script
    if shellcheck := shutil.which("shellcheck"):
        done = subprocess.run([shellcheck, "-"], input=script, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.stdout == ""


@pytest.mark.usefixtures("account")
def test_working_hours_make_a_start_and_a_stop() -> None:
    create("dev")
    create("prod", WorkingDays="always")
    assert not client("autoscaling").describe_scheduled_actions(AutoScalingGroupName="afirgen-prod")[
        "ScheduledUpdateGroupActions"
    ]
    actions = client("autoscaling").describe_scheduled_actions(AutoScalingGroupName="afirgen-dev")
    found = {(a["Recurrence"], a["DesiredCapacity"]) for a in actions["ScheduledUpdateGroupActions"]}
    assert found == {("0 8 * * 1-6", 1), ("0 20 * * 1-6", 0)}


@pytest.mark.usefixtures("account")
def test_a_load_balancer_comes_by_parameter_only() -> None:
    certificate = client("acm").request_certificate(DomainName="fir.example.org")["CertificateArn"]
    create("staging", Https="load-balancer", CertificateArn=certificate)
    [balancer] = client("elbv2").describe_load_balancers()["LoadBalancers"]
    listeners = client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert {(one["Port"], one["Protocol"]) for one in listeners} == {(443, "HTTPS"), (80, "HTTP")}
    create("dev")
    assert len(client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1
