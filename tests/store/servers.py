"""The databases that the store's tests run on: SQLite always, MySQL where a server is named or can be started."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START_S = 60


class PrivateServer:
    """A MariaDB server of our own on a folder and a free port; it can be stopped and started again.

    One that is ``durable`` waits for the disk at every commit and keeps half a gigabyte in memory, as a server of an
    installation does; tests do without.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._durable = durable
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mysql+asyncmy://root@127.0.0.1:{self.port}"

    def install(self) -> None:
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}"]
        command += ["--auth-root-authentication-method=normal", "--skip-test-db", *_as_root()]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed words

    def start(self) -> None:
        command = [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults"]
        command += [f"--datadir={self.folder / 'data'}", f"--socket={self.folder / 's'}", f"--port={self.port}"]
        command += ["--bind-address=127.0.0.1", *_as_root()]
        command += (
            ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=512M"]
            if self._durable
            else ["--innodb-flush-log-at-trx-commit=2"]
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - fixed words
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_START_S)
            self._process = None


def _as_root() -> list[str]:
    """Return the option without which the server will not run for the superuser."""
    return ["--user=root"] if os.geteuid() == 0 else []


def can_start() -> bool:
    """Tell whether MariaDB's programs are on this machine."""
    return all(
        shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("mariadbd", "mariadb-install-db")
    )


@contextmanager
def private_server(folder: Path, *, durable: bool = False) -> Iterator[PrivateServer]:
    """Run a server for the time of the block."""
    server = PrivateServer(folder, durable=durable)
    server.install()
    server.start()
    try:
        yield server
    finally:
        server.stop()
