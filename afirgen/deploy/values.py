"""The values that an installation would run with, and what is wrong with them though each fits its own rule."""

from collections.abc import Mapping
from zoneinfo import available_timezones

from afirgen.deploy.aws import Aws
from afirgen.deploy.progress import describe
from afirgen.deploy.stacks import Stack, parsed
from afirgen.errors import DeploymentError

_GROWS_BY = 1.1
_ALWAYS = "always"
_DAY = 24 * 60


def values_of(aws: Aws, stacks: Mapping[str, Stack]) -> dict[str, str]:
    """Return every parameter: as chosen, else as the stack has it, else as the template says."""
    found: dict[str, str] = {}
    for stack in stacks.values():
        declared = parsed(stack.template)["Parameters"]
        running = (describe(aws, stack.name) or {}).get("Parameters", [])
        found |= {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
        found |= {p["ParameterKey"]: p["ParameterValue"] for p in running if p["ParameterKey"] in declared}
    for stack in stacks.values():
        found |= stack.parameters
    return found


def require_sense(values: Mapping[str, str], region: str) -> None:
    """Hold the values against one another; AWS would refuse them one by one, in the middle of the work.

    Raises:
        DeploymentError: Two of them contradict each other; the sentence says which and what fits.
    """
    found = (_time_zone(values), _hours(values), _backup_hours(values), _windows(values), _storage(values))
    for problem in (*found, _https(values, region)):
        if problem:
            raise DeploymentError(f"{problem} Nothing was made.")


def _time_zone(values: Mapping[str, str]) -> str | None:
    zone = values.get("TimeZone", "UTC")
    return None if zone in available_timezones() else f"There is no TimeZone={zone}. Give one such as Asia/Kolkata."


def _hours(values: Mapping[str, str]) -> str | None:
    if _is_always_on(values):
        return None
    begin, minute, end = (int(values[name]) for name in ("StartHour", "StartMinute", "StopHour"))
    if begin * 60 + minute < end * 60:
        return None
    return f"The working hours begin at {begin}:{minute:02} and end at {end}. Give a StopHour that is later."


def _backup_hours(values: Mapping[str, str]) -> str | None:
    """A database that is stopped is not backed up, and nobody would be told of it."""
    hours = [int(hour) for hour in values.get("BackupHours", "").split(",") if hour]
    if late := [hour for hour in hours if hour > 23]:  # noqa: PLR2004 -- a day's hours
        return f"BackupHours has {late[0]}. Give hours from 0 to 23."
    if _is_always_on(values):
        return None
    begin, end = int(values["StartHour"]), int(values["StopHour"])
    outside = [hour for hour in hours if not begin <= hour < end]
    if not outside:
        return None
    return f"BackupHours has {outside[0]}, when the database is stopped. Give hours from {begin} to {end - 1}."


def _windows(values: Mapping[str, str]) -> str | None:
    """The database's own daily backup and its weekly patching may not touch."""
    if "BackupWindow" not in values or "MaintenanceWindow" not in values:
        return None
    backup = [_minute(time) for time in values["BackupWindow"].split("-")]
    patching = [_minute(time.partition(":")[2]) for time in values["MaintenanceWindow"].split("-")]
    # Seen from the beginning of the one, the other begins after its end and ends before the next day's.
    length, begin, end = ((at - backup[0]) % _DAY for at in (backup[1], *patching))
    if length < begin < end:
        return None
    return (
        f"MaintenanceWindow={values['MaintenanceWindow']} and BackupWindow={values['BackupWindow']} touch. Give one of "
        "them another time."
    )


def _minute(time: str) -> int:
    hour, _, minute = time.partition(":")
    return int(hour) * 60 + int(minute)


def _storage(values: Mapping[str, str]) -> str | None:
    least = int(values.get("DatabaseGiB", "0")) * _GROWS_BY
    most = int(values.get("DatabaseMostGiB", "0"))
    return None if most >= least else f"DatabaseMostGiB={most} leaves no room to grow. Give {least:.0f} or more."


def _https(values: Mapping[str, str], region: str) -> str | None:
    if values.get("Https") != "load-balancer":
        return None
    certificate = values.get("CertificateArn", "")
    if not certificate:
        return "HTTPS at a load balancer needs a certificate. Give it with --set CertificateArn=..."
    there = certificate.split(":")[3]
    return (
        None if there == region else f"The certificate is in {there}. A load balancer in {region} needs one from there."
    )


def _is_always_on(values: Mapping[str, str]) -> bool:
    return values.get("WorkingDays", _ALWAYS) == _ALWAYS
