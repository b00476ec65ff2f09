"""The language model reads a long recording along: what has been heard, while the rest is still being listened to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from afirgen.case.evidence import Transcript
from afirgen.errors import AfirgenError
from afirgen.inference.llama.request import Scoring
from afirgen.pipeline.excerpt import excerpt
from afirgen.pipeline.model_port import SYSTEM, LanguageModel, shared_prompt
from afirgen.pipeline.orders import hide_orders

_log = structlog.get_logger(__name__)
Heard = Callable[[Transcript], None]


async def read_ahead(heard: Transcript, model: LanguageModel) -> None:
    """Let the model read the complaint as far as it is known, so that later steps need not wait for that part."""
    shown = excerpt(hide_orders(heard), model)
    if shown.text and heard.language in model.readable_languages:
        await model.score(Scoring(system=SYSTEM, shared=shared_prompt(shown.text), questions=("",)))


@asynccontextmanager
async def reading_along(read: Callable[[Transcript], Awaitable[None]]) -> AsyncIterator[Heard]:
    """Give a function that takes the text so far, from an event loop, and lets ``read`` have it beside the block.

    One reading goes on at a time, of the newest text then known. The block's end waits for it, because what it reads
    is what comes next anyway. A reading that fails costs nothing but the time that it would have saved.
    """
    newest: list[Transcript] = []
    reading: asyncio.Task[None] | None = None

    async def read_newest() -> None:
        while newest:
            try:
                await read(newest.pop())
            except AfirgenError as err:
                _log.info("not_read_along", problem=err.public)
                return

    def heard(so_far: Transcript) -> None:
        nonlocal reading
        newest[:] = [so_far]
        if reading is None or reading.done():
            reading = asyncio.create_task(read_newest())

    try:
        yield heard
        newest.clear()
        if reading is not None:
            await reading
    finally:
        if reading is not None:
            reading.cancel()
