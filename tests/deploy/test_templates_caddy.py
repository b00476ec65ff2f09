"""HTTPS by Caddy: its own check of each configuration, and two of them run for real in front of a small server."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "caddy"
CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="caddy is not installed")
KINDS = ("instance", "load-balancer", "local")


class _Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it got."""

    def do_GET(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def environment(folder: Path, **more: str) -> dict[str, str]:
    key, certificate = folder / "own.key", folder / "own.crt"
    if not key.exists():
        names = ["-subj", "/CN=fir.example.org", "-addext", "subjectAltName=DNS:fir.example.org"]
        files = ["-keyout", str(key), "-out", str(certificate)]
        command = ["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "DOMAIN": "fir.example.org",
        "CONTACT": "a@example.org",
        "ACCESS_LOG": str(folder / "access.log"),
        "CERTIFICATE": str(certificate),
        "CERTIFICATE_KEY": str(key),
        **more,
    }


@contextmanager
def caddy(kind: str, folder: Path, **more: str) -> Iterator[int]:
    """Run Caddy before an echoing server and give its HTTPS port, once its certificate is there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = free_port()
    told = environment(folder, HTTPS_PORT=str(port), UPSTREAM=f"127.0.0.1:{server.server_port}", **more)
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(FOLDER / f"{kind}.caddyfile")]
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(command, env=told, stdout=log, stderr=log)  # noqa: S603
    try:
        _wait_until_open(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)
        server.shutdown()
        server.server_close()


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as s:
            s.settimeout(1)
            with suppress(OSError):
                s.connect(("127.0.0.1", port))
                unchecked().wrap_socket(s, server_hostname="localhost").close()
                return
        time.sleep(0.05)
    pytest.fail("Caddy did not start.")


def unchecked(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


def ask(port: int, path: str = "/", **headers: str) -> tuple[HTTPResponse, dict[str, str]]:
    connection = HTTPSConnection("localhost", port, context=unchecked(), timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer, json.loads(answer.read())


@pytest.mark.parametrize("kind", KINDS)
def test_caddy_finds_the_configuration_valid(kind: str, tmp_path: Path) -> None:
    command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(FOLDER / f"{kind}.caddyfile")]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def adapted(kind: str, folder: Path) -> str:
    command = [str(CADDY), "adapt", "--adapter", "caddyfile", "--config", str(FOLDER / f"{kind}.caddyfile")]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_has_modern_tls_and_hsts_and_no_door_for_changes(kind: str, tmp_path: Path) -> None:
    told = adapted(kind, tmp_path)
    assert '"protocol_min":"tls1.2"' in told
    assert "Strict-Transport-Security" in told
    assert '"admin":{"disabled":true}' in told
    assert "CBC" not in told


def test_what_the_program_gets_and_what_the_browser_gets(tmp_path: Path) -> None:
    with caddy("local", tmp_path, DOMAIN="localhost", HTTP_PORT=str(http := free_port())) as port:
        answer, got = ask(port, "/search?q=ramesh", **{"X-Forwarded-For": "6.6.6.6"})
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers["Server"] is None
        assert got["x-forwarded-proto"] == "https"
        # Who asks cannot say by himself who he is.
        assert got["x-forwarded-for"] in {"127.0.0.1", "::1"}
        plain = HTTPConnection("localhost", http, timeout=10)
        plain.request("GET", "/x")
        redirect = plain.getresponse()
        assert redirect.status == 308
        assert redirect.headers["Location"].startswith("https://localhost")
    logged = (tmp_path / "access.log").read_text()
    assert '"uri":"/search"' in logged
    assert "ramesh" not in logged


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_old_tls_is_refused(version: ssl.TLSVersion, tmp_path: Path) -> None:
    with caddy("local", tmp_path, DOMAIN="localhost", HTTP_PORT=str(free_port())) as port:
        raw = socket.create_connection(("localhost", port), timeout=10)
        if version is ssl.TLSVersion.TLSv1_1:
            with pytest.raises(ssl.SSLError), unchecked(version).wrap_socket(raw, server_hostname="localhost"):
                pass
        else:
            with unchecked(version).wrap_socket(raw, server_hostname="localhost") as secure:
                assert secure.version() == version.name.replace("_", ".")


def test_a_load_balancer_that_asks_for_no_name_is_answered_and_believed(tmp_path: Path) -> None:
    with caddy("load-balancer", tmp_path, TRUSTED="127.0.0.0/8") as port:
        connection = HTTPSConnection("127.0.0.1", port, context=unchecked(), timeout=10)
        connection.request("GET", "/ready", headers={"X-Forwarded-For": "203.0.113.7"})
        got = json.loads(connection.getresponse().read())
        assert got["x-forwarded-for"].startswith("203.0.113.7")
