"""`afirgen models`: what models there are, and how their files come and go."""

import click
import msgspec
from rich.console import Console
from rich.table import Table

from afirgen.cli.progress import FileProgress
from afirgen.errors import AfirgenError, ModelFileError, SettingsError
from afirgen.inference.models.manifest import Manifest, ModelEntry, Role, load_manifest
from afirgen.inference.models.push import push_model
from afirgen.inference.models.sources import open_sources, open_target
from afirgen.inference.models.store import ModelState, ModelStore
from afirgen.settings import Settings, load_settings
from afirgen.telemetry.logs import set_up_logs

_KEY_FILE = "api_key"


class _Context:
    """What every subcommand needs: settings, manifest and the store."""

    def __init__(self) -> None:
        self.settings: Settings = load_settings()
        self.manifest: Manifest = load_manifest()
        self.store = ModelStore(
            self.settings.model_dir, open_sources(self.settings.model_sources, self.manifest.wheels)
        )

    def chosen(self, model_ids: tuple[str, ...]) -> tuple[ModelEntry, ...]:
        """Return the models named, or those of the profile in use."""
        if model_ids:
            return tuple(self.manifest.entry(model_id) for model_id in model_ids)
        return self.manifest.entries(self.settings.profile)


@click.group()
def models() -> None:
    """List, fetch, verify, push and switch models."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(*, as_json: bool) -> None:
    """Show every model: role, licence, languages, size and whether it is here."""
    context = _Context()
    profile = {entry.id for entry in context.manifest.entries(context.settings.profile)}
    rows = [
        {
            "id": entry.id,
            "role": entry.role.value,
            "in_profile": entry.id in profile,
            "state": context.store.state(entry).value,
            "bytes": entry.size,
            "licence": entry.licence,
            "languages": list(entry.languages),
            "provenance": entry.provenance,
        }
        for entry in context.manifest.models
    ]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    table = Table("Model", "Role", "Profile", "State", "MiB", "Licence", "Languages", box=None, pad_edge=False)
    for entry, row in zip(context.manifest.models, rows, strict=True):
        table.add_row(
            entry.id,
            entry.role.value,
            context.settings.profile if row["in_profile"] else "",
            str(row["state"]),
            "in a package" if entry.bundled else "not pinned" if entry.size is None else f"{entry.size / 2**20:.0f}",
            entry.licence,
            " ".join(entry.languages),
        )
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)


@models.command()
@click.argument("model_ids", metavar="[MODEL]...", nargs=-1)
def pull(model_ids: tuple[str, ...]) -> None:
    """Fetch the models named, or those of the profile in use; goes on where it was interrupted."""
    context = _Context()
    wanted = [entry for entry in context.chosen(model_ids) if context.store.state(entry) is not ModelState.READY]
    if not wanted:
        click.echo("All models are here.")
        return
    set_up_logs("CRITICAL")  # each retry would be a line of log between the bars
    for entry in wanted:
        with FileProgress("fetching") as progress:
            context.store.pull(entry, progress.advance, progress.note)
        click.echo(f"{entry.id} is here and verified.")


@models.command()
@click.argument("model_ids", metavar="[MODEL]...", nargs=-1)
def verify(model_ids: tuple[str, ...]) -> None:
    """Read every file of the models whole and compare its checksum."""
    context = _Context()
    problems: list[ModelFileError] = []
    for entry in context.chosen(model_ids):
        try:
            with FileProgress("checking") as progress:
                context.store.verify(entry, progress.advance)
        except ModelFileError as err:
            problems.append(err)
        else:
            click.echo(f"{entry.id} is right.")
    if problems:
        raise ModelFileError("\n".join(err.public for err in problems))


@models.command()
@click.argument("model_ids", metavar="MODEL...", nargs=-1, required=True)
@click.option("--to", "place", help="s3://BUCKET/PREFIX or a folder; default: the first such model source.")
@click.option("--replace", is_flag=True, help="Put these files in place of others of the same model.")
def push(model_ids: tuple[str, ...], place: str | None, *, replace: bool) -> None:
    """Send models from the model folder to where other machines pull them, and pin their checksums."""
    context = _Context()
    target = open_target(place or _first_target(context.settings.model_sources))
    for entry in context.chosen(model_ids):
        with FileProgress("sending") as progress:
            push_model(entry, context.settings.model_dir, target, progress.advance, replace=replace)
        click.echo(f"{entry.id} is in {target.name}.")


def _first_target(places: tuple[str, ...]) -> str:
    for place in places:
        if place.startswith("s3://") or ("://" not in place and place != "registry"):
            return place
    raise SettingsError("Say where to push with --to s3://BUCKET/PREFIX or --to FOLDER.")


@models.command()
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.argument("model_id", metavar="MODEL")
def use(role: str, model_id: str) -> None:
    """Switch a role of the running application to another model.

    New work goes to it once it has passed its check; the old model leaves after its last request.
    """
    context = _Context()
    entry = context.manifest.entry(model_id)
    if entry.role.value != role:
        raise ModelFileError(f"The model {model_id} is for {entry.role}, not for {role}.")
    context.store.path(entry)
    click.echo(f"Loading {model_id}.", err=True)
    _ask_to_switch(context.settings, role, model_id)
    click.echo(f"{role} is now {model_id}.")


def _ask_to_switch(settings: Settings, role: str, model_id: str) -> None:
    import httpx  # noqa: PLC0415 -- only this command talks to the application

    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 -- a comparison
    where = f"http://{host}:{settings.port}"
    try:
        answer = httpx.post(
            f"{where}/api/v1/models/{role}",
            json={"model": model_id},
            headers={"X-API-Key": _api_key(settings)},
            timeout=httpx.Timeout(300, connect=5),
        )
    except httpx.TransportError as err:
        raise AfirgenError(f"No application answers at {where}. Start it with `make run`.", detail=repr(err)) from err
    if answer.is_error:
        raise AfirgenError(_public(answer.content) or f"The application answered {answer.status_code}.")


def _api_key(settings: Settings) -> str:
    if settings.api_key:
        return settings.api_key.get_secret_value()
    path = settings.data_dir / _KEY_FILE
    try:
        return path.read_text("utf-8").strip()
    except OSError as err:
        raise SettingsError("There is no API key. Set AFIRGEN_API_KEY, or start the application once.") from err


def _public(body: bytes) -> str | None:
    """Return the sentence of an error answer, whichever of the usual keys holds it."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.MsgspecError:
        return None
    found = next((answer[name] for name in ("detail", "message", "error") if isinstance(answer.get(name), str)), None)
    return None if found is None else str(found)
