"""Small stacks for what the deployment does, and makers for its tests."""

from pathlib import Path
from typing import Any

from afirgen.deploy.artifact import Artifact, pack
from afirgen.deploy.stacks import Stack, load_stacks

REGION = "ap-south-1"
_PARAMETER = "  Environment: { Type: String }\n"
SMALL = {
    "network": f"Parameters:\n{_PARAMETER}Resources:\n  Topic: {{ Type: AWS::SNS::Topic }}\n",
    "data": (
        f"Parameters:\n{_PARAMETER}Resources:\n  ArtifactsBucket: {{ Type: AWS::S3::Bucket }}\n"
        "Outputs:\n  ArtifactsBucket: { Value: !Ref ArtifactsBucket }\n"
    ),
    "database": f"Parameters:\n{_PARAMETER}Resources:\n  Database: {{ Type: AWS::SNS::Topic }}\n",
    "watch": (
        f"Parameters:\n{_PARAMETER}  Mail: {{ Type: String }}\nResources:\n"
        "  Alarms: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Ref Mail } }\n"
    ),
    "service": (
        f"Parameters:\n{_PARAMETER}  ArtifactKey: {{ Type: String }}\n  ArtifactSha256: {{ Type: String }}\n"
        "  InstanceType: { Type: String, Default: g5.xlarge }\n  Purchase: { Type: String, Default: spot }\n"
        "Resources:\n  Run: { Type: AWS::SSM::Parameter, Properties: { Name: run, Type: String, Value: !Ref ArtifactSha256 } }\n"
        "Outputs:\n  ArtifactSha256: { Value: !Ref ArtifactSha256 }\n  Address: { Value: 'https://fir.invalid' }\n"
    ),
}


class Quotas:
    """Stands for Service Quotas, which moto does not know for EC2."""

    def __init__(self, spot: float = 8, on_demand: float = 8) -> None:
        self.values = {"L-3819A6DF": spot, "L-DB2E81BA": on_demand}

    def get_service_quota(self, *, ServiceCode: str, QuotaCode: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert ServiceCode == "ec2"
        return {"Quota": {"Value": self.values[QuotaCode]}}


class Iam:
    """Stands for the part of IAM that tells who may do what, which moto does not know."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[str] = []
        self.about = ""

    def get_paginator(self, name: str) -> "Iam":
        assert name == "simulate_principal_policy"
        return self

    def paginate(self, *, PolicySourceArn: str, ActionNames: list[str]) -> list[dict[str, Any]]:  # noqa: N803 - AWS's names
        self.about = PolicySourceArn
        self.asked += ActionNames
        decide = {True: "implicitDeny", False: "allowed"}
        return [
            {
                "EvaluationResults": [
                    {"EvalActionName": a, "EvalDecision": decide[a in self.refused]} for a in ActionNames
                ]
            }
        ]

    def get_role(self, *, RoleName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"Role": {"Arn": f"arn:aws:iam::123456789012:role/path/{RoleName}"}}


def artifact(tmp_path: Path, content: bytes = b"program") -> Artifact:
    (tmp_path / "root" / "migrations").mkdir(parents=True, exist_ok=True)
    (tmp_path / "root" / "migrations" / "env.py").write_bytes(content)
    (tmp_path / "wheels").mkdir(exist_ok=True)
    wheel = tmp_path / "wheels" / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    return pack(tmp_path / "root", [wheel], "a==1\n", tmp_path)


def stacks(folder: Path, **chosen: str) -> dict[str, Stack]:
    return load_stacks(folder, "dev", chosen)


def quiet(_: str) -> None:
    """Say nothing."""
