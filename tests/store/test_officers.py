"""Accounts, passwords and sessions: nothing can be guessed, nothing tells who has an account."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from afirgen.case.audit import Actor, Channel, Role
from afirgen.errors import AuthenticationError, InvalidInputError, NotFoundError
from afirgen.store.database import Database
from afirgen.store.officers import OfficerStore
from afirgen.store.originals import Originals
from afirgen.store.secrets import checked_name, hash_password, is_password, name_key
from afirgen.store.sign_in import SESSION_LIFE, SignIn
from afirgen.store.verify import verify

pytestmark = pytest.mark.anyio
ADMIN = Actor(name="root", role=Role.ADMINISTRATOR, channel=Channel.CLI)
PASSWORD = "seven green buses wait"
ADDRESS = "10.0.0.9"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 13, 4, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """The accounts of a station, and signing in to it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.officers = OfficerStore(database)
        self.sign_in = SignIn(database, self.clock)

    async def fails(self, name: str, password: str = "wrong") -> str:
        with pytest.raises(AuthenticationError) as refused:
            await self.sign_in.with_password(name, password, ADDRESS)
        return refused.value.public


@pytest.fixture
async def desk(database: Database) -> Desk:
    made = Desk(database)
    await made.officers.add("Asha Rao", Role.RECORDING_OFFICER, PASSWORD, ADMIN)
    return made


async def test_an_officer_signs_in_acts_and_signs_out(desk: Desk) -> None:
    token = await desk.sign_in.with_password(" asha RAO", PASSWORD, ADDRESS)
    who = await desk.sign_in.who(token, ADDRESS)
    assert who == Actor(name="Asha Rao", role=Role.RECORDING_OFFICER, channel=Channel.PAGE, address=ADDRESS)
    await desk.sign_in.sign_out(token, who)
    assert await desk.sign_in.who(token, ADDRESS) is None


async def test_a_session_ends_by_itself_and_no_other_token_opens_it(desk: Desk) -> None:
    token = await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)
    for other in ("", token[:-1], token + "a", token.swapcase()):
        assert await desk.sign_in.who(other, ADDRESS) is None
    desk.clock.now += SESSION_LIFE - timedelta(seconds=1)
    assert await desk.sign_in.who(token, ADDRESS) is not None
    desk.clock.now += timedelta(seconds=2)
    assert await desk.sign_in.who(token, ADDRESS) is None


async def test_neither_password_nor_token_nor_key_is_stored(desk: Desk) -> None:
    token = await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)
    key = await desk.officers.add("courts", Role.API_CLIENT, None, ADMIN)
    stored = ""
    for table in ("officers", "page_sessions", "sign_in_failures", "audit_log"):
        stored += str((await desk.database.fetch(text(f"SELECT * FROM {table}"))).all())  # noqa: S608 - own names
    assert "$argon2id$" in stored
    for secret in (PASSWORD, token, key):
        assert secret is not None
        assert secret not in stored


async def test_five_wrong_tries_lock_also_against_the_right_password_for_a_quarter_of_an_hour(desk: Desk) -> None:
    for _ in range(4):
        await desk.fails("Asha Rao")
    await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)
    for _ in range(5):
        await desk.fails("asha rao")
    await desk.fails("Asha Rao", PASSWORD)
    desk.clock.now += timedelta(minutes=14)
    await desk.fails("Asha Rao", PASSWORD)
    desk.clock.now += timedelta(minutes=2)
    await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)


async def test_tries_at_the_same_time_are_counted_too(desk: Desk) -> None:
    guesses = [desk.fails("Asha Rao", f"guess number {n}") for n in range(5)]
    await asyncio.gather(*guesses)
    await desk.fails("Asha Rao", PASSWORD)


async def test_every_refusal_says_the_same(desk: Desk) -> None:
    await desk.officers.add("Gone", Role.RECORDING_OFFICER, PASSWORD, ADMIN)
    await desk.officers.disable("Gone", ADMIN)
    await desk.officers.add("courts", Role.API_CLIENT, None, ADMIN)
    said = {await desk.fails("Asha Rao"), await desk.fails("Nobody"), await desk.fails("Gone", PASSWORD)}
    said |= {await desk.fails("courts", ""), await desk.fails(""), await desk.fails("x" * 5000, "y" * 5000)}
    for _ in range(6):
        said |= {await desk.fails("Asha Rao"), await desk.fails("Nobody")}
    assert len(said) == 1


async def test_disabling_and_resetting_end_the_sessions(desk: Desk) -> None:
    token = await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)
    await desk.officers.disable("asha rao", ADMIN)
    assert await desk.sign_in.who(token, ADDRESS) is None
    await desk.fails("Asha Rao", PASSWORD)
    await desk.officers.reset("Asha Rao", "eight blue trains leave", ADMIN)
    assert await desk.sign_in.who(token, ADDRESS) is None
    await desk.fails("Asha Rao", PASSWORD)
    token = await desk.sign_in.with_password("Asha Rao", "eight blue trains leave", ADDRESS)
    await desk.officers.reset("Asha Rao", PASSWORD, ADMIN)
    assert await desk.sign_in.who(token, ADDRESS) is None


async def test_a_reset_lifts_a_lock(desk: Desk) -> None:
    for _ in range(5):
        await desk.fails("Asha Rao")
    await desk.officers.reset("Asha Rao", PASSWORD, ADMIN)
    await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)


async def test_an_api_client_has_a_key_of_its_own(desk: Desk) -> None:
    key = await desk.officers.add("courts", Role.API_CLIENT, None, ADMIN)
    assert key is not None
    found = await desk.officers.by_key(key)
    assert found is not None
    assert (found.name, found.role) == ("courts", Role.API_CLIENT)
    newer = await desk.officers.reset("courts", None, ADMIN)
    assert newer is not None
    assert await desk.officers.by_key(key) is None
    assert await desk.officers.by_key(newer) is not None
    await desk.officers.disable("courts", ADMIN)
    assert await desk.officers.by_key(newer) is None


async def test_a_name_is_taken_however_it_is_typed(desk: Desk) -> None:
    for name in ("ASHA RAO", " Asha Rao ", "Asha Rao"):
        with pytest.raises(InvalidInputError):
            await desk.officers.add(name, Role.ADMINISTRATOR, PASSWORD, ADMIN)
    with pytest.raises(NotFoundError):
        await desk.officers.disable("Nobody", ADMIN)


async def test_the_first_officer_ends_the_sessions_of_the_key(database: Database) -> None:
    sign_in, officers = SignIn(database), OfficerStore(database)
    token = await sign_in.with_key(ADDRESS)
    assert (await sign_in.who(token, ADDRESS)) is not None
    assert not await officers.any_on_page()
    await officers.add("Asha Rao", Role.ADMINISTRATOR, PASSWORD, ADMIN)
    assert await officers.any_on_page()
    assert await sign_in.who(token, ADDRESS) is None


async def test_accounts_and_what_they_do_are_in_the_chain(desk: Desk, tmp_path: Path) -> None:
    await desk.fails("Asha Rao")
    await desk.sign_in.with_password("Asha Rao", PASSWORD, ADDRESS)
    await desk.officers.disable("Asha Rao", ADMIN)
    actions = (await desk.database.fetch(text("SELECT action FROM audit_log ORDER BY seq"))).scalars().all()
    assert actions == ["officer.added", "officer.sign_in_refused", "officer.signed_in", "officer.disabled"]
    assert (await verify(desk.database, Originals(tmp_path))).faults == ()
    await desk.database.write(lambda c: c.execute(text("UPDATE officers SET role = 'administrator'")))
    (fault,) = (await verify(desk.database, Originals(tmp_path))).faults
    assert fault.record == "officer:Asha Rao"


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaaaaa", "AshaRao-asha rao 1", "x" * 300])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(InvalidInputError):
        hash_password(password, "asha rao")


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00b", "x" * 101])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_name(name)


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    stored = hash_password("café au lait, s'il vous plaît", "someone")
    assert is_password(stored, "café au lait, s'il vous plaît")
    assert not is_password(stored, "cafe au lait, s'il vous plait")
    assert not is_password(None, "anything at all")
    assert not is_password("no hash", "anything at all")


@given(st.text(max_size=300))
def test_a_name_key_stays_as_it_is_and_fits_its_column(name: str) -> None:
    key = name_key(name)
    assert len(key) <= 150
    assert name_key(key.upper()) == name_key(name_key(key.upper()))
