"""Ends tasks for certain."""

import asyncio

_AGAIN_S = 5.0


async def end_tasks(*tasks: "asyncio.Task[object]") -> None:
    """Cancel tasks and return when all have ended, however they did.

    Once is not enough: ``asyncio.wait_for`` of Python 3.11 loses a cancellation that comes together with the answer it
    waited for (python/cpython#86296), and the database driver waits by it. Whoever is cleaning up has time for it.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        ended, waiting = await asyncio.wait(waiting, timeout=_AGAIN_S)
        await asyncio.gather(*ended, return_exceptions=True)
