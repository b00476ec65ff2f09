"""`afirgen backup` from the command line."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afirgen.cli import main
from tests.store.kit import Station


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(folder))
    station = Station(f"sqlite+aiosqlite:///{folder / 'afirgen.db'}", folder)

    async def fill() -> None:
        await station.fill()
        await station.database.close()

    asyncio.run(fill())
    return folder


def call(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["backup", *arguments], input=text)


def test_a_backup_is_made_listed_verified_and_restored(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = call("create")
    assert made.exit_code == 0, made.output
    assert "1 cases, 1 originals" in made.output
    assert "Keep a copy elsewhere" in made.output
    name = made.output.split(":")[0]
    assert call("list").output.strip() == name
    assert "are as they were written" in call("verify").output
    assert "are as they were written" in call("drill").output

    refused = call("restore")
    assert refused.exit_code == 2
    assert "not empty" in refused.output
    replaced = call("restore", name, "--replace", text="y\n")
    assert replaced.exit_code == 0, replaced.output
    assert "1 cases" in replaced.output
    [aside] = data.glob("before-restore-*")
    assert (aside / "afirgen.db").is_file()

    empty = tmp_path / "empty"
    monkeypatch.setenv("AFIRGEN_BACKUP_TARGET", str(data / "backups"))
    monkeypatch.setenv("AFIRGEN_BACKUP_KEY", (data / "backup_key").read_text().strip())
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(empty))
    assert call("restore").exit_code == 0
    assert (empty / "afirgen.db").is_file()


def test_without_a_backup_it_says_what_to_do(data: Path) -> None:
    assert "afirgen backup create" in call("list").output
    verified = call("verify")
    assert (verified.exit_code, "afirgen backup create" in verified.output) == (2, True)
    assert not list(data.glob("backups/*"))
