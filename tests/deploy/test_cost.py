"""The monthly bill, against the owner's limits."""

from datetime import date
from decimal import Decimal

import pytest

from afirgen.deploy.cost import estimate, prices, profiles
from afirgen.errors import InvalidInputError
from tests.deploy.templates import TEMPLATES, parameters

HOME = "ap-south-1"
MOST_DEFAULT, MOST_MODERATE = 350, 500


@pytest.mark.parametrize("region", list(prices().regions))
def test_the_default_profile_stays_under_its_limit(region: str) -> None:
    assert next(iter(profiles())) == "default"
    assert Decimal(150) < estimate("default", region).total <= MOST_DEFAULT


def test_every_moderate_profile_stays_under_500_in_both_regions() -> None:
    moderate = [name for name, profile in profiles().items() if profile.moderate]
    assert len(moderate) >= 2
    for name in moderate:
        for region in prices().regions:
            assert estimate(name, region).total <= MOST_MODERATE, (name, region)


def test_the_known_sums_come_out() -> None:
    """24 x 7 on demand in us-east-1: 1.006 x 730 for the instance, 0.065 x 730 for the database."""
    lines = {line.what: line.usd for line in estimate("always-on-demand", "us-east-1").lines}
    assert lines["g5.xlarge, on-demand, 730 h"] == Decimal("734.38")
    assert lines["db.t4g.medium"] == Decimal("47.45")
    assert lines["public address"] == Decimal("3.65")
    total = estimate("always-on-demand", "us-east-1").total
    assert total == sum(lines.values())
    assert 800 < total < 860


def test_two_zones_and_a_load_balancer_cost_more() -> None:
    large = {line.what: line.usd for line in estimate("large", "us-east-1").lines}
    assert large["db.t4g.medium, two zones"] == 2 * Decimal("47.45")
    assert large["load balancer"] == 25


def test_the_prices_say_where_and_when_they_are_from() -> None:
    assert prices().source
    assert date(2025, 1, 1) < prices().date < date(2030, 1, 1)


def test_the_default_profile_is_what_production_is_set_up_with() -> None:
    chosen = {
        name: str(p["Default"]) for t in TEMPLATES.values() for name, p in t["Parameters"].items() if "Default" in p
    }
    chosen |= parameters("prod")
    default = profiles()["default"]
    assert (chosen["Purchase"], chosen["InstanceType"]) == (default.purchase, default.instance)
    assert (chosen["DatabaseClass"], int(chosen["DatabaseGiB"])) == (default.database, default.database_gib)
    assert (int(chosen["DiskGiB"]), chosen["MultiAz"], chosen["WorkingDays"]) == (default.disk_gib, "false", "mon-sat")
    assert (int(chosen["StopHour"]) - int(chosen["StartHour"])) * 6 * 52 / 12 == default.hours
    assert Decimal(chosen["MonthlyBudget"]) == MOST_DEFAULT


@pytest.mark.parametrize(("profile", "region"), [("huge", HOME), ("default", "mars-north-1")])
def test_what_has_no_prices_is_refused_with_what_there_is(profile: str, region: str) -> None:
    with pytest.raises(InvalidInputError, match="Choose one of"):
        estimate(profile, region)
