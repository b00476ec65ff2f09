"""Questions about a text are asked once, also across steps and edits."""

import asyncio

from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.pipeline.memory import Memory


class Counting:
    """Answers each question with its length and notes what it was asked."""

    readable_languages = frozenset({"en"})
    context_tokens = 1000

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def count_tokens(self, text: str) -> int:
        return len(text)

    async def generate(self, request: Generation, **_: object) -> Generated:
        raise NotImplementedError(request)

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        del cancel
        self.asked.append(request.questions)
        scores = tuple(float(len(q)) for q in request.questions)
        return Scored(scores=scores, prompt_tokens=7, reused_tokens=0, queue_s=0.0, compute_s=0.0)


def ask(
    model: Counting, memory: Memory, *questions: str, text: str = "A bag was taken.", model_id: str = "m"
) -> tuple[float, ...]:
    request = Scoring(system="s", shared=text, questions=questions)
    return asyncio.run(memory.of(model, model_id).score(request)).scores


def test_only_what_is_new_is_asked_and_the_order_is_kept() -> None:
    model, memory = Counting(), Memory()
    assert ask(model, memory, "one", "three") == (3.0, 5.0)
    assert ask(model, memory, "three", "seventy", "one", "seventy") == (5.0, 7.0, 3.0, 7.0)
    assert model.asked == [("one", "three"), ("seventy",)]


def test_another_text_or_model_is_asked_anew() -> None:
    model, memory = Counting(), Memory()
    ask(model, memory, "one")
    ask(model, memory, "one", text="A bag was lost.")
    ask(model, memory, "one", model_id="n")
    assert model.asked == [("one",)] * 3


def test_the_text_used_longest_ago_is_forgotten_first() -> None:
    model, memory = Counting(), Memory(most_texts=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        ask(model, memory, "one", text=text)
    assert len(model.asked) == 4  # a, b, c, and b again
