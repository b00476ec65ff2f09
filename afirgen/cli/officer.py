"""`afirgen officer`: accounts of officers and API clients."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from afirgen.case.audit import Role
from afirgen.cli.operator import operator
from afirgen.settings import load_settings
from afirgen.store.database import open_database
from afirgen.store.migrate import require_head
from afirgen.store.officers import ACCOUNT_ROLES, Officer, OfficerStore

T = TypeVar("T")


@click.group()
def officer() -> None:
    """Add, list, disable and reset accounts."""


@officer.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in ACCOUNT_ROLES]), required=True)
def add_command(name: str, role: str) -> None:
    """Add an account; the password is asked for or read from standard input, an API client gets a key."""
    password = None if role == Role.API_CLIENT else _password()
    key = _run(lambda store: store.add(name, Role(role), password, operator()))
    click.echo(f"The account {name} was added.")
    _show(key)


@officer.command("list")
def list_command() -> None:
    """List all accounts."""
    for account in _run(lambda store: store.all()):
        click.echo(_line(account))


@officer.command("disable")
@click.argument("name")
def disable_command(name: str) -> None:
    """Take an account out of use and end its sessions; what it did stays on record."""
    _run(lambda store: store.disable(name, operator()))
    click.echo(f"The account {name} is disabled.")


@officer.command("reset")
@click.argument("name")
def reset_command(name: str) -> None:
    """Give an account a new password or key and take it back into use; its sessions end."""
    role = _run(lambda store: store.get(name)).role
    password = None if role is Role.API_CLIENT else _password()
    key = _run(lambda store: store.reset(name, password, operator()))
    click.echo(f"The account {name} was reset.")
    _show(key)


def _password() -> str:
    """Ask for a password twice, or read one line where nobody can be asked."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def _show(key: str | None) -> None:
    if key:
        click.echo(f"Its key, which is not shown again: {key}")


def _line(account: Officer) -> str:
    state = "disabled" if account.disabled_at else "active"
    return f"{account.name:<30} {account.role.value:<22} {state:<9} since {account.created_at:%Y-%m-%d}"


def _run(work: Callable[[OfficerStore], Awaitable[T]]) -> T:
    settings = load_settings()
    require_head(settings.sqlalchemy_url)

    async def run() -> T:
        database = open_database(settings)
        try:
            return await work(OfficerStore(database))
        finally:
            await database.close()

    return asyncio.run(run())
