"""What a step asked of the language model, as hashes for the audit log."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec

from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.pipeline.model_port import LanguageModel


class Trace:
    """Collects the prompts and parameters of one step's requests."""

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._parameters: list[str] = []

    def add(self, prompt: object, parameters: object) -> None:
        """Note one request."""
        self._prompts.append(_hash(prompt))
        self._parameters.append(_hash(parameters))

    def details(self) -> dict[str, Any]:
        """Return the number of requests and one hash each of all prompts and all parameters.

        Requests may run at the same time, so their order does not count.
        """
        return {
            "requests": len(self._prompts),
            "prompts_sha256": _hash(sorted(self._prompts)),
            "parameters_sha256": _hash(sorted(self._parameters)),
        }


class TracedModel:
    """A language model whose requests are noted in a trace."""

    def __init__(self, model: LanguageModel, trace: Trace) -> None:
        self._model = model
        self._trace = trace

    @property
    def readable_languages(self) -> frozenset[str]:
        """Languages in which the model passed its known-answer questions."""
        return self._model.readable_languages

    @property
    def context_tokens(self) -> int:
        """Tokens that one request and its answer may fill."""
        return self._model.context_tokens

    def count_tokens(self, text: str) -> int:
        """Count the tokens of ``text``."""
        return self._model.count_tokens(text)

    async def generate(
        self,
        request: Generation,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Write text."""
        self._trace.add(request.prompt, {"max_tokens": request.max_tokens, "schema": request.schema})
        return await self._model.generate(request, on_text=on_text, cancel=cancel)

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        """Answer closed questions."""
        self._trace.add([request.system, request.shared, request.questions], {"answers": "yes, no"})
        return await self._model.score(request, cancel=cancel)


def _hash(value: object) -> str:
    return sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
