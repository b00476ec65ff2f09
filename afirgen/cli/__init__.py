"""The command line. Subcommands are loaded only when they are called, so that help is quick."""

import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import click

from afirgen import __version__
from afirgen.errors import AfirgenError

_COMMANDS = {
    "draft": ("afirgen.cli.draft:draft", "Draft an FIR from a text, recording, image or PDF."),
    "serve": ("afirgen.cli.serve:serve", "Start the application."),
    "demo": ("afirgen.cli.demo:demo", "Draft FIRs from the samples that come with the program."),
    "models": ("afirgen.cli.models:models", "List, fetch, verify, push and switch models."),
    "kb": ("afirgen.cli.kb:kb", "Build, search and extend the legal knowledge base."),
    "officer": ("afirgen.cli.officer:officer", "Add, list, disable and reset accounts."),
    "audit": ("afirgen.cli.audit:audit", "Check records against the audit log, and export cases."),
    "backup": ("afirgen.cli.backup:backup", "Make, check and restore encrypted backups."),
    "db": ("afirgen.cli.db:db", "Create and migrate the database."),
    "bench": ("afirgen.cli.bench:bench", "Measure the models on this machine and tune their settings."),
    "deploy": ("afirgen.cli.deploy:deploy", "Bring an installation up in AWS and keep it up to date."),
    "evaluate": ("afirgen.cli.evaluate:evaluate", "Measure drafts against cases with known answers."),
}
_EXIT_EXPECTED, _EXIT_UNEXPECTED, _EXIT_INTERRUPTED = 2, 1, 130


class _LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- the same
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *_: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command line; every error becomes one sentence and an exit code."""
        try:
            result = super().main(args, standalone_mode=False, **extra)
        except click.exceptions.Abort:
            click.echo("Stopped.", err=True)
            sys.exit(_EXIT_INTERRUPTED)
        except click.ClickException as err:
            err.show()
            sys.exit(err.exit_code)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(_EXIT_INTERRUPTED)
        except AfirgenError as err:
            click.echo(err.public, err=True)
            sys.exit(_EXIT_EXPECTED)
        except Exception as err:  # noqa: BLE001 -- the outermost edge: nothing may reach the user as a trace
            click.echo(f"Something went wrong that should not have. {_keep(err)}", err=True)
            sys.exit(_EXIT_UNEXPECTED)
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _keep(err: Exception) -> str:
    """Write where the error arose into a file; its text is left out because it may quote a complaint."""
    from afirgen.settings import load_settings  # noqa: PLC0415 -- slow, and needed only here

    frames = "".join(traceback.format_tb(err.__traceback__))
    try:
        log = load_settings().data_dir / "error.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as out:
            out.write(f"{datetime.now(UTC).isoformat()} {type(err).__name__}\n{frames}\n")
    except (OSError, AfirgenError):
        return f"It was a {type(err).__name__}."
    return f"What is known of it is in {log}."


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="afirgen")
def main() -> None:
    """Draft a First Information Report from speech, a scan or text, for an officer to review."""
