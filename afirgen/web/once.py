"""Lets what is sent twice count once: a browser that lost the answer sends again."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

_KEPT = 500


class Once:
    """Remembers the newest results by their key; what failed is done again."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, asyncio.Future[str]] = OrderedDict()

    async def result(self, key: Hashable, work: Callable[[], Awaitable[str]]) -> str:
        """Return the result of ``work``, which is done once for a key, also when it is asked for twice at a time."""
        known = self._known.get(key)
        if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
            # A caller that goes away must not stop what the next one waits for.
            known = self._known[key] = asyncio.ensure_future(work())
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return await asyncio.shield(known)
