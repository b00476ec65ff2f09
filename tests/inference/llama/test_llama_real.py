"""The starter language model itself: what it must know, and how it is asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from afirgen.inference.engine import EngineState
from afirgen.inference.llama.check import check_language_model
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.request import Generation, Prompt, Scoring

pytestmark = [pytest.mark.anyio, pytest.mark.models, pytest.mark.filterwarnings("ignore:llama_token_get_attr")]

MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
SYSTEM = "You copy facts from complaints made at an Indian police station."
COMPLAINT = (
    "Complaint:\nMy name is Sunita Rao. On 3 March at about 9 pm I was walking home from Kamla Market. Two boys on a "
    "black motorcycle came from behind, and one of them snatched my gold chain worth Rs 45,000 and sped away. "
    "A shopkeeper, Iqbal Khan, saw it. I was not hurt.\n\n"
)
TRUE = (
    "Was a gold chain taken from the informant?",
    "Did the wrongdoers use a motorcycle?",
    "Did a shopkeeper see what happened?",
)
FALSE = (
    "Was somebody killed?",
    "Was a house broken into?",
    "Was money sent from a bank account by a trick?",
)
RECORD = {
    "type": "object",
    "properties": {
        "informant": {"type": "string", "maxLength": 40},
        "witness": {"type": "string", "maxLength": 40},
        "value_rupees": {"type": "integer"},
    },
    "required": ["informant", "witness", "value_rupees"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(model_dir: Path) -> AsyncIterator[LlamaEngine]:
    engine = LlamaEngine(
        model_dir / MODEL / f"{MODEL}.gguf",
        model_id=MODEL,
        options=LlamaOptions(context=2048),
        check=check_language_model,
    )
    engine.start()
    await engine.ready()
    yield engine
    await asyncio.to_thread(engine.stop)


async def test_it_passes_its_known_answers(engine: LlamaEngine) -> None:
    assert engine.status().state is EngineState.READY
    assert engine.readable_languages == {"en"}, "in Hindi and Tamil, in either script, it was measured to guess"


async def test_questions_about_a_snatching(engine: LlamaEngine) -> None:
    questions = tuple(f"{question} Answer Yes or No." for question in (*TRUE, *FALSE))
    scores = (await engine.score(Scoring(system=SYSTEM, shared=COMPLAINT, questions=questions))).scores
    assert min(scores[: len(TRUE)]) > max(scores[len(TRUE) :])


async def test_a_question_scores_the_same_alone_up_to_rounding(engine: LlamaEngine) -> None:
    """Weights of 4 bits make activations be rounded to 8, so that the last bits of a sum move a score."""
    questions = tuple(f"{question} Answer Yes or No." for question in (*TRUE, *FALSE))
    together = (await engine.score(Scoring(system=SYSTEM, shared=COMPLAINT, questions=questions))).scores
    for question, score in zip(questions, together, strict=True):
        alone = await engine.score(Scoring(system=SYSTEM, shared=COMPLAINT, questions=(question,)))
        assert alone.scores[0] == pytest.approx(score, abs=0.6)


async def test_a_record_of_a_snatching(engine: LlamaEngine) -> None:
    answer = await engine.generate(
        Generation(
            prompt=Prompt(
                system=SYSTEM,
                shared=COMPLAINT,
                task="Fill this record. informant: who complains. witness: who saw it. value_rupees: worth of the thing.",
            ),
            max_tokens=80,
            schema=RECORD,
        )
    )
    assert json.loads(answer.text) == {"informant": "Sunita Rao", "witness": "Iqbal Khan", "value_rupees": 45000}
    assert answer.reused_tokens > 0
    assert answer.fed_tokens > 0
