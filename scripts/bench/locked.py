"""The plain way: llama-cpp-python's `Llama`, one sequence, a lock around it."""

import threading
import time
from pathlib import Path

import llama_cpp


class LockedModel:
    """One model that serves one request at a time."""

    def __init__(self, path: str | Path, *, context: int, gpu_layers: int) -> None:
        self._lock = threading.Lock()
        self._model = llama_cpp.Llama(str(path), n_ctx=context, n_threads=2, n_gpu_layers=gpu_layers, verbose=False)

    def write(self, system: str, user: str, most: int, begun: float | None = None) -> tuple[int, int, float]:
        """Return prompt tokens, generated tokens and the seconds to the first one, from ``begun``."""
        begun = begun or time.perf_counter()
        first = 0.0
        written = 0
        with self._lock:
            for piece in self._stream(system, user, most):
                if "content" in piece["choices"][0]["delta"]:
                    first = first or time.perf_counter() - begun
                    written += 1
            prompt = self._model.n_tokens - written
        return prompt, written, first

    def answer(self, system: str, user: str, most: int) -> str:
        """Return the text of an answer."""
        with self._lock:
            pieces = self._stream(system, user, most)
            return "".join(p["choices"][0]["delta"].get("content") or "" for p in pieces)

    def _stream(self, system: str, user: str, most: int):  # noqa: ANN202 - the library's own loose type
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        return self._model.create_chat_completion(messages, max_tokens=most, temperature=0.0, stream=True)
