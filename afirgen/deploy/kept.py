"""What an installation that was taken down has left under its names, and how a new stack takes it in.

CloudFormation's own search for what is there wants names without functions and knows neither secrets nor keys, so
everything is named here one by one.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.changes import ChangeSet, prepare
from afirgen.deploy.progress import describe
from afirgen.deploy.stacks import Stack, parsed
from afirgen.errors import DeploymentError

_KEY = "AWS::KMS::Key"
_INSIDE = re.compile(r"\$\{(\w+)")


class _Found(Struct, frozen=True):
    """Something that is there: what AWS knows it by, and the key that it is encrypted with."""

    identifier: dict[str, str]
    key: str | None = None


def take_in(aws: Aws, stack: Stack) -> ChangeSet | None:
    """Make the change set by which a new stack takes in what is kept; None when the stack is there or nothing is kept.

    Raises:
        DeploymentError: Something that is kept cannot be used as it is; the sentence says what to do.
    """
    if describe(aws, stack.name) is not None:
        return None
    template = parsed(stack.template)
    kept = _kept(aws, stack, template["Resources"])
    if not kept:
        return None
    rows = [
        {
            "ResourceType": template["Resources"][name]["Type"],
            "LogicalResourceId": name,
            "ResourceIdentifier": identifier,
        }
        for name, identifier in kept.items()
    ]
    only = json.dumps(_only(template, kept.keys()))
    return prepare(aws, structs.replace(stack, template=only), imported=rows)


def _kept(aws: Aws, stack: Stack, resources: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the identifiers of what is there, by the names in the template."""
    stays = {n: r for n, r in resources.items() if str(r.get("DeletionPolicy")).startswith("Retain")}
    found: dict[str, _Found] = {}
    with translated(f"to look for what is kept of {stack.name}"):
        account = aws.client("sts").get_caller_identity()["Account"]
        known = {**stack.parameters, "AWS::AccountId": account, "AWS::Region": aws.region}
        for name, resource in stays.items():
            if resource["Type"] in _LOOKS:
                attribute, look = _LOOKS[resource["Type"]]
                if there := look(aws, _filled(resource["Properties"][attribute], known)):
                    found[name] = there
        keys = {each.key for each in found.values() if each.key}
        for name, resource in stays.items():
            if resource["Type"] == _KEY and keys:
                found[name] = _key(aws, keys)
    return {name: each.identifier for name, each in found.items()}


def _only(template: Mapping[str, Any], kept: Any) -> dict[str, Any]:
    """Return the template with nothing but what is kept; properties that lean on other parts come with the rest."""
    absent = template["Resources"].keys() - kept
    resources = {}
    for name in kept:
        resource = template["Resources"][name]
        resources[name] = {
            "Type": resource["Type"],
            # Whatever fails from here on, what was there before stays.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {n: value for n, value in resource["Properties"].items() if not _names(value) & absent},
        }
    return {"Parameters": template["Parameters"], "Resources": resources}


def _names(value: Any) -> set[str]:
    """Return the names that functions inside a value refer to."""
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [name, *_]}:
            return {name}
        case {"Fn::Sub": str(text)}:
            return set(_INSIDE.findall(text))
        case dict():
            return set[str]().union(*map(_names, value.values()))
        case list():
            return set[str]().union(*map(_names, value))
    return set()


def _filled(name: Any, known: Mapping[str, str]) -> str:
    text: str = name["Fn::Sub"]
    for each, value in known.items():
        text = text.replace(f"${{{each}}}", value)
    return text


def _bucket(aws: Aws, name: str) -> _Found | None:
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        aws.client("s3").head_bucket(Bucket=name)
    except ClientError as err:
        if err.response["Error"]["Code"] in {"404", "NoSuchBucket"}:
            return None
        raise
    return _Found({"BucketName": name})


def _log_group(aws: Aws, name: str) -> _Found | None:
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return _Found({"LogGroupName": name}) if any(g["logGroupName"] == name for g in groups) else None


def _secret(aws: Aws, name: str) -> _Found | None:
    client = aws.client("secretsmanager")
    try:
        secret = client.describe_secret(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        return None
    if "DeletedDate" in secret:
        raise DeploymentError(
            f"The secret {name} is set to be deleted. Keep it with `aws secretsmanager restore-secret --secret-id "
            f"{name}` and run the same command again."
        )
    return _Found({"Id": secret["ARN"]}, secret.get("KmsKeyId"))


def _vault(aws: Aws, name: str) -> _Found | None:
    pages = aws.client("backup").get_paginator("list_backup_vaults").paginate()
    vaults = {v["BackupVaultName"]: v for page in pages for v in page["BackupVaultList"]}
    return _Found({"BackupVaultName": name}, vaults[name].get("EncryptionKeyArn")) if name in vaults else None


def _key(aws: Aws, keys: set[str]) -> _Found:
    """Return the one key of everything that is kept."""
    described = [aws.client("kms").describe_key(KeyId=key)["KeyMetadata"] for key in sorted(keys)]
    states = {each["KeyId"]: each["KeyState"] for each in described}
    if len(states) > 1:
        raise DeploymentError(
            f"What is kept is encrypted with several keys ({', '.join(sorted(states))}). Remove the vault or the "
            "secrets that are not wanted and run the same command again."
        )
    [(identifier, state)] = states.items()
    if state != "Enabled":
        raise DeploymentError(
            f"The key {identifier} of what is kept is in the state {state}. Bring it back with `aws kms "
            "cancel-key-deletion` and `aws kms enable-key`, and run the same command again."
        )
    return _Found({"KeyId": identifier})


_LOOKS: dict[str, tuple[str, Callable[[Aws, str], _Found | None]]] = {
    "AWS::S3::Bucket": ("BucketName", _bucket),
    "AWS::Logs::LogGroup": ("LogGroupName", _log_group),
    "AWS::SecretsManager::Secret": ("Name", _secret),
    "AWS::Backup::BackupVault": ("BackupVaultName", _vault),
}
