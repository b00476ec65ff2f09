"""Answers bound to a JSON Schema: which tokens may come next, and which must."""

from typing import Any

import msgspec
import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from numpy.typing import NDArray

from afirgen.errors import EngineFailureError

# One layout, the one that models write by themselves: forced tokens are then the model's own, and none pads.
_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Constraint:
    """Follows one answer through its schema. A schema that cannot be applied is an ``EngineFailureError``."""

    def __init__(self, tokenizer: LLTokenizer, schema: dict[str, Any]) -> None:
        spaced = {**schema, "x-guidance": _LAYOUT}
        try:
            grammar = LLMatcher.grammar_from_json_schema(msgspec.json.encode(spaced).decode())
        except (TypeError, ValueError) as err:
            raise _unusable(str(err)) from err
        self._matcher = LLMatcher(tokenizer, grammar, log_level=0)
        self._mask: NDArray[np.int32] = allocate_token_bitmask(1, tokenizer.vocab_size)
        self._raise_if_failed()

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and nothing may follow."""
        return bool(self._matcher.is_stopped())

    def forced(self) -> list[int]:
        """Take the tokens that the schema leaves no choice about; they need not be sampled."""
        tokens = list(self._matcher.compute_ff_tokens())
        if tokens:
            self._matcher.consume_tokens(tokens)
            self._raise_if_failed()
        return tokens

    def choose(self, logits: NDArray[np.float32]) -> int:
        """Return the likeliest allowed token and take it."""
        fill_next_token_bitmask(self._matcher, self._mask)
        allowed = np.unpackbits(self._mask.view(np.uint8), bitorder="little")[: logits.shape[0]]
        token = int(np.where(allowed.astype(bool), logits[: allowed.shape[0]], -np.inf).argmax())
        self._matcher.consume_token(token)
        self._raise_if_failed()
        return token

    def _raise_if_failed(self) -> None:
        if self._matcher.is_error():
            raise _unusable(self._matcher.get_error())


def _unusable(detail: str) -> EngineFailureError:
    return EngineFailureError(
        "The answer's form could not be applied. Try again, or fill the fields by hand.", detail=detail
    )
