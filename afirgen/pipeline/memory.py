"""What the model has answered about a text is not asked again: after an edit only what is new is asked."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

import msgspec
from msgspec import structs

from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.pipeline.model_port import LanguageModel

_MOST_TEXTS = 64
_NOTHING = Scored(scores=(), prompt_tokens=0, reused_tokens=0, queue_s=0.0, compute_s=0.0)


class Memory:
    """The scores of closed questions, for the texts that were asked about last; used from one event loop.

    A score depends on the model, the text and the question alone, so nothing in here can be out of date.
    """

    def __init__(self, most_texts: int = _MOST_TEXTS) -> None:
        self._most = most_texts
        self._texts: OrderedDict[bytes, dict[str, float]] = OrderedDict()

    def of(self, model: LanguageModel, model_id: str) -> LanguageModel:
        """Return ``model`` with this memory."""
        return _RememberingModel(model, model_id, self._answers)

    def _answers(self, model_id: str, request: Scoring) -> dict[str, float]:
        key = sha256(msgspec.json.encode([model_id, request.system, request.shared])).digest()
        answers = self._texts.setdefault(key, {})
        self._texts.move_to_end(key)
        while len(self._texts) > self._most:
            self._texts.popitem(last=False)
        return answers


class _RememberingModel:
    """A language model that is asked each question about a text once."""

    def __init__(
        self, model: LanguageModel, model_id: str, answers_of: Callable[[str, Scoring], dict[str, float]]
    ) -> None:
        self._model = model
        self._id = model_id
        self._answers_of = answers_of

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
        """Write text; that is not remembered."""
        return await self._model.generate(request, on_text=on_text, cancel=cancel)

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        """Answer closed questions, from memory where they were asked before; the figures are of what was asked now."""
        answers = self._answers_of(self._id, request)
        new = tuple(q for q in dict.fromkeys(request.questions) if q not in answers)
        scored = _NOTHING
        if new:
            scored = await self._model.score(structs.replace(request, questions=new), cancel=cancel)
            answers.update(zip(new, scored.scores, strict=True))
        return structs.replace(scored, scores=tuple(answers[q] for q in request.questions))
