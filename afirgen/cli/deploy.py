"""`afirgen deploy`: an installation in AWS, from nothing to running, and every update after it."""

from pathlib import Path

import click

from afirgen.deploy.artifact import Artifact, build_artifact, read_artifact
from afirgen.deploy.aws import Aws
from afirgen.deploy.cost import bill, estimate, prices, profile_of, profiles
from afirgen.deploy.drill import restore_drill
from afirgen.deploy.preflight import check
from afirgen.deploy.run import destroy as take_down
from afirgen.deploy.run import is_resting, log_lines, plan, rollback, status, up, wait_until_ready
from afirgen.deploy.stacks import ENVIRONMENTS, STAGES, Stack, load_stacks
from afirgen.deploy.values import values_of
from afirgen.errors import DeploymentError, InvalidInputError

_ROOT = Path(__file__).resolve().parents[2]
_TEMPLATES = _ROOT / "deploy" / "cloudformation"
_OUT = Path("out") / "artifact"
_HOME = "ap-south-1"

_environment = click.argument("environment", type=click.Choice(ENVIRONMENTS))
_region = click.option("--region", default=_HOME, show_default=True, envvar="AWS_REGION", help="Region of AWS.")
_set = click.option("--set", "chosen", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated.")
_unchecked = click.option(
    "--rights-unchecked", is_flag=True, help="Do not ask whether the rights suffice; for those bound to names."
)


@click.group()
def deploy() -> None:
    """Plan, bring up, update, put back and take down an installation in AWS."""


@deploy.command("plan")
@_environment
@_region
@_set
@_unchecked
def plan_command(environment: str, region: str, chosen: tuple[str, ...], *, rights_unchecked: bool) -> None:
    """Show what would change and what a month would cost; nothing is changed."""
    aws, stacks = Aws(region), _stacks(environment, chosen)
    check(aws, stacks, with_rights=not rights_unchecked)
    shown: dict[str, bool] = {}
    for prepared in plan(aws, stacks, Artifact(Path(), "0" * 64)):
        shown[prepared.stack.kind] = prepared.is_new
        click.echo(f"{prepared.stack.name}{' (new)' if prepared.is_new else ''}")
        for change in prepared.changes:
            click.echo(f"  {change}")
    if any(shown.get(kind) for kind in STAGES[0]):
        click.echo("The stacks after these can be shown once they are there.")
    if not shown:
        click.echo("Nothing would change.")
    _tell_cost(aws, stacks)


@deploy.command("up")
@_environment
@_region
@_set
@click.option("--artifact", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A built artifact.")
@click.option("--allow-data-loss", is_flag=True, help="Also when something that holds data would be replaced.")
@_unchecked
def up_command(
    environment: str,
    region: str,
    chosen: tuple[str, ...],
    artifact: Path | None,
    *,
    allow_data_loss: bool,
    rights_unchecked: bool,
) -> None:
    """Bring the installation up, or up to date. Interrupted and run again, it goes on where it stopped."""
    aws, stacks = Aws(region), _stacks(environment, chosen)
    # Before the artifact, which takes minutes, and before anything is made.
    check(aws, stacks, with_rights=not rights_unchecked)
    _tell_cost(aws, stacks)
    up(aws, stacks, _artifact(artifact), click.echo, allow_data_loss=allow_data_loss)
    address = str(status(aws, environment)["address"])
    if is_resting(aws, environment):
        click.echo(f"No instance runs outside the working hours. The next start brings this release to {address}.")
        return
    if not wait_until_ready(address):
        raise DeploymentError(
            f"{address} does not say that it is ready. See `afirgen deploy logs {environment}`; put the release before "
            f"back with `afirgen deploy rollback {environment}`."
        )
    click.echo(f"AFIRGen is ready on {address}.")


@deploy.command("status")
@_environment
@_region
def status_command(environment: str, region: str) -> None:
    """Show stacks, release, readiness and raised alarms."""
    for name, value in status(Aws(region), environment).items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:8} {', '.join(shown) if isinstance(shown, list) else shown}")


@deploy.command("logs")
@_environment
@_region
@click.option("--group", default="application", show_default=True, help="application, system, access or network.")
@click.option("--minutes", default=10, show_default=True, type=click.IntRange(1), help="How far back.")
def logs_command(environment: str, region: str, group: str, minutes: int) -> None:
    """Print the newest log lines."""
    for line in log_lines(Aws(region), environment, group=group, minutes=minutes):
        click.echo(line)


@deploy.command("rollback")
@_environment
@_region
def rollback_command(environment: str, region: str) -> None:
    """Bring up the release before the one that runs."""
    sha256 = rollback(Aws(region), _stacks(environment, ()), click.echo)
    click.echo(f"The release {sha256[:12]} runs again.")


@deploy.command("restore-drill")
@_environment
@_region
def drill_command(environment: str, region: str) -> None:
    """Restore the database beside the running one, check its audit chain, and remove it again."""
    restore_drill(Aws(region), environment, click.echo)


@deploy.command("destroy")
@_environment
@_region
@click.option("--delete-data", metavar="ENVIRONMENT", help="Remove database and data too; name the environment again.")
def destroy_command(environment: str, region: str, delete_data: str | None) -> None:
    """Take the installation down; data stay unless they are named."""
    if delete_data not in {None, environment}:
        raise InvalidInputError(f"--delete-data names {delete_data}, not {environment}. Nothing was removed.")
    typed = click.prompt(f"Type {environment} to take it down", default="", show_default=False)
    if typed != environment:
        raise InvalidInputError("That is another name. Nothing was removed.")
    take_down(Aws(region), environment, click.echo, data_named=delete_data)


@deploy.command("cost")
@click.option("--region", default=_HOME, show_default=True, help="Region of AWS.")
@click.option("--profile", help="Only this profile, part by part.")
def cost_command(region: str, profile: str | None) -> None:
    """Show what a month costs in each profile."""
    if profile:
        bill = estimate(profile, region)
        for line in bill.lines:
            click.echo(f"{line.usd:10} {line.what}")
        click.echo(f"{bill.total:10} together")
    else:
        for name, each in profiles().items():
            click.echo(f"{estimate(name, region).total:10} {name}: {each.about}")
    click.echo(f"USD a month without tax, prices of {prices().date} ({prices().source}).")


@deploy.command("artifact")
def artifact_command() -> None:
    """Build the artifact and say where it is."""
    built = _artifact(None)
    click.echo(f"{built.path}\n{built.sha256}")


def _stacks(environment: str, chosen: tuple[str, ...]) -> dict[str, Stack]:
    pairs = {}
    for each in chosen:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise InvalidInputError(f"{each} is no parameter. Write --set NAME=VALUE.")
        pairs[name] = value
    return load_stacks(_TEMPLATES, environment, pairs)


def _tell_cost(aws: Aws, stacks: dict[str, Stack]) -> None:
    try:
        chosen = bill(profile_of(values_of(aws, stacks)), "as chosen", aws.region)
    except InvalidInputError as err:
        click.echo(err.public)
        return
    click.echo(f"About {chosen.total} USD a month without tax, prices of {prices().date}:")
    for line in chosen.lines:
        click.echo(f"{line.usd:10} {line.what}")


def _artifact(given: Path | None) -> Artifact:
    if given is not None:
        return read_artifact(given)
    return build_artifact(_ROOT, _OUT)
