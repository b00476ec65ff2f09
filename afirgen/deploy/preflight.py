"""What is looked at before anything is made: one sentence for each thing that would stop a deployment later."""

from collections.abc import Mapping

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.changes import describe
from afirgen.deploy.stacks import Stack, stack_name
from afirgen.errors import DeploymentError

# Quotas of instances with a GPU, in virtual processors.
_QUOTAS = {"on-demand": "L-DB2E81BA", "spot": "L-3819A6DF"}
_GONE = "DELETE_COMPLETE"
_PROCESSORS = {"xlarge": 4, "2xlarge": 8}


def check(aws: Aws, stacks: Mapping[str, Stack]) -> str:
    """Look at credentials, region, parameters and quota; return the account's number.

    Raises:
        DeploymentError: The first thing that is wrong, and what to do about it.
    """
    with translated("to say who is signed in"):
        account = str(aws.client("sts").get_caller_identity()["Account"])
    _check_instance_type(aws, stacks["service"])
    _check_quota(aws, stacks["service"])
    _check_names(aws, stacks)
    _check_parameters(aws, stacks)
    return account


def _check_instance_type(aws: Aws, service: Stack) -> None:
    wanted = service.parameters.get("InstanceType", "g5.xlarge")
    with translated("to list the kinds of instances"):
        found = aws.client("ec2").describe_instance_type_offerings(
            LocationType="region", Filters=[{"Name": "instance-type", "Values": [wanted]}]
        )["InstanceTypeOfferings"]
    if not found:
        raise DeploymentError(
            f"The region {aws.region} has no {wanted}. Choose another region, or another InstanceType with --set."
        )


def _check_quota(aws: Aws, service: Stack) -> None:
    """New accounts often have a quota of zero; a purchase by spot needs the other one too, for its stand-in."""
    size = service.parameters.get("InstanceType", "g5.xlarge").partition(".")[2]
    needed = _PROCESSORS.get(size, 4)
    for purchase in ("spot", "on-demand") if service.parameters.get("Purchase", "spot") == "spot" else ("on-demand",):
        with translated("to read the quotas"):
            quota = aws.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=_QUOTAS[purchase])
        allowed = quota["Quota"]["Value"]
        if allowed < needed:
            raise DeploymentError(
                f"The account may run {allowed:.0f} processors of {purchase} instances with a GPU in {aws.region}, "
                f"{needed} are needed. Ask AWS for a higher quota {_QUOTAS[purchase]} (EC2, Service Quotas)."
            )


def _check_names(aws: Aws, stacks: Mapping[str, Stack]) -> None:
    """A database of another making under our name would only be found halfway."""
    data = stacks["data"]
    name = f"afirgen-{data.parameters['Environment']}"
    with translated("to look at the databases"):
        taken = [d["DBInstanceIdentifier"] for d in aws.client("rds").describe_db_instances()["DBInstances"]]
    if name in taken and name not in _parts(aws, data.name):
        raise DeploymentError(
            f"There is a database {name} already that is not of this stack. Rename or remove it first."
        )


def _parts(aws: Aws, stack: str) -> set[str]:
    """Return what the parts of a stack are called in AWS; none when there is no such stack."""
    if describe(aws, stack) is None:
        return set()
    with translated("to look at the data stack"):
        parts = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {p["PhysicalResourceId"] for p in parts if "PhysicalResourceId" in p and p["ResourceStatus"] != _GONE}


def _check_parameters(aws: Aws, stacks: Mapping[str, Stack]) -> None:
    for stack in stacks.values():
        found = describe(aws, stack.name)
        kept = {p["ParameterKey"] for p in (found or {}).get("Parameters", [])}
        made_later = {"ArtifactKey", "ArtifactSha256"}
        missing = sorted(stack.needed - set(stack.parameters) - kept - made_later)
        if missing:
            raise DeploymentError(f"{missing[0]} is not given. Give it with --set {missing[0]}=...")


def bucket_of(aws: Aws, environment: str) -> str:
    """Return the artifacts bucket.

    Raises:
        DeploymentError: The data stack is not there yet.
    """
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    with translated("to look at the data stack"):
        try:
            found = aws.client("cloudformation").describe_stack_resource(
                StackName=stack_name(environment, "data"), LogicalResourceId="ArtifactsBucket"
            )
        except ClientError as err:
            if "does not exist" not in str(err):
                raise
            raise DeploymentError(
                f"The installation {environment} is not there yet. Begin with `afirgen deploy up`."
            ) from err
    return str(found["StackResourceDetail"]["PhysicalResourceId"])
