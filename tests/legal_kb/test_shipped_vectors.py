"""The vectors that come with the program: whole, true to the search model, and used."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from afirgen.errors import DataFileError
from afirgen.inference.embed import DIMENSIONS, EMBEDDER_ID, EmbedEngine
from afirgen.legal_kb import vectors as module
from afirgen.legal_kb.index import open_index
from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.passages import Passage, passages_of
from afirgen.legal_kb.statutes import KnowledgeBase
from afirgen.legal_kb.tellings import load_tellings
from afirgen.legal_kb.vectors import Vector, shipped_vectors, write_shipped


@pytest.fixture(scope="module")
def passages(kb: KnowledgeBase, book: OffenceBook) -> tuple[Passage, ...]:
    return passages_of(kb, book.everyday(), load_tellings(kb))


def test_every_passage_of_the_shipped_law_has_a_vector(passages: tuple[Passage, ...]) -> None:
    """Where this fails, the law has changed: run `python scripts/make_vectors.py`."""
    texts = {p.text for p in passages}

    assert set(shipped_vectors(texts, EMBEDDER_ID)) == texts


@pytest.mark.anyio
@pytest.mark.models
async def test_the_search_model_gives_the_same_vectors(passages: tuple[Passage, ...]) -> None:
    texts = sorted({p.text for p in passages})[::400]
    engine = EmbedEngine()
    engine.start()
    await engine.ready()

    rows = await engine.embed(texts, kind="passage")
    shipped = shipped_vectors(texts, EMBEDDER_ID)

    engine.stop()
    assert len(texts) > 10
    assert min(float(row @ shipped[text]) for text, row in zip(texts, rows, strict=True)) > 0.999


def test_another_search_model_gets_none(passages: tuple[Passage, ...]) -> None:
    assert shipped_vectors([passages[0].text], "another model") == {}


class _Embedder:
    """Embeds nothing but one text, for its length."""

    def __init__(self, embedder_id: str) -> None:
        self.embedder_id = embedder_id
        self.asked: list[str] = []

    async def embed(self, texts: list[str], *, kind: Literal["query", "passage"]) -> Vector:
        assert kind == "passage"
        self.asked += texts
        return np.ones((len(texts), DIMENSIONS), np.float32)


@pytest.mark.anyio
async def test_an_index_embeds_only_what_is_not_shipped(passages: tuple[Passage, ...], tmp_path: Path) -> None:
    own = Passage(section=passages[0].section, kind=passages[0].kind, text="A text of the station's own act.")
    few = (*passages[:20], own)
    embedder = _Embedder(EMBEDDER_ID)

    index = await open_index(tmp_path, few, embedder)

    assert embedder.asked == [few[0].text, own.text]  # the first text tells how long the rows are
    shipped = shipped_vectors([few[3].text], EMBEDDER_ID)
    assert np.array_equal(index.vectors[index.passages.index(few[3])], shipped[few[3].text])


def test_a_damaged_file_names_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vectors.npz"
    write_shipped(path, {"text": np.ones(4, np.float32)}, "model")
    monkeypatch.setattr(module, "_SHIPPED", path)
    assert list(shipped_vectors(["text"], "model")) == ["text"]

    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(DataFileError, match=r"vectors\.npz is damaged"):
        shipped_vectors(["text"], "model")
