"""`afirgen bench`: how fast this machine is, and the settings that suit it."""

import asyncio
import math
from pathlib import Path

import click
from msgspec import structs

from afirgen.bootstrap import llm_options
from afirgen.errors import InvalidInputError
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.tune import Trial, keep_tuned, tune
from afirgen.inference.models.manifest import Role, load_manifest
from afirgen.settings import load_settings
from afirgen.telemetry.logs import set_up_logs


@click.group()
def bench() -> None:
    """Measure the models on this machine."""


@bench.command()
@click.option(
    "--tune", "keep", is_flag=True, help="Keep the best settings found; the program uses them when it starts."
)
@click.option("--model", help="A language model of the manifest; default: that of the profile.")
def llm(*, keep: bool, model: str | None) -> None:
    """Try settings of the language model on a piece of work like drafting, and show the seconds of each."""
    settings = load_settings()
    set_up_logs("CRITICAL")
    manifest = load_manifest()
    entry = manifest.entry(model) if model else manifest.default(settings.profile, Role.LLM)
    if entry.role != Role.LLM:
        raise InvalidInputError(f"{entry.id} is not a language model. Choose one of the role llm.")
    path = settings.model_dir / entry.id / entry.files[0].name
    if not path.is_file():
        raise InvalidInputError(f"The model {entry.id} is not here. Fetch it with `afirgen models pull`.")
    start = llm_options(settings)
    best = asyncio.run(tune(path, start, on_trial=_show))
    click.echo(f"Best: {_words(best, start)}.")
    if keep:
        click.echo(f"Kept in {_short(keep_tuned(path.parent, best))}.")


def _show(trial: Trial) -> None:
    shown = f"{trial.seconds:7.2f} s" if math.isfinite(trial.seconds) else "does not work here"
    click.echo(f"{trial.changed:<32}{shown}")


def _words(best: LlamaOptions, start: LlamaOptions) -> str:
    changed = {k: v for k, v in structs.asdict(best).items() if v != getattr(start, k)}
    return ", ".join(f"{name} {value}" for name, value in changed.items()) or "the settings as they are"


def _short(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
