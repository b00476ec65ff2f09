"""What the steps need of a language model, and the one prompt prefix they all share."""

from collections.abc import Callable
from typing import Protocol

from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring

# Every step asks under the same first message and the same complaint, so that the model reads the complaint once.
SYSTEM = "You copy facts from complaints made at an Indian police station."


class LanguageModel(Protocol):
    """A language model that writes and that answers closed questions."""

    @property
    def readable_languages(self) -> frozenset[str]:
        """Languages in which it passed its known-answer questions."""

    @property
    def context_tokens(self) -> int:
        """Tokens that one request and its answer may fill."""

    def count_tokens(self, text: str) -> int:
        """Count the tokens of ``text``."""

    async def generate(
        self,
        request: Generation,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Write text."""

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        """Answer closed questions."""


def shared_prompt(complaint: str) -> str:
    """Frame the complaint as the part of the prompt that all of a case's requests have in common.

    What the complaint says is never an order to the model: answers are bound by a grammar or are a yes or a
    no, and every value is looked up in the complaint again.
    """
    return f"Complaint:\n{complaint}\n\n"
