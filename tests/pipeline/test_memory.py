"""Questions about a text are asked once, also across steps and edits."""

import asyncio

from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.request import Generated, Generation, Prompt, Scored, Scoring
from afirgen.pipeline.memory import Memory


class Counting:
    """Answers each question with its length and notes what it was asked."""

    readable_languages = frozenset({"en"})
    context_tokens = 1000

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.written: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text)

    async def generate(self, request: Generation, **_: object) -> Generated:
        self.written.append(request.prompt.task)
        return Generated(
            text=f"{request.prompt.task} {request.max_tokens}",
            finish="stop",
            prompt_tokens=9,
            reused_tokens=2,
            sampled_tokens=3,
            fed_tokens=1,
            guessed_tokens=1,
            queue_s=0.1,
            prefill_s=0.2,
            decode_s=0.3,
        )

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


def write(
    model: Counting,
    memory: Memory,
    task: str,
    *,
    most: int = 8,
    schema: dict[str, object] | None = None,
    shared: str = "A",
) -> tuple[Generated, list[str]]:
    pieces: list[str] = []
    request = Generation(prompt=Prompt(system="s", shared=shared, task=task), max_tokens=most, schema=schema)
    return asyncio.run(memory.of(model, "m").generate(request, on_text=pieces.append)), pieces


def test_what_was_written_is_given_again_and_costs_nothing() -> None:
    model, memory = Counting(), Memory()
    first, _ = write(model, memory, "Tell.")
    again, pieces = write(model, memory, "Tell.")
    assert again.text == first.text == "".join(pieces)
    assert (first.sampled_tokens, again.sampled_tokens, again.prompt_tokens, again.decode_s) == (3, 0, 0, 0)
    assert model.written == ["Tell."]


def test_another_task_length_schema_or_text_is_written_anew() -> None:
    model, memory = Counting(), Memory()
    write(model, memory, "Tell.")
    write(model, memory, "Tell it.")
    write(model, memory, "Tell.", most=9)
    write(model, memory, "Tell.", schema={"type": "string"})
    write(model, memory, "Tell.", shared="B")
    assert len(model.written) == 5


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
