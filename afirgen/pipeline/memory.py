"""What the model has answered about a text is not asked again: after an edit only what is new is asked."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

import msgspec
from msgspec import Struct, field, structs

from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.pipeline.model_port import LanguageModel

_MOST_TEXTS = 64
_NOTHING = Scored(scores=(), prompt_tokens=0, reused_tokens=0, queue_s=0.0, compute_s=0.0)
_NO_COST = {f: 0 for f in Generated.__struct_fields__ if f.endswith(("_tokens", "_s"))}


class _Known(Struct):
    """What the model has said about one text: the scores of questions, and what it wrote by hash of the request."""

    scores: dict[str, float] = field(default_factory=dict)
    written: dict[bytes, Generated] = field(default_factory=dict)


class Memory:
    """The answers of the model about the texts that it was asked about last; used from one event loop.

    An answer depends on the model, the text and what was asked alone, since the model writes what is likeliest, so
    nothing in here can be out of date.
    """

    def __init__(self, most_texts: int = _MOST_TEXTS) -> None:
        self._most = most_texts
        self._texts: OrderedDict[bytes, _Known] = OrderedDict()

    def of(self, model: LanguageModel, model_id: str) -> LanguageModel:
        """Return ``model`` with this memory."""
        return _RememberingModel(model, model_id, self._known)

    def _known(self, model_id: str, system: str, shared: str) -> _Known:
        key = _hash([model_id, system, shared])
        known = self._texts.setdefault(key, _Known())
        self._texts.move_to_end(key)
        while len(self._texts) > self._most:
            self._texts.popitem(last=False)
        return known


class _RememberingModel:
    """A language model that is asked the same thing about a text once."""

    def __init__(self, model: LanguageModel, model_id: str, known_of: Callable[[str, str, str], _Known]) -> None:
        self._model = model
        self._id = model_id
        self._known_of = known_of

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
        """Write text, or give what was written before; the figures are of what was written now."""
        written = self._known_of(self._id, request.prompt.system, request.prompt.shared).written
        key = _hash([request.prompt.task, request.schema, request.max_tokens])
        if known := written.get(key):
            if on_text:
                on_text(known.text)
            return known
        answer = await self._model.generate(request, on_text=on_text, cancel=cancel)
        written[key] = structs.replace(answer, **_NO_COST)
        return answer

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        """Answer closed questions, from memory where they were asked before; the figures are of what was asked now."""
        answers = self._known_of(self._id, request.system, request.shared).scores
        new = tuple(q for q in dict.fromkeys(request.questions) if q not in answers)
        scored = _NOTHING
        if new:
            scored = await self._model.score(structs.replace(request, questions=new), cancel=cancel)
            answers.update(zip(new, scored.scores, strict=True))
        return structs.replace(scored, scores=tuple(answers[q] for q in request.questions))


def _hash(value: object) -> bytes:
    return sha256(msgspec.json.encode(value)).digest()
