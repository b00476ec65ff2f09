"""What an installation that was taken down has left is taken in by the next: found in moto, asked of AWS as it wants it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, s3_backends

from afirgen.deploy import preflight, run
from afirgen.deploy.aws import Aws
from afirgen.deploy.kept import take_in
from afirgen.deploy.progress import describe
from afirgen.deploy.run import destroy, plan, up
from afirgen.deploy.stacks import Stack, load_stacks
from afirgen.errors import DeploymentError
from tests.deploy.kit import REGION, artifact, quiet, stacks
from tests.deploy.templates import FOLDER, TEMPLATES

SECRETS = {
    "DatabaseSecret": "afirgen/dev/database",
    "ApiKeySecret": "afirgen/dev/api-key",
    "FirAuthSecret": "afirgen/dev/fir-auth-key",
    "BackupKeySecret": "afirgen/dev/backup-key",
}
LOGS = {
    "ApplicationLog": "/afirgen/dev/application",
    "SystemLog": "/afirgen/dev/system",
    "AccessLog": "/afirgen/dev/access",
    "DatabaseErrorLog": "/aws/rds/instance/afirgen-dev/error",
    "DatabaseSlowLog": "/aws/rds/instance/afirgen-dev/slowquery",
}
BUCKETS = {
    f"{kind.capitalize()}Bucket": f"afirgen-dev-{kind}-{DEFAULT_ACCOUNT_ID}-{REGION}"
    for kind in ("models", "artifacts", "originals", "backups", "logs")
}


class Left:
    """What a data stack leaves when it goes."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.key: str = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.arn: str = aws.client("kms").describe_key(KeyId=self.key)["KeyMetadata"]["Arn"]
        make = aws.client("secretsmanager").create_secret
        self.secrets = {n: make(Name=name, SecretString="x", KmsKeyId=self.arn)["ARN"] for n, name in SECRETS.items()}
        for name in LOGS.values():
            aws.client("logs").create_log_group(logGroupName=name)
        for name in BUCKETS.values():
            bucket(aws, name)
        aws.client("backup").create_backup_vault(BackupVaultName="afirgen-dev", EncryptionKeyArn=self.arn)

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Return what AWS has to be told of each, by its name in the template."""
        return (
            {"Key": {"KeyId": self.key}, "BackupVault": {"BackupVaultName": "afirgen-dev"}}
            | {n: {"Id": arn} for n, arn in self.secrets.items()}
            | {n: {"LogGroupName": name} for n, name in LOGS.items()}
            | {n: {"BucketName": name} for n, name in BUCKETS.items()}
        )


def bucket(aws: Aws, name: str) -> None:
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


@pytest.fixture
def left(aws: Aws) -> Left:
    return Left(aws)


@pytest.fixture
def asked(aws: Aws) -> list[dict[str, Any]]:
    """Keep every change set that is asked for."""
    seen: list[dict[str, Any]] = []
    aws.client("cloudformation").meta.events.register(
        "provide-client-params.cloudformation.CreateChangeSet", lambda params, **_: seen.append(params)
    )
    return seen


def data() -> Stack:
    return load_stacks(FOLDER, "dev", {})["data"]


def test_everything_that_stays_is_found_and_taken_in_by_its_own_identifier(
    aws: Aws, left: Left, asked: list[dict[str, Any]], tmp_path: Path
) -> None:
    stays = {n for n, r in TEMPLATES["data"]["Resources"].items() if str(r.get("DeletionPolicy")).startswith("Retain")}
    made = take_in(aws, data())
    assert made is not None
    [change_set] = asked
    assert change_set["ChangeSetType"] == "IMPORT"
    rows = {row["LogicalResourceId"]: row for row in change_set["ResourcesToImport"]}
    assert {name: row["ResourceIdentifier"] for name, row in rows.items()} == left.identifiers()
    assert rows.keys() == stays
    template = json.loads(change_set["TemplateBody"])
    assert "Outputs" not in template
    assert template["Resources"].keys() == stays
    for name, resource in template["Resources"].items():
        whole = TEMPLATES["data"]["Resources"][name]
        assert (resource["Type"], resource["DeletionPolicy"]) == (whole["Type"], "Retain")
        assert rows[name]["ResourceType"] == whole["Type"]
        # A secret that were taken in without its rule would get a new value with the next change.
        assert resource["Properties"] == json.loads(json.dumps(whole["Properties"]))
    (tmp_path / "import.json").write_text(change_set["TemplateBody"])
    tool = Path(sys.executable).parent / "cfn-lint"
    # A parameter that only comes to use with the rest is no fault here.
    call = [str(tool), "--ignore-checks", "W2001", "--template", str(tmp_path / "import.json")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stdout) == (0, "")


def test_properties_that_lean_on_what_is_gone_come_later(aws: Aws, asked: list[dict[str, Any]]) -> None:
    bucket(aws, BUCKETS["ModelsBucket"])
    assert take_in(aws, data()) is not None
    resources = json.loads(asked[0]["TemplateBody"])["Resources"]
    assert resources.keys() == {"ModelsBucket"}
    properties = resources["ModelsBucket"]["Properties"]
    # The key and the bucket for logs are not there.
    assert not {"BucketEncryption", "LoggingConfiguration"} & properties.keys()
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_nothing_is_taken_in_where_nothing_is_left_or_the_stack_is_there(
    aws: Aws, folder: Path, tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    assert take_in(aws, data()) is None
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    asked.clear()
    Left(aws)
    assert take_in(aws, data()) is None
    assert asked == []


def test_a_secret_that_is_going_is_named_with_the_way_back(aws: Aws, left: Left) -> None:
    aws.client("secretsmanager").delete_secret(SecretId=left.secrets["BackupKeySecret"])
    with pytest.raises(DeploymentError, match="restore-secret --secret-id afirgen/dev/backup-key"):
        take_in(aws, data())


def test_a_key_that_is_going_is_named_with_the_way_back(aws: Aws, left: Left) -> None:
    aws.client("kms").schedule_key_deletion(KeyId=left.key)
    with pytest.raises(DeploymentError, match=f"{left.key} of what is kept is in the state PendingDeletion"):
        take_in(aws, data())


def test_two_keys_are_not_chosen_between(aws: Aws, left: Left) -> None:
    another = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("secretsmanager").update_secret(SecretId=left.secrets["ApiKeySecret"], KmsKeyId=another)
    with pytest.raises(DeploymentError, match="several keys"):
        take_in(aws, data())


# --- down and up again ------------------------------------------------------------------------------------------------


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moto take a bucket in that is there; by itself it makes a new one for every name in a template."""
    real = FakeBucket.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def taken(cls: Any, name: str, *rest: Any, **more: Any) -> Any:
        there = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
        return there[name] if name in there else real(cls, name, *rest, **more)

    monkeypatch.setattr(FakeBucket, "create_from_cloudformation_json", classmethod(taken))


KEEPING = """
Parameters: { Environment: { Type: String } }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  ArtifactsBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties: { BucketName: !Sub "afirgen-${Environment}-artifacts-${AWS::AccountId}-${AWS::Region}" }
"""


@pytest.mark.usefixtures("taking")
def test_down_with_its_data_and_up_again(
    aws: Aws, folder: Path, tmp_path: Path, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data.yaml").write_text(KEEPING)
    built = artifact(tmp_path)
    up(aws, stacks(folder), built, quiet)
    aws.client("s3").put_object(Bucket=BUCKETS["ArtifactsBucket"], Key="note", Body=b"from before")
    destroy(aws, "dev", quiet, data_named="dev")
    assert describe(aws, "afirgen-dev-data") is None
    asked.clear()

    with monkeypatch.context() as patch:
        patch.setattr(run, "prepare", interrupted_at("data", run.prepare))
        with pytest.raises(KeyboardInterrupt):
            up(aws, stacks(folder), built, quiet)
    found = describe(aws, "afirgen-dev-data")
    assert found is not None
    assert found["StackStatus"] == "IMPORT_COMPLETE"
    up(aws, stacks(folder), built, quiet)
    kinds = [a["ChangeSetType"] for a in asked if a["StackName"] == "afirgen-dev-data"]
    assert kinds == ["IMPORT", "UPDATE"]
    body = aws.client("s3").get_object(Bucket=BUCKETS["ArtifactsBucket"], Key="note")["Body"].read()
    assert body == b"from before"
    found = describe(aws, "afirgen-dev-data")
    assert found is not None
    assert found["StackStatus"] == "UPDATE_COMPLETE"


def interrupted_at(kind: str, real: Any) -> Any:
    def prepare(aws: Aws, stack: Stack) -> Any:
        if stack.kind == kind:
            raise KeyboardInterrupt
        return real(aws, stack)

    return prepare


def test_a_plan_asks_for_what_would_be_taken_in_and_leaves_it(
    aws: Aws, folder: Path, asked: list[dict[str, Any]]
) -> None:
    (folder / "network.yaml").write_text(KEEPING)
    bucket(aws, BUCKETS["ArtifactsBucket"])
    first, _ = plan(aws, stacks(folder), None)
    assert first.is_new
    assert [a["ChangeSetType"] for a in asked] == ["IMPORT", "CREATE"]
    assert describe(aws, "afirgen-dev-network") is None
    aws.client("s3").head_bucket(Bucket=BUCKETS["ArtifactsBucket"])


# --- a database without its stack ---------------------------------------------------------------------------------------


def test_a_database_that_fell_out_of_its_stack_is_named(aws: Aws, folder: Path, tmp_path: Path) -> None:
    up(aws, stacks(folder), artifact(tmp_path), quiet)
    preflight.check(aws, stacks(folder))
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier="afirgen-dev", DBInstanceClass="db.t4g.small", Engine="mysql", AllocatedStorage=20
    )
    with pytest.raises(DeploymentError, match="not of this stack"):
        preflight.check(aws, stacks(folder))
