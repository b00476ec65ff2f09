"""Who calls: by the installation's key, by an API client's own key, or by a session of the page."""

import hmac

from afirgen.case.audit import Actor, Channel, Role
from afirgen.errors import AuthenticationError
from afirgen.store.officers import OfficerStore
from afirgen.store.sign_in import KEY_HOLDER, SignIn, actor_of

COOKIE = "afirgen_session"


class Accounts:
    """Tells who somebody is, and signs them in to the page."""

    def __init__(self, api_key: str, officers: OfficerStore, sign_in: SignIn) -> None:
        self._api_key = api_key.encode()
        self._officers = officers
        self._sign_in = sign_in

    async def by_key(self, key: str, address: str | None) -> Actor:
        """Return whose key this is; raise :class:`AuthenticationError` when it is nobody's."""
        if self._is_api_key(key):
            return Actor(name=KEY_HOLDER, role=Role.KEY_HOLDER, channel=Channel.API, address=address)
        client = await self._officers.by_key(key)
        if client is None:
            raise AuthenticationError("The API key is not right.")
        return actor_of(client, Channel.API, address)

    async def by_session(self, token: str, address: str | None) -> Actor:
        """Return whose session this is; raise :class:`AuthenticationError` when it is nobody's."""
        actor = await self._sign_in.who(token, address)
        if actor is None:
            raise AuthenticationError("Sign in, or send the API key as X-API-Key.")
        return actor

    async def by_name(self) -> bool:
        """Tell whether the page asks for a name and password; without officers it asks for the key."""
        return await self._officers.any_on_page()

    async def enter(self, *, key: str, name: str, password: str, address: str | None) -> str:
        """Return the token of a new session of the page; raise :class:`AuthenticationError` if it may not be had."""
        if await self.by_name():
            return await self._sign_in.with_password(name, password, address)
        if not self._is_api_key(key):
            raise AuthenticationError("The key is not right. Where it lies is printed when the program starts.")
        return await self._sign_in.with_key(address)

    async def leave(self, token: str, by: Actor) -> None:
        """End a session of the page."""
        await self._sign_in.sign_out(token, by)

    def _is_api_key(self, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self._api_key)
