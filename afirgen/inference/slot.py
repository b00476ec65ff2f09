"""A role's current engine, which can be replaced by another while requests run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import structlog

from afirgen.errors import ModelUnavailableError
from afirgen.inference.engine import Engine, EngineStatus

E = TypeVar("E", bound=Engine)

_log = structlog.get_logger(__name__)


class _Holder(Generic[E]):
    """An engine, how many requests use it, and whether it has been replaced."""

    def __init__(self, engine: E) -> None:
        self.engine = engine
        self.users = 0
        self.retired = False


class EngineSlot(Generic[E]):
    """Gives out the current engine of a role and counts its users, for use on one event loop."""

    def __init__(self, engine: E) -> None:
        self._current = _Holder(engine)
        self._switching = asyncio.Lock()
        self._farewells: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self) -> None:
        """Begin to load the engine and return at once."""
        self._current.engine.start()

    async def ready(self) -> None:
        """Wait until the current engine takes work; raise ``ModelUnavailableError`` if it cannot."""
        await self._current.engine.ready()

    def status(self) -> EngineStatus:
        """Return a snapshot of the current engine."""
        return self._current.engine.status()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[E]:
        """Lend the current engine; it is not stopped before the block ends."""
        holder = self._current
        holder.users += 1
        try:
            yield holder.engine
        finally:
            holder.users -= 1
            self._dismiss_if_unused(holder)

    async def switch(self, engine: E) -> None:
        """Load ``engine`` and, once it is ready, give it all new work; the old one stops after its last user.

        When the new engine fails to load or fails its known-answer check, it is stopped, the old one goes on,
        and the error is raised.
        """
        async with self._switching:
            self._refuse_if_closed()
            engine.start()
            try:
                await engine.ready()
                self._refuse_if_closed()
            except BaseException:
                await asyncio.shield(asyncio.to_thread(engine.stop))
                raise
            old, self._current = self._current, _Holder(engine)
            old.retired = True
            self._dismiss_if_unused(old)

    async def stop(self) -> None:
        """Stop the current engine and wait for every replaced one that nobody uses."""
        self._closed = True
        await asyncio.to_thread(self._current.engine.stop)
        await asyncio.gather(*self._farewells)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ModelUnavailableError("The program is stopping. Try again when it has started.")

    def _dismiss_if_unused(self, holder: _Holder[E]) -> None:
        if not holder.retired or holder.users:
            return
        task = asyncio.create_task(self._dismiss(holder.engine))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _dismiss(self, engine: E) -> None:
        await asyncio.to_thread(engine.stop)
        _log.info("engine_replaced", role=engine.status().role, model=engine.status().model)
