"""The engine as its callers see it, on a tiny model of random weights."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from afirgen.errors import (
    CancelledWorkError,
    DeadlineExceededError,
    EngineFailureError,
    InputTooLongError,
    ModelUnavailableError,
    OverloadedError,
)
from afirgen.inference.engine import CancelToken, EngineState, Priority
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.loaded import LoadedModel
from afirgen.inference.llama.request import Generated, Generation, Prompt, Scored, Scoring
from tests.tiny_model import write_tiny_model

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:llama_token_get_attr")]

# What is sequenced must not change what is computed. Flash attention on a CPU adds up in 16 bits in small batches and in
# 32 in large ones, so that only without it equal means equal.
OPTIONS = LlamaOptions(context=1024, sequences=8, batch=64, threads=1, flash_attention=False)
COMPLAINT = "Last night two boys took my phone near the bus stand. My sister saw them. " * 3
QUESTIONS = tuple(
    f"Was a {thing} taken from the man?" for thing in "phone car cow ring lamp boat coat hat book".split()
)
RECORD = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "kind": {"enum": ["theft", "hurt"]},
        "when": {"const": "night"},
    },
    "required": ["name", "kind", "when"],
    "additionalProperties": False,
}


@pytest.fixture
async def engine(tiny_model: Path) -> AsyncIterator[LlamaEngine]:
    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS, max_waiting=16)
    engine.start()
    await engine.ready()
    yield engine
    await asyncio.to_thread(engine.stop)
    assert engine.status().state is EngineState.STOPPED


def prompt(task: str = "Tell it.", shared: str = COMPLAINT) -> Prompt:
    return Prompt(system="Facts only.", shared=shared, task=task)


def writing(task: str = "Tell it.", shared: str = COMPLAINT, **changes: object) -> Generation:
    settings: dict[str, object] = {"prompt": prompt(task, shared), "max_tokens": 24}
    return Generation(**(settings | changes))  # type: ignore[arg-type]


def scoring(questions: tuple[str, ...] = QUESTIONS, shared: str = COMPLAINT, **changes: object) -> Scoring:
    return Scoring(system="Facts only.", shared=shared, questions=questions, **changes)  # type: ignore[arg-type]


# --- scores ---------------------------------------------------------------------------------------------------


async def one_by_one(path: Path, options: LlamaOptions) -> list[float]:
    alone = LlamaEngine(path, model_id="tiny", options=options)
    alone.start()
    await alone.ready()
    scores = [(await alone.score(scoring((q,)))).scores[0] for q in QUESTIONS]
    await asyncio.to_thread(alone.stop)
    return scores


async def test_scores_asked_together_equal_scores_asked_one_at_a_time(engine: LlamaEngine, tiny_model: Path) -> None:
    together = (await engine.score(scoring())).scores
    alone = await one_by_one(tiny_model, structs.replace(OPTIONS, sequences=2, batch=512))
    assert together == pytest.approx(alone, abs=1e-3)
    assert max(together) - min(together) > 0.1, "different questions give different scores"


async def test_as_installed_scores_differ_by_rounding_alone(engine: LlamaEngine, tiny_model: Path) -> None:
    exact = (await engine.score(scoring())).scores
    installed = await one_by_one(tiny_model, LlamaOptions(context=1024, threads=1))
    assert installed == pytest.approx(exact, abs=0.05)


async def test_scores_do_not_change_while_others_write(engine: LlamaEngine) -> None:
    quiet = await engine.score(scoring())
    results = await asyncio.gather(
        engine.generate(writing("One.", "Another case. ")),
        engine.score(scoring()),
        engine.generate(writing("Two.", "A third case, longer than the first. ")),
        engine.score(scoring(shared="A fourth case. ")),
    )
    assert isinstance(results[1], Scored)
    assert results[1].scores == pytest.approx(quiet.scores, abs=1e-3)


async def test_more_questions_than_sequences(engine: LlamaEngine) -> None:
    questions = tuple(f"Question {number}?" for number in range(50))
    scored = await engine.score(scoring(questions))
    assert len(scored.scores) == 50
    assert len({round(score, 4) for score in scored.scores}) > 40


async def test_no_questions_cost_nothing(engine: LlamaEngine) -> None:
    assert (await engine.score(scoring(()))).scores == ()


# --- shared prefixes --------------------------------------------------------------------------------------------


async def test_a_case_is_read_once(engine: LlamaEngine) -> None:
    first = await engine.score(scoring())
    second = await engine.generate(writing())
    third = await engine.score(scoring())
    assert first.reused_tokens == 0
    assert second.reused_tokens == third.reused_tokens > engine.count_tokens(COMPLAINT)
    assert third.scores == pytest.approx(first.scores, abs=1e-3)


async def test_requests_sent_at_once_read_the_case_once(engine: LlamaEngine) -> None:
    answers = await asyncio.gather(*(engine.generate(writing(f"Task {n}.")) for n in range(3)))
    assert sorted(a.reused_tokens > 0 for a in answers) == [False, True, True]


async def test_an_edited_case_reuses_what_did_not_change(engine: LlamaEngine) -> None:
    await engine.score(scoring())
    edited = await engine.score(scoring(shared=COMPLAINT + "He ran away. "))
    fresh = await engine.score(scoring(shared="Quite another thing. "))
    assert edited.reused_tokens >= engine.count_tokens(COMPLAINT)
    assert 0 < fresh.reused_tokens < 60, "the system message is common to all"


async def test_an_edited_case_scores_as_if_read_afresh(engine: LlamaEngine, tiny_model: Path) -> None:
    edited = COMPLAINT[:-20] + "and ran to the river. "
    await engine.score(scoring())
    reused = await engine.score(scoring(shared=edited))
    other = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS)
    other.start()
    await other.ready()
    afresh = await other.score(scoring(shared=edited))
    await asyncio.to_thread(other.stop)
    assert afresh.reused_tokens == 0
    assert reused.scores == pytest.approx(afresh.scores, abs=1e-3)


async def test_old_cases_leave_when_room_is_needed(engine: LlamaEngine) -> None:
    for number in range(12):
        await engine.score(scoring(shared=f"Case {number}. " + COMPLAINT))
    again = await engine.score(scoring(shared="Case 0. " + COMPLAINT))
    assert again.reused_tokens < engine.count_tokens(COMPLAINT), "the oldest case had been dropped"


# --- writing ----------------------------------------------------------------------------------------------------


async def test_the_same_request_gives_the_same_text(engine: LlamaEngine) -> None:
    alone = await engine.generate(writing())
    again, *_ = await asyncio.gather(*(engine.generate(writing(task)) for task in ("Tell it.", "Other.", "More.")))
    assert alone.text == again.text != ""
    assert alone.finish == "length"
    assert alone.sampled_tokens == 24


async def test_text_arrives_piece_by_piece_on_the_callers_loop(engine: LlamaEngine) -> None:
    pieces: list[str] = []
    threads: set[int] = set()

    def take(text: str) -> None:
        pieces.append(text)
        threads.add(threading.get_ident())

    answer = await engine.generate(writing(schema=RECORD, max_tokens=64), on_text=take)
    await asyncio.sleep(0)
    assert "".join(pieces) == answer.text
    assert len(pieces) > 3
    assert threads == {threading.get_ident()}


async def test_characters_of_several_tokens_arrive_whole(engine: LlamaEngine) -> None:
    pieces: list[str] = []
    schema = {"enum": ["रात को चोरी हुई", "नहीं, कोई चोरी नहीं हुई"]}
    answer = await engine.generate(writing(schema=schema, max_tokens=128), on_text=pieces.append)
    assert json.loads(answer.text) in schema["enum"]
    assert "".join(pieces) == answer.text
    assert not any("\ufffd" in piece for piece in pieces)


async def test_several_cases_at_once(engine: LlamaEngine) -> None:
    jobs = [engine.generate(writing(shared=f"Case {n}. ", schema=RECORD, max_tokens=64)) for n in range(6)]
    jobs += [engine.generate(writing(shared=f"Case {n}. ")) for n in range(6)]
    answers = await asyncio.gather(*jobs)
    assert all(json.loads(answer.text)["when"] == "night" for answer in answers[:6])


# --- schemas ----------------------------------------------------------------------------------------------------


async def test_an_answer_follows_its_schema(engine: LlamaEngine) -> None:
    answer = await engine.generate(writing(schema=RECORD, max_tokens=64))
    record = json.loads(answer.text)
    assert set(record) == {"name", "kind", "when"}
    assert record["kind"] in {"theft", "hurt"}
    assert record["when"] == "night"
    assert answer.finish == "stop"
    assert answer.fed_tokens > answer.sampled_tokens, "keys and constants are fed, not sampled"


async def test_fed_tokens_give_the_text_that_sampling_would(engine: LlamaEngine) -> None:
    fixed = await engine.generate(writing(schema={"const": {"a": [1, 2, "three"]}}, max_tokens=64))
    assert json.loads(fixed.text) == {"a": [1, 2, "three"]}
    assert fixed.sampled_tokens == 0
    assert fixed.fed_tokens > 5


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"$ref": "#/nowhere"},
        {"enum": []},
        {"type": "string", "pattern": "(?=a)b"},
        {"type": "object", "properties": {"a": object()}},
    ],
)
async def test_a_bad_schema_is_an_error_and_the_engine_goes_on(engine: LlamaEngine, schema: dict[str, object]) -> None:
    with pytest.raises(EngineFailureError, match="form"):
        await engine.generate(writing(schema=schema))
    assert (await engine.generate(writing())).text
    assert engine.status().waiting == 0


@pytest.mark.parametrize("schema", [RECORD, {"type": "string", "minLength": 200}, None])
async def test_an_answer_cut_short_says_so_and_keeps_to_its_limit(
    engine: LlamaEngine, schema: dict[str, object] | None
) -> None:
    whole = (await engine.generate(writing(schema=schema, max_tokens=80))).text
    for most in range(1, 40):
        answer = await engine.generate(writing(schema=schema, max_tokens=most))
        assert whole.startswith(answer.text.rstrip("\ufffd"))
        assert answer.sampled_tokens + answer.fed_tokens <= most
        assert answer.finish == ("stop" if answer.text == whole else "length")


# --- limits -----------------------------------------------------------------------------------------------------


async def test_what_can_never_fit_is_refused(engine: LlamaEngine) -> None:
    long = "word " * 1000
    with pytest.raises(InputTooLongError, match="too long"):
        await engine.generate(writing(shared=long))
    with pytest.raises(InputTooLongError, match="too long"):
        await engine.score(scoring(("Short?", long)))
    with pytest.raises(InputTooLongError, match="too long"):
        await engine.generate(writing(max_tokens=1100))
    assert engine.status().waiting == 0
    assert engine.status().failed == 0


async def test_what_just_fits_runs(engine: LlamaEngine) -> None:
    empty = await engine.generate(writing("", "", max_tokens=1))
    room = engine.context_tokens - empty.prompt_tokens
    answer = await engine.generate(writing("", "a" * (room // 2), max_tokens=room - room // 2))
    assert answer.sampled_tokens == room - room // 2
    with pytest.raises(InputTooLongError):
        await engine.generate(writing("", "a" * (room // 2), max_tokens=room - room // 2 + 1))


async def test_an_answer_of_no_tokens_is_refused(engine: LlamaEngine) -> None:
    for tokens in (0, -1):
        with pytest.raises(ValueError, match="max_tokens"):
            await engine.generate(writing(max_tokens=tokens))


async def test_a_full_queue_refuses_at_once(tiny_model: Path) -> None:
    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS, max_waiting=2)
    engine.start()
    await engine.ready()
    jobs = [asyncio.create_task(engine.generate(writing(f"Task {n}.", max_tokens=200))) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError, match="Try again") as refused:
        await engine.generate(writing())
    assert refused.value.retry_after_s > 0
    assert len(await asyncio.gather(*jobs)) == 2
    assert (await engine.generate(writing())).text, "there is room again"
    await asyncio.to_thread(engine.stop)


async def test_odd_text_does_no_harm(engine: LlamaEngine) -> None:
    for text in ("", "\x00", "\x02system\x03", "\ud800 half a pair", "नमस्ते 🙏", "\n\n\n", "{{ 7*7 }}", "<|im_end|>"):
        assert len((await engine.score(scoring((text,), shared=text))).scores) == 1
        assert engine.count_tokens(text) >= 0


# --- stopping work -----------------------------------------------------------------------------------------------


async def test_a_cancelled_task_frees_its_place(engine: LlamaEngine) -> None:
    task = asyncio.create_task(engine.generate(writing(max_tokens=700)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: engine.status().waiting == 0)
    assert engine.status().done == 0, "it was not worked to its end"
    assert len((await engine.generate(writing(max_tokens=700))).text) > 0


async def test_cancelling_one_task_leaves_others_with_the_same_token(engine: LlamaEngine) -> None:
    token = CancelToken()
    doomed = asyncio.create_task(engine.generate(writing(max_tokens=300), cancel=token))
    other = asyncio.create_task(engine.generate(writing("Other."), cancel=token))
    await asyncio.sleep(0.005)
    doomed.cancel()
    assert isinstance(await other, Generated)
    assert not token.cancelled


async def test_a_cancel_token_stops_queued_and_running_work(engine: LlamaEngine) -> None:
    token = CancelToken()
    jobs = [asyncio.create_task(engine.generate(writing(f"T{n}.", max_tokens=400), cancel=token)) for n in range(4)]
    jobs.append(asyncio.create_task(engine.score(scoring(), cancel=token)))
    await asyncio.sleep(0.005)
    token.cancel()
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert all(isinstance(result, CancelledWorkError | Generated | Scored) for result in results)
    assert any(isinstance(result, CancelledWorkError) for result in results)
    assert (await engine.generate(writing())).text


async def test_a_deadline_ends_work(engine: LlamaEngine) -> None:
    with pytest.raises(DeadlineExceededError, match="in time"):
        await engine.generate(writing(max_tokens=700, deadline_s=0.02))
    with pytest.raises(DeadlineExceededError):
        await engine.score(scoring(deadline_s=0.0))
    assert (await engine.generate(writing(deadline_s=30.0))).text


async def test_an_officer_goes_before_work_done_ahead(tiny_model: Path) -> None:
    narrow = LlamaEngine(
        tiny_model, model_id="tiny", options=LlamaOptions(context=512, sequences=2, batch=64, threads=1)
    )
    narrow.start()
    await narrow.ready()
    order: list[str] = []

    async def ask(name: str, priority: Priority) -> None:
        await narrow.generate(writing(name, shared="A case. ", max_tokens=60, priority=priority))
        order.append(name)

    jobs = [asyncio.create_task(ask(name, Priority.PREFETCH)) for name in ("ahead 1", "ahead 2", "ahead 3")]
    await asyncio.sleep(0)
    jobs.append(asyncio.create_task(ask("officer", Priority.OFFICER)))
    await asyncio.gather(*jobs)
    await asyncio.to_thread(narrow.stop)
    assert order.index("officer") <= 1
    assert [name for name in order if name != "officer"] == ["ahead 1", "ahead 2", "ahead 3"]


async def test_stopping_finishes_what_is_open(tiny_model: Path) -> None:
    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS)
    engine.start()
    await engine.ready()
    jobs = [asyncio.create_task(engine.generate(writing(f"Task {n}."))) for n in range(4)]
    await asyncio.sleep(0)
    await asyncio.to_thread(engine.stop)
    assert all(isinstance(answer, Generated) for answer in await asyncio.gather(*jobs))
    assert not any(thread.name == "engine-llm" for thread in threading.enumerate())


async def test_stopping_without_grace_fails_what_is_open(tiny_model: Path) -> None:
    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS)
    engine.start()
    await engine.ready()
    jobs = [asyncio.create_task(engine.generate(writing(f"Task {n}.", max_tokens=600))) for n in range(3)]
    await asyncio.sleep(0)
    await asyncio.to_thread(engine.stop, grace_s=0.0)
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert all(isinstance(result, ModelUnavailableError) for result in results)


async def test_a_stopped_engine_refuses_and_does_not_crash(engine: LlamaEngine) -> None:
    await asyncio.to_thread(engine.stop)
    await asyncio.to_thread(engine.stop)
    with pytest.raises(ModelUnavailableError, match="stopped"):
        await engine.generate(writing())
    with pytest.raises(ModelUnavailableError, match="stopped"):
        engine.count_tokens("a")
    with pytest.raises(ModelUnavailableError, match="stopped"):
        await engine.ready()


async def test_a_stopped_engine_has_freed_its_model(engine: LlamaEngine) -> None:
    model = engine._model
    assert model is not None
    await asyncio.to_thread(engine.stop)
    with pytest.raises(ModelUnavailableError), model.lease():
        pass


def test_a_model_in_use_is_not_freed(tiny_model: Path) -> None:
    model = LoadedModel(tiny_model, OPTIONS, model_id="tiny")
    closing = threading.Thread(target=model.close)
    with model.lease():
        closing.start()
        closing.join(0.05)
        assert closing.is_alive()
        assert model.count("a") == 1
    closing.join(5)
    assert not closing.is_alive()


async def test_stopping_waits_for_those_who_count_tokens(engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(_: LoadedModel, text: str) -> int:
        entered.set()
        release.wait(10)
        return len(text)

    monkeypatch.setattr(LoadedModel, "count", slow)
    counting = asyncio.create_task(asyncio.to_thread(engine.count_tokens, "abc"))
    await asyncio.to_thread(entered.wait, 10)
    stopping = asyncio.create_task(asyncio.to_thread(engine.stop))
    assert await asyncio.wait({stopping}, timeout=0.05) == (set(), {stopping})
    release.set()
    assert await counting == 3
    await stopping


def test_a_caller_whose_loop_is_gone_does_not_stop_the_engine(tiny_model: Path) -> None:
    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS)
    engine.start()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(engine.ready())
    job = engine.generate(writing(max_tokens=300))
    task = loop.create_task(job)
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel = lambda: False  # type: ignore[method-assign, assignment]
    loop.stop()
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    deadline = time.monotonic() + 10
    while engine.status().waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    assert asyncio.run(engine.generate(writing())).text
    engine.stop()
    job.close()


# --- loading ----------------------------------------------------------------------------------------------------


async def test_start_returns_before_the_model_is_loaded(tiny_model: Path) -> None:
    release = threading.Event()

    def check(_: object) -> frozenset[str]:
        release.wait(10)
        return frozenset({"en"})

    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS, check=check)
    engine.start()
    assert engine.status().state is EngineState.LOADING
    with pytest.raises(ModelUnavailableError, match="loading"):
        await engine.generate(writing())
    release.set()
    await engine.ready()
    assert engine.readable_languages == {"en"}
    assert engine.status().load_s is not None
    await asyncio.to_thread(engine.stop)


@pytest.fixture
def damaged(request: pytest.FixtureRequest, tiny_model: Path, tmp_path: Path) -> Path:
    """Return a file that is missing, cut at a size, or something else altogether."""
    path = tmp_path / "damaged.gguf"
    whole = tiny_model.read_bytes()
    match request.param:
        case int(size):
            path.write_bytes(whole[:size])
        case bytes(data):
            path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("damaged", "command"),
    [
        (None, "pull"),
        *((size, "verify") for size in (0, 4, 30, 1000, 200_000, -1)),
        *((data, "verify") for data in (b"PK\x03\x04" + bytes(200), b"GGUF" + b"\xff" * 500, b"GGUF" + bytes(500))),
    ],
    indirect=["damaged"],
)
async def test_a_missing_or_damaged_file_is_a_failed_engine(damaged: Path, command: str) -> None:
    await _fails_to_load(damaged, command)


async def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    await _fails_to_load(write_tiny_model(tmp_path / "plain.gguf", template=None), None)
    await _fails_to_load(write_tiny_model(tmp_path / "odd.gguf", template="{{ nothing.here.at.all }}"), None)


async def _fails_to_load(path: Path, command: str | None) -> None:
    engine = LlamaEngine(path, model_id="tiny", options=OPTIONS)
    engine.start()
    advice = f"`afirgen models {command}" if command else "Choose"
    with pytest.raises(ModelUnavailableError, match=f"tiny.*{advice}"):
        await engine.ready()
    assert engine.status().state is EngineState.FAILED
    assert str(path.parent) not in (engine.status().problem or "")
    await asyncio.to_thread(engine.stop)
    assert engine.status().state is EngineState.FAILED


async def test_a_model_that_fails_its_check_is_not_used(tiny_model: Path) -> None:
    def check(_: object) -> frozenset[str]:
        raise ModelUnavailableError("The language model tiny fails its known-answer check.")

    engine = LlamaEngine(tiny_model, model_id="tiny", options=OPTIONS, check=check)
    engine.start()
    with pytest.raises(ModelUnavailableError, match="known-answer"):
        await engine.ready()
    assert engine.status().state is EngineState.FAILED
    with pytest.raises(ModelUnavailableError, match="known-answer"):
        engine.count_tokens("a")
    await asyncio.to_thread(engine.stop)


async def _until(condition: object) -> None:
    for _ in range(500):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not happen")
