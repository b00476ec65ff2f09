"""Threads of native libraries sleep while they wait: measured, a draft beside other work takes a tenth of the time."""

import os
import subprocess
import sys

LOAD = "from afirgen.inference import embed; embed.E5(); from afirgen.inference.llama import lib; import llama_cpp"


def _shown(**environment: str) -> list[str]:
    """Load the libraries in a new process and return what their OpenMP runtimes say of how they wait."""
    told = os.environ | environment | {"OMP_DISPLAY_ENV": "true"}
    if not environment:
        told.pop("OMP_WAIT_POLICY", None)
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return [line.split("=")[1].strip(" '") for line in done.stderr.splitlines() if "OMP_WAIT_POLICY" in line]


def test_every_library_loads_with_threads_that_sleep() -> None:
    shown = _shown()
    assert len(shown) >= 2
    assert set(shown) == {"PASSIVE"}


def test_what_the_environment_says_goes_first() -> None:
    assert set(_shown(OMP_WAIT_POLICY="active")) == {"ACTIVE"}
