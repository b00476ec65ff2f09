import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import afirgen
from afirgen import cli
from afirgen.cli import main
from afirgen.errors import InvalidInputError


def add_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "fail", fail, raising=False)
    monkeypatch.setitem(cli._COMMANDS, "fail", ("afirgen.cli:fail", "Fails."))


def test_help_names_every_command_and_loads_none() -> None:
    program = (
        "import sys; from afirgen.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('afirgen.') and m not in ('afirgen.cli', 'afirgen.errors')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert all(f"  {name} " in said for name in cli._COMMANDS)
    assert said.endswith("[]\n")


@pytest.mark.parametrize("name", list(cli._COMMANDS))
def test_every_command_exists(name: str) -> None:
    module = cli._COMMANDS[name][0].partition(":")[0]
    assert find_spec(module) is not None
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_version() -> None:
    assert afirgen.__version__ in CliRunner().invoke(main, ["--version"]).stdout


def test_an_expected_error_is_its_sentence_and_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    add_command(monkeypatch, InvalidInputError("The file is empty. Choose another.", detail="/secret/path"))
    result = CliRunner().invoke(main, ["fail"])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "The file is empty. Choose another.\n")


def test_an_unexpected_error_shows_no_trace_and_keeps_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path))
    add_command(monkeypatch, ValueError("Ramesh Kumar was robbed"))
    result = CliRunner().invoke(main, ["fail"])
    kept = (tmp_path / "error.log").read_text()
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr
    assert "ValueError" in kept
    assert "test_main.py" in kept
    assert "Ramesh" not in kept + result.stderr


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    add_command(monkeypatch, error)
    result = CliRunner().invoke(main, ["fail"])
    assert (result.exit_code, result.stderr.strip()) == (130, "Stopped.")


@pytest.mark.parametrize("arguments", [["nothing"], ["models", "pull", "--nothing"]])
def test_a_wrong_call_explains_itself(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "No such" in result.stderr
