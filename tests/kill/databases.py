"""An empty database of each kind for scripts that use both."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import make_url

from tests.store.conftest import run_on
from tests.store.servers import private_server


@contextmanager
def databases(folder: Path, *, durable: bool = False) -> Iterator[dict[str, str]]:
    """Give the URL of an empty database of each kind; a private server is ``durable`` where that is wanted."""
    with ExitStack() as stack:
        server = os.environ.get("AFIRGEN_TEST_MYSQL_URL")
        if server is None:
            (folder / "server").mkdir()
            server = stack.enter_context(private_server(folder / "server", durable=durable)).url
        name = f"afirgen_{uuid4().hex}"
        run_on(server, f"CREATE DATABASE {name}")
        stack.callback(run_on, server, f"DROP DATABASE {name}")
        mysql = make_url(server).set(database=name).render_as_string(hide_password=False)
        yield {"SQLite": f"sqlite+aiosqlite:///{folder / 'sqlite.db'}", "MySQL": mysql}
