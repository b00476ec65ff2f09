"""What the documentation says is so."""

import re
import runpy
from pathlib import Path

import pytest
from click.testing import CliRunner

from afirgen.cli import main

ROOT = Path(__file__).parents[2]
_WRITER = runpy.run_path(str(ROOT / "scripts" / "write_settings_doc.py"))
TARGET: Path = _WRITER["TARGET"]
settings_page = _WRITER["settings_page"]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_command_is_in_the_readme_and_runs() -> None:
    listed = set(re.findall(r"^\| `afirgen (\w+)` ", README, re.MULTILINE))
    known = set(main.list_commands(None))  # type: ignore[arg-type]
    assert listed == known
    for name in sorted(known):
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0, name


def test_the_quick_start_is_make_run_and_make_test() -> None:
    block = re.search(r"## Quick start.*?```\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert block[1].split("\n")[:-1] == ["make run", "make test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "demo"} <= set(targets)


def test_every_setting_is_documented() -> None:
    assert TARGET.read_text(encoding="utf-8") == settings_page()
    for name in re.findall(r"`(AFIRGEN_[A-Z_]+)`", README):
        assert f"`{name}`" in settings_page(), name
