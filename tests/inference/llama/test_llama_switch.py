"""A language model is replaced by another while it works: the real starter model, and a model that knows nothing."""

import asyncio
from pathlib import Path

import pytest

from afirgen.errors import ModelUnavailableError
from afirgen.inference.engine import EngineState
from afirgen.inference.llama.check import check_language_model
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.request import Generated, Generation, Prompt
from afirgen.inference.slot import EngineSlot
from tests.inference.llama.test_llama_real import COMPLAINT, MODEL, SYSTEM

pytestmark = [pytest.mark.anyio, pytest.mark.models, pytest.mark.filterwarnings("ignore:llama_token_get_attr")]
OPTIONS = LlamaOptions(context=1024)


def engine_of(path: Path, model_id: str) -> LlamaEngine:
    return LlamaEngine(path, model_id=model_id, options=OPTIONS, check=check_language_model)


async def summary(slot: EngineSlot[LlamaEngine]) -> tuple[str, Generated]:
    async with slot.use() as engine:
        prompt = Prompt(system=SYSTEM, shared=COMPLAINT, task="Say in one sentence what happened.")
        return engine.status().model, await engine.generate(Generation(prompt=prompt, max_tokens=24))


async def test_a_running_model_is_replaced_after_its_last_request(model_dir: Path, tiny_model: Path) -> None:
    path = model_dir / MODEL / f"{MODEL}.gguf"
    first = engine_of(path, "first")
    slot = EngineSlot(first)
    slot.start()
    try:
        await slot.ready()
        running = [asyncio.create_task(summary(slot)) for _ in range(3)]
        await asyncio.sleep(0)
        await slot.switch(engine_of(path, "second"))
        after = await summary(slot)
        before = await asyncio.gather(*running)
        assert {model for model, _ in before} == {"first"}
        assert after[0] == "second"
        assert {made.text for _, made in (*before, after)} == {after[1].text}

        with pytest.raises(ModelUnavailableError, match="known-answer"):
            await slot.switch(engine_of(tiny_model, "knows-nothing"))
        assert (await summary(slot))[0] == "second"
    finally:
        await slot.stop()
    assert first.status().state is EngineState.STOPPED
