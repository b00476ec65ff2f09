"""`afirgen officer`, as an administrator calls it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afirgen.cli import main

PASSWORD = "seven green buses wait"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("AFIRGEN_DATABASE_URL", raising=False)
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0


def call(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["officer", *words], input=typed)


def test_an_account_from_beginning_to_end() -> None:
    added = call("add", "Asha Rao", "--role", "recording_officer", typed=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.stderr
    assert PASSWORD not in added.output
    assert call("add", "asha rao", "--role", "administrator", typed=f"{PASSWORD}\n").exit_code == 2
    assert call("disable", "Asha Rao").exit_code == 0
    listed = call("list").stdout
    assert "Asha Rao" in listed
    assert "disabled" in listed
    assert call("reset", "Asha Rao", typed="eight blue trains leave\n").exit_code == 0
    assert "active" in call("list").stdout
    assert CliRunner().invoke(main, ["audit", "verify"]).exit_code == 0


def test_an_api_client_is_shown_its_key_once() -> None:
    added = call("add", "courts", "--role", "api_client")
    key = added.stdout.rsplit(" ", 1)[1].strip()
    assert len(key) > 40
    assert key not in call("list").stdout
    again = call("reset", "courts").stdout.rsplit(" ", 1)[1].strip()
    assert again != key


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x", "--role", "king"),
        ("add", "x"),
        ("add", "x", "--role", "administrator", "--password", PASSWORD),
        ("add", "x", "--role", "administrator"),
        ("disable", "nobody"),
        ("reset", "nobody"),
    ],
)
def test_a_wrong_call_is_one_refusal(words: tuple[str, ...]) -> None:
    refused = call(*words)
    assert refused.exit_code == 2
    assert refused.stderr
    assert "Traceback" not in refused.output
