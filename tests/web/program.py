"""The whole program with the starter models, started as a station starts it, on a port of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afirgen.settings import load_settings

_ROOT = Path(__file__).parents[2]


@contextmanager
def running_program(
    folder: Path, model_dir: Path, *, until: str = "/ready", **environment: str
) -> Iterator[tuple[str, str]]:
    """Start `afirgen serve` over the data in ``folder``; give its address and the API key once ``until`` answers."""
    index = _ROOT / load_settings().data_dir / "kb" / "index"
    if index.is_dir():
        # Built by `make test`; without it the program builds its own, which takes minutes.
        shutil.copytree(index, folder / "kb" / "index")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chosen = os.environ | {
        "AFIRGEN_DATA_DIR": str(folder),
        "AFIRGEN_MODEL_DIR": str(model_dir),
        "AFIRGEN_PORT": str(port),
        "AFIRGEN_RATE_LIMIT_REQUESTS": "100000",
        **environment,
    }
    command = [sys.executable, "-m", "afirgen", "serve", "--migrate"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=chosen, cwd=_ROOT, stdout=log, stderr=log)  # noqa: S603 - our own
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}{until}", server, folder / "log")
        yield address, (folder / "api_key").read_text().strip()
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(720):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(log.read_text())
