import asyncio
import os
from collections.abc import AsyncIterator

import numpy as np
import pytest

from afirgen.inference.embed import DIMENSIONS, EmbedEngine

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine() -> AsyncIterator[EmbedEngine]:
    embed = EmbedEngine(threads=2)
    embed.start()
    await embed.ready()
    yield embed
    await asyncio.to_thread(embed.stop)


async def test_rows_are_unit_vectors_in_order(engine: EmbedEngine) -> None:
    texts = [f"text number {number}" for number in range(40)]
    rows = await engine.embed(texts, kind="passage")
    assert rows.shape == (40, DIMENSIONS)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = await engine.embed([texts[17]], kind="passage")
    assert float(alone[0] @ rows[17]) > 0.999


async def test_loading_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    embed = EmbedEngine(threads=2)
    assert os.environ["OMP_NUM_THREADS"] == "2"
    with monkeypatch.context() as patch:
        patch.setattr(type(os.environ), "__setitem__", lambda _self, name, _value: written.append(name))
        embed.start()
        await embed.ready()
    await asyncio.to_thread(embed.stop)
    assert written == []


async def test_a_question_finds_its_passage_across_languages(engine: EmbedEngine) -> None:
    passages = await engine.embed(
        ["Theft of movable property", "Causing death by negligence", "Printing of currency notes"], kind="passage"
    )
    (question,) = await engine.embed(["मेरा मोबाइल चोरी हो गया"], kind="query")
    assert int((passages @ question).argmax()) == 0


async def test_nothing_and_strange_text(engine: EmbedEngine) -> None:
    assert (await engine.embed([], kind="query")).shape == (0, DIMENSIONS)
    rows = await engine.embed(["", "a\0b", "lone \ud800 surrogate", "x" * 2_000], kind="query")
    assert rows.shape == (4, DIMENSIONS)
    assert np.isfinite(rows).all()


async def test_the_id_names_model_and_package(engine: EmbedEngine) -> None:
    assert engine.embedder_id.startswith("multilingual-e5-small")
    assert "384" in engine.embedder_id
