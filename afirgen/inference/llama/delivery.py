"""How results leave the engine's thread: as values, to the caller's event loop."""

import asyncio
import time
from collections.abc import Callable

import structlog

from afirgen.errors import AfirgenError
from afirgen.inference.llama.request import Generated, Scored
from afirgen.inference.llama.streams import Job, Stream

_log = structlog.get_logger(__name__)


def generated(job: Job, stream: Stream) -> Generated:
    """Return the text of a finished job and what it cost."""
    finished = job.finished or time.monotonic()
    first = job.first_logits or finished
    started = job.started or first
    return Generated(
        text="".join(stream.pieces),
        finish="length" if stream.cut else "stop",
        prompt_tokens=job.prompt_tokens,
        reused_tokens=job.reused_tokens,
        sampled_tokens=stream.sampled,
        fed_tokens=stream.fed,
        guessed_tokens=stream.hit,
        queue_s=started - job.submitted,
        prefill_s=first - started,
        decode_s=finished - first,
    )


def scored(job: Job) -> Scored:
    """Return the scores of a finished job and what they cost."""
    finished = job.finished or time.monotonic()
    started = job.started or finished
    return Scored(
        scores=tuple(stream.score for stream in job.streams if stream.score is not None),
        prompt_tokens=job.prompt_tokens,
        reused_tokens=job.reused_tokens,
        queue_s=started - job.submitted,
        compute_s=finished - started,
    )


def resolve(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], error: AfirgenError | None) -> None:
    """End the wait for ``future`` on its own loop, with ``error`` if there is one."""
    call_on(loop, _resolve, future, error)


def call_on(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    """Call ``function`` on the caller's loop; when that is closed, nobody waits for it any more."""
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        _log.debug("result_without_caller")


def _resolve(future: asyncio.Future[None], error: AfirgenError | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
