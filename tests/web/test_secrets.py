"""No secret reaches a log: not of the program when it works, not when it fails."""

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from afirgen.telemetry import logs

_ROOT = Path(__file__).parents[2]
_API_KEY, _AUTH_KEY, _PASSWORD = "station-key-2f6c", "finalize/with this+1", "p@ss/w:rd 77"
_WRONG = "a-wrong-key-of-somebody"
_SECRETS = {"API_KEY": _API_KEY, "FIR_AUTH_KEY": _AUTH_KEY, "MYSQL_PASSWORD": _PASSWORD}


def run(folder: Path, **more: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | _SECRETS | {"AFIRGEN_DATA_DIR": str(folder), "LOG_LEVEL": "DEBUG"} | more
    command = [sys.executable, "-m", "afirgen", "serve", "--migrate"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, env=environment, cwd=_ROOT, stdout=log, stderr=log)  # noqa: S603 - our own


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def written(folder: Path) -> str:
    return "\n".join(file.read_text() for file in (folder / "log", folder / "error.log") if file.exists())


@pytest.fixture
def hidden() -> Iterator[None]:
    before = set(logs._hidden)
    yield
    logs._hidden.clear()
    logs._hidden.update(before)


def test_a_running_program_logs_no_secret(tmp_path: Path) -> None:
    port = free_port()
    server = run(tmp_path, PORT=str(port))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": _API_KEY}) as client:
            wait_for(client, server)
            number = "FIR-0a1b2c3d-20250101000000"
            for key in (_AUTH_KEY, _WRONG):
                client.post("/authenticate", json={"fir_number": number, "auth_key": key})
                client.post("/sign-in", data={"key": key})
                client.get("/list_firs", headers={"X-API-Key": key, "Authorization": f"Bearer {key}"})
            # No known path, no known step, no JSON: each is refused and logged.
            client.get(f"/nothing/{_API_KEY}")
            client.post("/validate", content=f'{{"session_id": "{_API_KEY}"')
    finally:
        server.terminate()
        server.wait(60)
    log = written(tmp_path)
    assert '"refused"' in log
    for secret in (_API_KEY, _AUTH_KEY, _PASSWORD, _WRONG):
        assert secret not in log


def wait_for(client: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            client.get("/live")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the program did not start")


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    program = run(tmp_path, MYSQL_HOST="127.0.0.1", MYSQL_PORT=str(free_port()))
    assert program.wait(60) == 2
    log = written(tmp_path)
    assert "database could not be used" in log
    assert _PASSWORD not in log
    assert "p%40ss" not in log


@pytest.mark.usefixtures("hidden")
def test_hidden_values_are_masked_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    logs.hide(["", "hush", "hush-hush"])
    event = {"event": "x", "detail": "key hush-hush here", "list": ["hush", 1], "table": {"a": ("hush",)}, "number": 7}
    masked = logs.mask_secrets(None, "info", dict(event))
    assert "hush" not in str(masked)
    assert masked["number"] == 7
    assert masked["detail"] == "key <secret> here"
    try:
        logs.set_up_logs("INFO")
        logging.getLogger("a.library").warning("it knows %s", "hush")
        structlog.get_logger().error("failed", exc_info=ValueError("hush"))
    finally:
        structlog.reset_defaults()
        logging.basicConfig(force=True)
    said = capsys.readouterr().err
    assert "it knows <secret>" in said
    assert "ValueError" in said
    assert "hush" not in said
