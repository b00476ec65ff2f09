"""`make deploy` without an account: checks, builds the artifact and brings the five stacks up in moto, in this process.

Run as ``python scripts/deploy_dry_run.py [ENV] [--fresh]``; ``--fresh`` collects every wheel anew and builds what has
none, but for the runtime that the setup has compiled, as on a machine where nobody deployed before. Prints the seconds of
each part. docs/deployment.md says what moto leaves out.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.cloudformation import cloudformation_backends
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.parsing import OutputMap
from moto.core import DEFAULT_ACCOUNT_ID
from msgspec import structs

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from afirgen.deploy.artifact import Artifact, build_artifact  # noqa: E402 - the project is found only now
from afirgen.deploy.aws import Aws  # noqa: E402
from afirgen.deploy.preflight import check  # noqa: E402
from afirgen.deploy.progress import Say  # noqa: E402
from afirgen.deploy.run import plan, up  # noqa: E402
from afirgen.deploy.stacks import ENVIRONMENTS, load_stacks  # noqa: E402
from afirgen.deploy.stacks import Stack as Planned  # noqa: E402

_REGION, _IMAGE = "ap-south-1", "/afirgen/image"
_CHOSEN = {
    "DomainName": "fir.example.org",
    "ContactEmail": "station@example.org",
    "AlarmEmail": "station@example.org",
    "ImageId": _IMAGE,
}


class _Quotas:
    """Stands for Service Quotas, which moto does not know for EC2."""

    def get_service_quota(self, **_: str) -> dict[str, Any]:
        """Allow two instances."""
        return {"Quota": {"Value": 8.0}}


class _Rights:
    """Stands for the part of IAM that tells who may do what, which moto does not know either."""

    def get_paginator(self, _: str) -> "_Rights":
        """Give itself."""
        return self

    def paginate(self, *, ActionNames: list[str], **_: str) -> list[dict[str, Any]]:  # noqa: N803 -- AWS's name
        """Allow everything."""
        return [{"EvaluationResults": [{"EvalActionName": name, "EvalDecision": "allowed"} for name in ActionNames]}]


class _Account(Aws):
    """An account that is gone when the program ends."""

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        stands_in = {"service-quotas": _Quotas, "iam": _Rights}.get(service)
        return stands_in() if stands_in else super().client(service)


@contextmanager
def account() -> Iterator[Aws]:
    """Lend an empty account in moto, whose change sets see other stacks' outputs and give their own, as AWS's do."""
    apply = ChangeSet.apply

    def with_outputs(change_set: ChangeSet) -> None:
        stack = change_set.stack
        exports = cloudformation_backends[DEFAULT_ACCOUNT_ID][_REGION].exports
        stack.resource_map.cross_stack_resources = exports
        apply(change_set)
        stack.template, stack.template_dict = change_set.template, change_set.template_dict
        stack.parameters = {**stack.resource_map.resolved_parameters, **change_set.parameters}
        stack.output_map = OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)
        exports.update({export.name: export for export in stack.exports})

    # A resource of a kind that moto does not know is None there.
    known = property(lambda stack: [part for part in stack.resource_map.values() if part is not None])
    with mock_aws(), patch.object(ChangeSet, "apply", with_outputs), patch.object(Stack, "stack_resources", known):
        made = _Account(_REGION)
        image = made.client("ec2").describe_images()["Images"][0]["ImageId"]
        made.client("ssm").put_parameter(Name=_IMAGE, Value=image, Type="String")
        yield made


def stacks(environment: str) -> dict[str, Planned]:
    """Return the real stacks; moto's database knows no parameter group of a stack."""
    found = load_stacks(ROOT / "deploy" / "cloudformation", environment, _CHOSEN)
    line = "      DBParameterGroupName: !Ref DatabaseParameters\n"
    found["database"] = structs.replace(found["database"], template=found["database"].template.replace(line, ""))
    return found


def rehearse(environment: str, artifact: Artifact, say: Say) -> dict[str, float]:
    """Check and plan in an empty account, bring everything up, and once more; return the seconds of each.

    Raises:
        DeploymentError: A template or the program is wrong.
    """
    chosen, took = stacks(environment), {}
    with account() as aws:
        for name, work in (
            ("checks", lambda: check(aws, chosen)),
            ("plan", lambda: list(plan(aws, chosen, artifact))),
            ("up, from nothing", lambda: up(aws, chosen, artifact, say)),
            ("up, with nothing to change", lambda: up(aws, chosen, artifact, say)),
        ):
            begun = time.perf_counter()
            work()
            took[name] = time.perf_counter() - begun
    return took


def main() -> None:
    """Build, rehearse and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("environment", nargs="?", choices=ENVIRONMENTS, default="dev")
    options.add_argument("--fresh", action="store_true")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")  # noqa: S106 -- of no account
    with tempfile.TemporaryDirectory() as empty:
        if chosen.fresh:
            os.environ["PIP_NO_CACHE_DIR"] = "1"
        begun = time.perf_counter()
        artifact = build_artifact(ROOT, Path(empty) if chosen.fresh else ROOT / "out" / "artifact")
        took = {"artifact": time.perf_counter() - begun, **rehearse(chosen.environment, artifact, print)}
    for name, seconds in took.items():
        print(f"{seconds:8.1f} s  {name}")
    print(f"{sum(took.values()) / 60:8.1f} minutes together")


if __name__ == "__main__":
    main()
