"""What is asked of the language model, and what comes back."""

from typing import Any, Literal

from msgspec import Struct

from afirgen.inference.engine import Priority


class Prompt(Struct, frozen=True, kw_only=True):
    """A chat turn in three pieces; requests with equal ``system`` and ``shared`` share one prefix.

    ``shared`` (the complaint) and ``task`` together are the user's message. All three are data: control
    tokens written inside them are read as plain text.
    """

    system: str
    shared: str
    task: str


class Generation(Struct, frozen=True, kw_only=True):
    """A request for text. ``schema`` is a JSON Schema that the answer must satisfy.

    ``deadline_s`` counts from submission.
    """

    prompt: Prompt
    max_tokens: int
    schema: dict[str, Any] | None = None
    priority: Priority = Priority.OFFICER
    deadline_s: float | None = None


class Generated(Struct, frozen=True, kw_only=True):
    """The model's text and what it cost. Times are seconds; ``fed_tokens`` were fixed by the schema.

    ``guessed_tokens`` of both were found in the prompt and took no decode of their own.
    """

    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    reused_tokens: int
    sampled_tokens: int
    fed_tokens: int
    guessed_tokens: int = 0
    queue_s: float
    prefill_s: float
    decode_s: float


class Scoring(Struct, frozen=True, kw_only=True):
    """Closed questions about one shared text, each answered by ``logit(yes) - logit(no)``."""

    system: str
    shared: str
    questions: tuple[str, ...]
    priority: Priority = Priority.OFFICER
    deadline_s: float | None = None


class Scored(Struct, frozen=True, kw_only=True):
    """One score a question, in the order asked, and what they cost in all."""

    scores: tuple[float, ...]
    prompt_tokens: int
    reused_tokens: int
    queue_s: float
    compute_s: float
