"""The locked requirements agree with pyproject.toml and name no place."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("runtime", "llama", "build", "dev", "bench")


def pinned(name: str) -> dict[str, str]:
    """Return each package of a lock with its version."""
    text = (ROOT / f"requirements/{name}.txt").read_text()
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", text, re.MULTILINE)
    return {package.lower(): version for package, version in found}


def normal(requirement: str) -> str:
    """Return the name of the package that a requirement asks for."""
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-").replace(".", "-")


def test_everything_that_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {normal(text) for text in project["project"]["dependencies"]}
    assert asked <= pinned("runtime").keys() | pinned("llama").keys()
    groups = {normal(text) for group in project["dependency-groups"].values() for text in group}
    assert groups <= {package for name in FILES for package in pinned(name)}


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_its_hash_and_no_host_is_named(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert len(blocks) == len(pinned(name)) > 0
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert "://" not in text
    assert "index" not in {word for line in text.splitlines() if line.startswith("-") for word in line.split("-")}


def test_no_package_is_locked_twice() -> None:
    names = [package for name in FILES for package in pinned(name)]
    assert len(names) == len(set(names))


def test_opencv_needs_no_screen_libraries() -> None:
    assert {name for name in pinned("runtime") if name.startswith("opencv")} == {"opencv-contrib-python-headless"}
