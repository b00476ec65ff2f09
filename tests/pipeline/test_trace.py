"""The trace tells apart whatever was asked differently, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afirgen.inference.engine import Priority
from afirgen.inference.llama.request import Generated, Generation, Prompt, Scored, Scoring
from afirgen.pipeline.trace import Trace, TracedModel

pytestmark = pytest.mark.anyio
_PROMPT = Prompt(system="You copy facts.", shared="Complaint: मेरा", task="Copy the name.")


class _Echo:
    """Answers at once with fixed answers."""

    readable_languages = frozenset({"en"})
    context_tokens = 100

    def count_tokens(self, text: str) -> int:
        return len(text)

    async def generate(self, request: Generation, **_: object) -> Generated:
        return Generated(
            text=request.prompt.task,
            finish="stop",
            prompt_tokens=1,
            reused_tokens=0,
            sampled_tokens=1,
            fed_tokens=0,
            queue_s=0,
            prefill_s=0,
            decode_s=0,
        )

    async def score(self, request: Scoring, **_: object) -> Scored:
        scores = tuple(1.0 for _ in request.questions)
        return Scored(scores=scores, prompt_tokens=1, reused_tokens=0, queue_s=0, compute_s=0)


async def test_requests_pass_unchanged_and_are_counted() -> None:
    trace = Trace()
    model = TracedModel(_Echo(), trace)
    assert (model.readable_languages, model.context_tokens, model.count_tokens("abc")) == (frozenset({"en"}), 100, 3)
    request = Generation(prompt=_PROMPT, max_tokens=5)
    assert (await model.generate(request)).text == "Copy the name."
    assert (await model.score(Scoring(system="s", shared="c", questions=("a?", "b?")))).scores == (1.0, 1.0)
    assert trace.details()["requests"] == 2


async def test_what_is_asked_counts_and_when_it_is_asked_does_not() -> None:
    async def of(*requests: Generation) -> dict[str, object]:
        trace = Trace()
        for request in requests:
            await TracedModel(_Echo(), trace).generate(request)
        return trace.details()

    plain = Generation(prompt=_PROMPT, max_tokens=5)
    ahead = Generation(prompt=_PROMPT, max_tokens=5, priority=Priority.PREFETCH, deadline_s=3)
    longer = Generation(prompt=_PROMPT, max_tokens=6)
    assert await of(plain) == await of(ahead)
    assert (await of(plain))["prompts_sha256"] == (await of(longer))["prompts_sha256"]
    assert (await of(plain))["parameters_sha256"] != (await of(longer))["parameters_sha256"]


@given(st.lists(st.text(), min_size=1, unique=True))
def test_the_order_of_requests_does_not_count_but_each_request_does(prompts: list[str]) -> None:
    def of(chosen: list[str]) -> object:
        trace = Trace()
        for prompt in chosen:
            trace.add(prompt, None)
        return trace.details()["prompts_sha256"]

    assert of(prompts) == of(prompts[::-1])
    assert of(prompts) != of(prompts[1:])
