import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from afirgen.store.database import Database
from afirgen.store.migrate import upgrade
from tests.store.servers import PrivateServer, can_start, private_server

NO_SERVER = "no MySQL here: name a server in AFIRGEN_TEST_MYSQL_URL or install mariadb-server"


@pytest.fixture(scope="session")
def mysql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a MySQL server: the one that is named, else a private one."""
    named = os.environ.get("AFIRGEN_TEST_MYSQL_URL")
    if named:
        yield named
    elif can_start():
        with private_server(tmp_path_factory.mktemp("mysql")) as server:
            yield server.url
    else:
        pytest.skip(NO_SERVER)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PrivateServer]:
    """Give a private server that the test may stop."""
    if not can_start():
        pytest.skip(NO_SERVER)
    with private_server(tmp_path) as server:
        yield server


@pytest.fixture
def mysql_url(mysql_server: str) -> Iterator[str]:
    """Give the URL of an empty database on the MySQL server."""
    name = f"afirgen_{uuid4().hex}"
    run_on(mysql_server, f"CREATE DATABASE {name}")
    yield make_url(mysql_server).set(database=name).render_as_string(hide_password=False)
    run_on(mysql_server, f"DROP DATABASE {name}")


@pytest.fixture(params=["sqlite", "mysql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    url: str = request.getfixturevalue("mysql_url")
    return url


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    """Give a database with its tables, once of each kind."""
    upgrade(empty_url)
    opened = Database(empty_url)
    yield opened
    await opened.close()


def run_on(url: str, *statements: str) -> None:
    """Run statements outside the program, as somebody with a database client would."""

    async def run() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(run())
