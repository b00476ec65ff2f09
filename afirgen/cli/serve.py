"""`afirgen serve`: the application under gunicorn, one worker."""

import gc
import sys
from collections.abc import Callable
from typing import Any

import click
from gunicorn.app.base import BaseApplication
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn_worker import UvicornWorker

from afirgen.bootstrap import api_key, serve_app
from afirgen.settings import Settings, load_settings
from afirgen.store.lock import RUNNING, in_use
from afirgen.store.migrate import current, head, require_head, upgrade

_GRACE_S = 20
_SOCKET_GRACE_S = 10
_HAND_OVER_S = 0.001
# Between two looks at a connection; a head that is not whole at the second is not waited for.
_HEAD_S = 20


class Patient(AutoHTTPProtocol):  # type: ignore[misc, valid-type] # which one it is depends on what is installed
    """Closes connections on which no whole request head arrives in time."""

    def connection_made(self, transport: Any) -> None:
        """Begin to look after the connection."""
        super().connection_made(transport)
        self._seen: object = None
        self.loop.call_later(_HEAD_S, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is self._seen:
            self.transport.close()
            return
        self._seen = self.cycle if idle else self
        self.loop.call_later(_HEAD_S, self._look)


class Worker(UvicornWorker):  # type: ignore[misc] # it has no types
    """Closes open streams before the graceful time is over, so that shutting down is orderly."""

    CONFIG_KWARGS = {  # noqa: RUF012
        **UvicornWorker.CONFIG_KWARGS,
        "timeout_graceful_shutdown": _SOCKET_GRACE_S,
        "http": Patient,
        # Whose forwarded headers count is decided in the application.
        "proxy_headers": False,
    }


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn with its settings given in code."""

    def __init__(self, make_app: Callable[[], Any], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Apply the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application in the worker."""
        # The database's threads hand over to the event loop and back many times in a call, and each time they wait
        # for the interpreter for so long if the other is busy.
        sys.setswitchinterval(_HAND_OVER_S)
        app = self._make_app()
        # The law and the program itself stay to the end: looking through them for garbage would hold up calls.
        gc.collect()
        gc.freeze()
        return app


@click.command()
@click.option("--host", help="Address to listen on; default: AFIRGEN_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; default: AFIRGEN_PORT or 8000.")
@click.option("--migrate", is_flag=True, help="Bring the database to the newest form first.")
def serve(host: str | None, port: int | None, *, migrate: bool) -> None:
    """Start the application; the models load, and a stale search index is built, while it already answers."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if migrate and current(settings.sqlalchemy_url) != head():
        upgrade(settings.sqlalchemy_url)
    require_head(settings.sqlalchemy_url)
    address = f"{host or settings.host}:{port or settings.port}"
    _announce(settings, address)
    options = {
        "bind": address,
        # One process holds the models; a second would load them all again.
        "workers": 1,
        "preload_app": False,
        "worker_class": "afirgen.cli.serve.Worker",
        "timeout": 60,
        "graceful_timeout": _GRACE_S,
        "max_requests": 0,
        "loglevel": "warning",
        "control_socket_disable": True,
    }
    with in_use(
        settings.data_dir, RUNNING, "A backup is being restored here. Start again when it is done.", shared=True
    ):
        _Server(serve_app, options).run()


def _announce(settings: Settings, address: str) -> None:
    api_key(settings)
    where = "in AFIRGEN_API_KEY" if settings.api_key else f"in the file {settings.data_dir / 'api_key'}"
    click.echo(f"AFIRGen is on http://{address}")
    click.echo(f"Sign in with the key {where}, or by name once there are officers.")
    click.echo("The models load for some seconds; /ready tells when all are there.")
