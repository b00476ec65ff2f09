"""What is looked at before anything is made: one sentence for each thing that would stop a deployment later."""

from collections.abc import Mapping

from afirgen.deploy.aws import Aws, translated
from afirgen.deploy.progress import describe
from afirgen.deploy.rights import require_rights
from afirgen.deploy.stacks import Stack, stack_name
from afirgen.deploy.values import require_sense, values_of
from afirgen.errors import DeploymentError

# Quotas of instances with a GPU, in virtual processors.
_QUOTAS = {"on-demand": "L-DB2E81BA", "spot": "L-3819A6DF"}
_GONE = "DELETE_COMPLETE"
_ZONE = "availability-zone"
_PROCESSORS = {"xlarge": 4, "2xlarge": 8}


def check(aws: Aws, stacks: Mapping[str, Stack], *, with_rights: bool = True) -> None:
    """Look at credentials, parameters, rights, region, quota and names.

    Raises:
        DeploymentError: The first thing that is wrong, and what to do about it.
    """
    with translated("to say who is signed in"):
        caller = str(aws.client("sts").get_caller_identity()["Arn"])
    _check_given(aws, stacks)
    values = values_of(aws, stacks)
    require_sense(values, aws.region)
    if with_rights:
        require_rights(aws, stacks, caller)
    _check_instance_type(aws, values)
    _check_quota(aws, values)
    _check_names(aws, stacks)
    _check_named(aws, values)


def _check_instance_type(aws: Aws, values: Mapping[str, str]) -> None:
    """The network has the first two zones of the region; not every zone has every kind."""
    wanted = values["InstanceType"]
    client = aws.client("ec2")
    with translated("to list the kinds of instances"):
        listed = client.describe_availability_zones()["AvailabilityZones"]
        # As the template's function counts them: without local zones.
        zones = sorted(z["ZoneName"] for z in listed if z.get("ZoneType", _ZONE) == _ZONE)[:2]
        found = client.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [wanted]}]
        )["InstanceTypeOfferings"]
    if not {each["Location"] for each in found} & set(zones):
        raise DeploymentError(
            f"The region {aws.region} has no {wanted} in {' or '.join(zones)}. Choose another region, or another "
            "InstanceType with --set."
        )


def _check_quota(aws: Aws, values: Mapping[str, str]) -> None:
    """New accounts often have a quota of zero; a purchase by spot needs the other one too, for its stand-in."""
    needed = _PROCESSORS.get(values["InstanceType"].partition(".")[2], 4)
    if values.get("AlwaysOneMore") == "true":
        needed *= 2
    for purchase in ("spot", "on-demand") if values["Purchase"] == "spot" else ("on-demand",):
        allowed = _quota(aws, _QUOTAS[purchase])
        if allowed < needed:
            raise DeploymentError(
                f"The account may run {allowed:.0f} processors of {purchase} instances with a GPU in {aws.region}, "
                f"{needed} are needed. Ask AWS for a higher quota {_QUOTAS[purchase]} (EC2, Service Quotas)."
            )


def _quota(aws: Aws, code: str) -> float:
    """Return what the account may run; one that never asked for more has no value of its own."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    client = aws.client("service-quotas")
    with translated("to read the quotas"):
        try:
            return float(client.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"])
        except ClientError as err:
            if err.response["Error"]["Code"] != "NoSuchResourceException":
                raise
            default = client.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=code)
            return float(default["Quota"]["Value"])


def _check_names(aws: Aws, stacks: Mapping[str, Stack]) -> None:
    """A database of another making under our name would only be found halfway."""
    database = stacks["database"]
    name = f"afirgen-{database.parameters['Environment']}"
    with translated("to look at the databases"):
        taken = [d["DBInstanceIdentifier"] for d in aws.client("rds").describe_db_instances()["DBInstances"]]
    if name in taken and name not in _parts(aws, database.name):
        raise DeploymentError(
            f"There is a database {name} already that is not of this stack. Rename or remove it first."
        )


def _parts(aws: Aws, stack: str) -> set[str]:
    """Return what the parts of a stack are called in AWS; none when there is no such stack."""
    if describe(aws, stack) is None:
        return set()
    with translated(f"to look at the stack {stack}"):
        parts = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {p["PhysicalResourceId"] for p in parts if "PhysicalResourceId" in p and p["ResourceStatus"] != _GONE}


def _check_given(aws: Aws, stacks: Mapping[str, Stack]) -> None:
    for stack in stacks.values():
        found = describe(aws, stack.name)
        kept = {p["ParameterKey"] for p in (found or {}).get("Parameters", [])}
        made_later = {"ArtifactKey", "ArtifactSha256"}
        missing = sorted(stack.needed - set(stack.parameters) - kept - made_later)
        if missing:
            raise DeploymentError(f"{missing[0]} is not given. Give it with --set {missing[0]}=...")


def _check_named(aws: Aws, values: Mapping[str, str]) -> None:
    """What a parameter names has to be there: the image, the certificate, the zone of the domain."""
    for look in (_image, _certificate, _zone):
        with translated("to look at what the parameters name"):
            problem = look(aws, values)
        if problem:
            raise DeploymentError(f"{problem} Nothing was made.")


def _image(aws: Aws, values: Mapping[str, str]) -> str | None:
    name = values.get("ImageId")
    if not name or aws.client("ssm").get_parameters(Names=[name])["Parameters"]:
        return None
    return f"The region {aws.region} has no image entry {name}. Give another with --set ImageId=..."


def _certificate(aws: Aws, values: Mapping[str, str]) -> str | None:
    arn = values.get("CertificateArn")
    if not arn or values.get("Https") != "load-balancer":
        return None
    client = aws.client("acm")
    try:
        state = client.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
    except client.exceptions.ResourceNotFoundException:
        return f"There is no certificate {arn}. See `aws acm list-certificates`."
    return None if state == "ISSUED" else f"The certificate {arn} is {state}, not ISSUED. Validate it first."


def _zone(aws: Aws, values: Mapping[str, str]) -> str | None:
    zone = values.get("HostedZoneId")
    if not zone:
        return None
    client = aws.client("route53")
    try:
        name = str(client.get_hosted_zone(Id=zone)["HostedZone"]["Name"]).rstrip(".")
    except client.exceptions.NoSuchHostedZone:
        return f"There is no hosted zone {zone}. See `aws route53 list-hosted-zones`."
    domain = values["DomainName"]
    if domain == name or domain.endswith(f".{name}"):
        return None
    return f"The hosted zone {zone} is that of {name}, and {domain} does not belong to it."


def bucket_of(aws: Aws, environment: str) -> str:
    """Return the artifacts bucket.

    Raises:
        DeploymentError: The data stack is not there yet.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

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
