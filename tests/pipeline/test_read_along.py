"""What is heard of a long recording is read along, one piece at a time, and costs nothing when it fails."""

import asyncio

import pytest

from afirgen.case.evidence import Transcript
from afirgen.errors import ModelUnavailableError
from afirgen.inference.llama.request import Scored, Scoring
from afirgen.pipeline.model_port import SYSTEM, shared_prompt
from afirgen.pipeline.read_along import read_ahead, reading_along

pytestmark = pytest.mark.anyio


class Reader:
    """A model that notes what it is given to read."""

    readable_languages = frozenset({"en"})
    context_tokens = 8000

    def __init__(self) -> None:
        self.read: list[tuple[str, str]] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def score(self, request: Scoring, **_: object) -> Scored:
        self.read.append((request.system, request.shared))
        return Scored(scores=(0.0,), prompt_tokens=1, reused_tokens=0, queue_s=0.0, compute_s=0.0)

    async def generate(self, *_: object, **__: object) -> object:
        raise NotImplementedError


def so_far(words: str, language: str = "en") -> Transcript:
    return Transcript(text=words, language=language)


async def test_the_model_is_given_the_beginning_of_what_later_steps_ask_about() -> None:
    model = Reader()
    await read_ahead(so_far("My bag was taken."), model)
    [(system, shared)] = model.read
    assert system == SYSTEM
    assert shared_prompt("My bag was taken. I saw the man.").startswith(shared.rstrip())


async def test_a_language_that_it_does_not_read_is_not_read() -> None:
    model = Reader()
    await read_ahead(so_far("मेरा थैला चोरी हो गया।", "hi"), model)
    assert model.read == []


async def test_while_one_part_is_read_only_the_newest_waits() -> None:
    read: list[str] = []
    go_on = asyncio.Event()

    async def slowly(heard: Transcript) -> None:
        read.append(heard.text)
        await go_on.wait()

    async with reading_along(slowly) as heard:
        for words in ("one", "one two", "one two three"):
            heard(so_far(words))
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.sleep(0.01)
        heard(so_far("one two three four"))
    assert read == ["one", "one two three"], "what came last is what the next step asks about"


async def test_the_end_waits_for_what_is_being_read() -> None:
    done = []

    async def slowly(heard: Transcript) -> None:
        await asyncio.sleep(0.01)
        done.append(heard.text)

    async with reading_along(slowly) as heard:
        heard(so_far("one"))
        await asyncio.sleep(0)
    assert done == ["one"]


async def test_a_failed_listening_stops_the_reading() -> None:
    stopped = asyncio.Event()

    async def for_ever(_: Transcript) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async def listen() -> None:
        async with reading_along(for_ever) as heard:
            heard(so_far("one"))
            await asyncio.sleep(0)
            raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        await listen()
    await asyncio.wait_for(stopped.wait(), 5)


async def test_a_model_that_is_not_there_costs_nothing() -> None:
    asked = 0

    async def refused(_: Transcript) -> None:
        nonlocal asked
        asked += 1
        raise ModelUnavailableError("The language model is still loading.")

    async with reading_along(refused) as heard:
        heard(so_far("one"))
        await asyncio.sleep(0.01)
        heard(so_far("one two"))
        await asyncio.sleep(0.01)
    assert asked == 2
