"""What a month costs, from the dated price list that comes with the program."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afirgen.errors import InvalidInputError

_DATA = files("afirgen.deploy") / "data"
# Hours of the month for which an on-demand instance stands in while no spot instance is to be had.
_STAND_IN = Decimal("0.01")
_MONTH_H = 730
_DAYS = {"mon-fri": 5, "mon-sat": 6, "every-day": 7}
_CENT = Decimal("0.01")
T = TypeVar("T")


class Region(Struct, frozen=True):
    """Prices of one region: USD an hour for each kind of instance."""

    name: str
    storage_factor: Decimal
    instance: dict[str, Decimal]
    spot: dict[str, Decimal]


class SavingsPlan(Struct, frozen=True):
    """``share`` is what a year's promise takes off the on-demand price."""

    share: Decimal


class Prices(Struct, frozen=True):
    """The price list. ``database`` is USD an hour, ``monthly`` USD a month (by piece or by GiB)."""

    source: str
    date: date
    regions: dict[str, Region]
    database: dict[str, Decimal]
    monthly: dict[str, Decimal]
    savings_plan: SavingsPlan


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """A way to run the service; ``moderate`` marks those that the docs call moderate use."""

    about: str
    purchase: str
    hours: int
    database: str
    database_gib: int
    instance: str = "g5.xlarge"
    disk_gib: int = 100
    two_zones: bool = False
    load_balancer: bool = False
    moderate: bool = False


class Line(Struct, frozen=True):
    """One part of the bill, in USD a month."""

    what: str
    usd: Decimal


class Estimate(Struct, frozen=True):
    """A month's bill by parts. Tax and transfer to the internet come on top."""

    profile: str
    region: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """Sum in USD a month."""
        return sum((line.usd for line in self.lines), Decimal(0))


@cache
def prices() -> Prices:
    """Return the price list."""
    return _read("prices.toml", Prices)


@cache
def profiles() -> dict[str, Profile]:
    """Return the profiles by name; ``default`` is the first."""
    return _read("profiles.toml", dict[str, Profile])


def estimate(profile: str, region: str) -> Estimate:
    """Return what a month costs.

    Raises:
        InvalidInputError: The profile or the region has no prices here.
    """
    known = profiles()
    if profile not in known:
        raise InvalidInputError(f"There is no profile {profile}. Choose one of {', '.join(known)}.")
    return bill(known[profile], profile, region)


def bill(profile: Profile, name: str, region: str) -> Estimate:
    """Return what a month costs in a way to run the service, which is called ``name``.

    Raises:
        InvalidInputError: The region, the instance or the database has no prices here.
    """
    listed = prices()
    if region not in listed.regions:
        raise InvalidInputError(f"There are no prices for {region}. Choose one of {', '.join(listed.regions)}.")
    here = listed.regions[region]
    spot_only = profile.purchase == "spot" and profile.instance not in here.spot
    if profile.instance not in here.instance or spot_only or profile.database not in listed.database:
        raise InvalidInputError(
            f"The price list has no {profile.instance} ({profile.purchase}) with {profile.database} in {region}. See "
            "the price list of AWS."
        )
    return Estimate(name, region, _lines(profile, here, listed))


def profile_of(values: Mapping[str, str]) -> Profile:
    """Return the way to run the service that the parameters of the stacks stand for."""
    days = _DAYS.get(values["WorkingDays"])
    hours = (int(values["StopHour"]) * 60 - int(values["StartHour"]) * 60 - int(values["StartMinute"])) / 60
    return Profile(
        about="as chosen",
        purchase=values["Purchase"],
        hours=round(days * 52 / 12 * hours) if days else _MONTH_H,
        database=values["DatabaseClass"],
        database_gib=int(values["DatabaseGiB"]),
        instance=values["InstanceType"],
        disk_gib=int(values["DiskGiB"]),
        two_zones=values["MultiAz"] == "true",
        load_balancer=values["Https"] == "load-balancer",
    )


def _lines(profile: Profile, region: Region, listed: Prices) -> tuple[Line, ...]:
    factor, monthly = region.storage_factor, listed.monthly
    zones = 2 if profile.two_zones else 1
    # The storage of a stopped database and the disk are paid for all the same.
    database = listed.database[profile.database] * profile.hours * zones * factor
    storage = monthly["database_gib"] * profile.database_gib * zones * factor
    parts = {
        f"{profile.instance}, {profile.purchase}, {profile.hours} h": _instance(profile, region, listed),
        f"{profile.database}{', two zones' if profile.two_zones else ''}": database,
        f"database storage, {profile.database_gib} GiB": storage,
        f"disk, {profile.disk_gib} GiB": monthly["disk_gib"] * profile.disk_gib * factor * profile.hours / _MONTH_H,
        "public address": monthly["public_ip"],
        "logs, figures and alarms": monthly["cloudwatch"],
        "secrets and key": monthly["secrets_and_key"],
        "backups": monthly["backups"] * factor,
        "buckets": monthly["buckets"] * factor,
        "load balancer": monthly["load_balancer"] if profile.load_balancer else Decimal(0),
    }
    return tuple(Line(what, usd.quantize(_CENT, ROUND_HALF_UP)) for what, usd in parts.items() if usd)


def _instance(profile: Profile, region: Region, listed: Prices) -> Decimal:
    on_demand = region.instance[profile.instance] * profile.hours
    match profile.purchase:
        case "on-demand":
            return on_demand
        case "savings-plan":
            # The promise is paid for every hour, used or not.
            return region.instance[profile.instance] * _MONTH_H * (1 - listed.savings_plan.share)
        case _:
            spot = region.spot[profile.instance] * profile.hours
            return spot * (1 - _STAND_IN) + on_demand * _STAND_IN


def _read(name: str, kind: type[T]) -> T:
    return msgspec.toml.decode((_DATA / name).read_bytes(), type=kind, dec_hook=_decimal)


def _decimal(kind: type[Any], value: Any) -> Any:
    """Take a written number as the decimal that it is, not as its nearest binary fraction."""
    if kind is Decimal:
        return Decimal(str(value))
    raise NotImplementedError(kind)
