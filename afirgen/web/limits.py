"""What one client, and all together, may ask of the program: rate, places, and patience with slow senders."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from afirgen.errors import OverloadedError, RequestTimeoutError, TooManyRequestsError

if TYPE_CHECKING:
    from litestar.types import HTTPReceiveMessage, Receive, WebSocketReceiveMessage

_MOST_CLIENTS = 10_000
# A sender that is silent for so long has gone.
_SILENCE_S = 30
_FULL_RETRY_S = 5


class RateLimit:
    """A sliding window for each client: at most ``requests`` in any ``window_s`` seconds."""

    def __init__(self, requests: int, window_s: int) -> None:
        self.requests = requests
        self.window_s = window_s
        self._seen: dict[str, deque[float]] = {}

    def count(self, client: str) -> None:
        """Count a request; raise :class:`TooManyRequestsError` when the client's share is used up."""
        now = time.monotonic()
        times = self._seen.setdefault(client, deque())
        while times and times[0] <= now - self.window_s:
            times.popleft()
        if len(times) >= self.requests:
            wait = max(1, int(times[0] + self.window_s - now) + 1)
            raise TooManyRequestsError("Too many requests. Wait a moment and try again.", retry_after_s=wait)
        times.append(now)
        if len(self._seen) > _MOST_CLIENTS:
            self._seen = {c: t for c, t in self._seen.items() if t and t[-1] > now - self.window_s}


class Places:
    """How many requests that change something are worked on at once."""

    def __init__(self, places: int) -> None:
        self._free = places

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place for the time of the block; raise :class:`OverloadedError` at once when none is free."""
        if self._free <= 0:
            raise OverloadedError("All places are taken. Try again in a moment.", retry_after_s=_FULL_RETRY_S)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


def patient(receive: "Receive", total_s: float, silence_s: float = _SILENCE_S) -> "Receive":
    """Wrap ``receive``: a body must be whole in ``total_s`` seconds, and no part may keep us waiting too long.

    What the wrapped one raises is :class:`RequestTimeoutError`.
    """
    end = time.monotonic() + total_s
    whole = False

    async def timed() -> "HTTPReceiveMessage | WebSocketReceiveMessage":
        nonlocal whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), min(silence_s, end - time.monotonic()))
        except TimeoutError as err:
            raise RequestTimeoutError("The request took too long to arrive. Send it again.") from err
        whole = not (message["type"] == "http.request" and message.get("more_body"))
        return message

    return timed
