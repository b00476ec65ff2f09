"""The step loop on a tiny real model: book-keeping, fairness, and decodes that fail."""

from collections.abc import Callable, Iterator
from pathlib import Path

import llama_cpp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from afirgen.errors import AfirgenError, CancelledWorkError, DeadlineExceededError, EngineFailureError
from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.lib import LlamaOptions, NativeModel
from afirgen.inference.llama.lookup import Lookup
from afirgen.inference.llama.scheduler import Scheduler
from afirgen.inference.llama.streams import Job, Stream

Guess = Callable[[Stream, int], list[int]]
OPTIONS = LlamaOptions(context=256, sequences=6, batch=32, chunk=8, guesses=3, threads=1)


class FailingModel(NativeModel):
    """A model whose next decodes can be made to fail; ``batches`` notes the sequences in each."""

    codes: list[int]
    batches: list[dict[int, int]]

    def decode(self) -> int:
        count = int(self._batch.n_tokens)
        rows = [int(self._batch.seq_id[row][0]) for row in range(count)]
        self.batches.append({sequence: rows.count(sequence) for sequence in rows})
        code = self.codes.pop(0) if self.codes else 0
        if code in {1, -1}:
            return code
        # An abort or a failed computation leaves some of the batch in the cache.
        return super().decode() or code

    def cells(self, sequence: int) -> int:
        """Return how many cells llama.cpp itself holds for a sequence."""
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence)) + 1


@pytest.fixture(scope="module")
def native(tiny_model: Path) -> Iterator[FailingModel]:
    model = FailingModel(tiny_model, OPTIONS, model_id="tiny")
    yield model
    model.close()


@pytest.fixture
def model(native: FailingModel) -> FailingModel:
    native.codes, native.batches, native.options = [], [], OPTIONS
    for sequence in range(OPTIONS.sequences):
        native.forget(sequence)
    return native


def new_scheduler(model: NativeModel) -> Scheduler:
    return Scheduler(model, yes=[model.tokenize("Yes", special=False)[0]], no=[model.tokenize("No", special=False)[0]])


class Outcome:
    """What became of a job; settling twice is an error."""

    def __init__(self) -> None:
        self.settled = 0
        self.error: AfirgenError | None = None

    def __call__(self, error: AfirgenError | None) -> None:
        self.settled += 1
        self.error = error


def job(
    number: int, prefix: tuple[int, ...], streams: list[Stream], *, priority: int = 0, deadline: float | None = None
) -> tuple[Job, Outcome]:
    outcome = Outcome()
    made = Job(
        number=number,
        priority=priority,
        prefix=prefix,
        streams=streams,
        settle=outcome,
        cancel=CancelToken(),
        deadline=deadline,
    )
    return made, outcome


def text(length: int, start: int = 40) -> tuple[int, ...]:
    return tuple(start + index % 60 for index in range(length))


def drain(scheduler: Scheduler, *, most: int = 5000) -> None:
    for _ in range(most):
        if scheduler.idle:
            return
        scheduler.step()
    raise AssertionError("the scheduler never finished")


# --- book-keeping -----------------------------------------------------------------------------------------------


@st.composite
def orders(draw: st.DrawFn) -> list[tuple[object, ...]]:
    """Draw a history: requests of all sizes that fit, cancellations, steps."""
    submit = st.tuples(
        st.just("submit"),
        st.integers(1, 3),
        st.integers(1, 120),
        st.lists(st.tuples(st.integers(1, 40), st.integers(0, 60)), min_size=1, max_size=9),
        st.integers(0, 1),
    )
    other = st.one_of(
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("abandon"), st.integers(0, 20)),
        st.tuples(st.just("expire"), st.integers(0, 20)),
        st.tuples(st.just("fail"), st.sampled_from([1, 2, -1, -3])),
        st.tuples(st.just("step"), st.integers(1, 12)),
    )
    return draw(st.lists(st.one_of(submit, other), min_size=1, max_size=30))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=orders(), chunk=st.sampled_from([8, 32]))
def test_no_cell_and_no_sequence_is_ever_lost(
    model: FailingModel, history: list[tuple[object, ...]], chunk: int
) -> None:
    model.codes, model.batches = [], []
    # The larger one makes prompts and answers take turns.
    model.options = structs.replace(OPTIONS, chunk=chunk)
    scheduler = new_scheduler(model)
    jobs: list[tuple[Job, Outcome]] = []
    for order in history:
        match order:
            case ("submit", int(start), int(length), list(tails), int(priority)):
                streams = [Stream(text(tail, 50), most) for tail, most in tails]
                jobs.append(job(len(jobs), text(length, start), streams, priority=priority))
                scheduler.submit(jobs[-1][0])
            case ("cancel", int(index)) if index < len(jobs):
                jobs[index][0].cancel.cancel()
            case ("abandon", int(index)) if index < len(jobs):
                jobs[index][0].abandoned = True
            case ("expire", int(index)) if index < len(jobs):
                jobs[index][0].deadline = 0.0
            case ("fail", int(code)):
                model.codes.append(code)
            case ("step", int(times)):
                for _ in range(times):
                    scheduler.step()
                    _books_are_right(scheduler, model)
    drain(scheduler)
    _books_are_right(scheduler, model)
    assert all(outcome.settled == 1 for _, outcome in jobs)
    scheduler.drop_idle()
    assert scheduler.slots.sequences_used == 0
    assert scheduler.slots.cells_used == 0
    assert [model.cells(sequence) for sequence in range(OPTIONS.sequences)] == [0] * OPTIONS.sequences


def _books_are_right(scheduler: Scheduler, model: FailingModel) -> None:
    slots = scheduler.slots
    assert slots.cells_used <= OPTIONS.context
    assert 0 <= slots.sequences_used <= OPTIONS.sequences
    assert len(set(slots._free)) == len(slots._free)
    assert all(model.cells(sequence) == 0 for sequence in slots._free)


def test_thousands_of_requests_leave_nothing_behind(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    outcomes = []
    for number in range(1500):
        made, outcome = job(number, text(5 + number % 40, number % 7), [Stream(text(1 + number % 5), number % 3)])
        outcomes.append(outcome)
        scheduler.submit(made)
        if number % 5 == 0:
            made.cancel.cancel()
        if number % 3 == 0:
            scheduler.step()
    drain(scheduler)
    scheduler.drop_idle()
    assert all(outcome.settled == 1 for outcome in outcomes)
    assert scheduler.slots.sequences_used == 0


# --- order and fairness -----------------------------------------------------------------------------------------


def test_a_long_prompt_does_not_stall_an_answer(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    writing = Stream(text(3), 60)
    first, _ = job(1, text(10), [writing])
    scheduler.submit(first)
    while not writing.sampled:
        scheduler.step()
    long, outcome = job(2, text(100, 7), [Stream(text(20), 0)])
    scheduler.submit(long)
    before = writing.sampled
    steps = 0
    while not outcome.settled:
        scheduler.step()
        steps += 1
    assert writing.sampled == before + steps, "one token of the answer in each step"
    assert all(sum(batch.values()) <= OPTIONS.chunk + 1 for batch in model.batches[-steps:])
    drain(scheduler)


def test_beside_many_answers_prompts_and_answers_take_turns(model: FailingModel) -> None:
    answers = [Stream(text(3, start), 40) for start in range(8)]
    scheduler = new_scheduler(model)
    model.options = structs.replace(OPTIONS, chunk=32)
    first, _ = job(1, text(6), answers[:2])
    scheduler.submit(first)
    while not all(answer.sampled for answer in answers[:2]):
        scheduler.step()
    second, outcome = job(2, text(100, 7), [Stream(text(20), 0)])
    scheduler.submit(second)
    model.batches.clear()
    while not outcome.settled:
        scheduler.step()
    writers = {answer.sequence for answer in answers[:2]}
    turns = [bool(writers & batch.keys()) for batch in model.batches]
    assert turns[:6] == [False, True, False, True, False, True]
    assert not any(writers & batch.keys() and batch.keys() - writers for batch in model.batches), "never both"
    drain(scheduler)


def test_prompts_fill_whole_batches_when_nobody_writes(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    made, _ = job(1, text(90), [Stream(text(6), 0)])
    scheduler.submit(made)
    drain(scheduler)
    assert [sum(batch.values()) for batch in model.batches] == [32, 32, 26, 6]


def test_equal_prefixes_are_decoded_once(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    for number in range(3):
        made, _ = job(number, text(60), [Stream(text(4, 45 + number), 0)])
        scheduler.submit(made)
    drain(scheduler)
    assert sum(sum(batch.values()) for batch in model.batches) == 60 + 3 * 4


def test_what_two_prefixes_have_in_common_is_decoded_once(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    for number, prefix in enumerate((text(60), text(50) + text(10, 3))):
        made, _ = job(number, prefix, [Stream(text(4), 0)])
        scheduler.submit(made)
        drain(scheduler)
    assert sum(sum(batch.values()) for batch in model.batches) == 60 + 4 + 10 + 4


def test_a_long_case_leaves_room_for_a_short_one(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    (long, outcome), (short, ready) = job(1, text(150), [Stream(text(3), 0)]), job(2, text(40, 9), [Stream(text(3), 0)])
    scheduler.submit(long)
    scheduler.submit(short)
    while not ready.settled:
        scheduler.step()
    assert not outcome.settled
    drain(scheduler)
    read = sum(sum(batch.values()) for batch in model.batches)
    assert read == 150 + 3 + 40 + 3
    assert max(sum(batch.values()) for batch in model.batches) == OPTIONS.batch


def test_work_done_ahead_gets_what_an_officer_leaves(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    ahead, _ = job(1, text(90), [Stream(text(3), 0)], priority=1)
    officer, outcome = job(2, text(90, 9), [Stream(text(3), 0)])
    scheduler.submit(ahead)
    scheduler.submit(officer)
    while not outcome.settled:
        scheduler.step()
    assert len(model.batches) == 4, "as if alone"
    drain(scheduler)


def test_what_questions_begin_with_in_common_is_decoded_once(model: FailingModel) -> None:
    tails = [(50, 51, 52, 60), (50, 51, 61), (50, 51, 52, 62, 63), (70, 71), (50, 51, 52, 60), (50, 51)]
    alone = []
    for tail in tails:
        scheduler = new_scheduler(model)
        stream = Stream(tail, 0)
        scheduler.submit(job(1, text(20), [stream])[0])
        drain(scheduler)
        scheduler.drop_idle()
        alone.append(stream.score)
    model.batches = []
    scheduler = new_scheduler(model)
    together = [Stream(tail, 0) for tail in tails]
    scheduler.submit(job(1, text(20), together)[0])
    drain(scheduler)
    assert [s.score for s in together] == pytest.approx(alone, abs=1e-3)
    # Five streams find a sequence at once; the last token of each is its own: (50 (51 51 52 52 ...)).
    assert sum(sum(batch.values()) for batch in model.batches) < 20 + sum(map(len, tails)) - 6
    scheduler.drop_idle()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tails=st.lists(st.lists(st.integers(50, 52), min_size=1, max_size=7).map(tuple), min_size=2, max_size=9))
def test_questions_asked_together_score_as_alone(model: FailingModel, tails: list[tuple[int, ...]]) -> None:
    model.codes, model.batches = [], []
    scores: dict[tuple[int, ...], float | None] = {}
    scheduler = new_scheduler(model)
    for tail in dict.fromkeys(tails):
        stream = Stream(tail, 0)
        scheduler.submit(job(1, text(12), [stream])[0])
        drain(scheduler)
        scores[tail] = stream.score
    together = [Stream(tail, 0) for tail in tails]
    scheduler.submit(job(2, text(12), together)[0])
    drain(scheduler)
    assert [s.score for s in together] == pytest.approx([scores[tail] for tail in tails], abs=1e-3)
    scheduler.drop_idle()
    assert scheduler.slots.sequences_used == 0


# --- guesses ----------------------------------------------------------------------------------------------------


def written(model: FailingModel, guess: Guess | None = None, *, most: int = 40) -> tuple[Stream, int]:
    """Let one answer be written, with these guesses; return it and the number of decodes."""
    model.batches = []
    scheduler = new_scheduler(model)
    stream = Stream(text(5), most)
    if guess is not None:
        stream.guess = lambda allowed: setattr(stream, "guessed", guess(stream, allowed))  # type: ignore[method-assign]
    made, outcome = job(1, text(40), [stream])
    scheduler.submit(made)
    while not scheduler.idle:
        scheduler.step()
        _books_are_right(scheduler, model)
    assert outcome.error is None
    scheduler.drop_idle()
    return stream, len(model.batches)


@pytest.mark.parametrize("wrong_after", [0, 1, 2, 3])
def test_guesses_change_how_often_is_decoded_and_nothing_else(model: FailingModel, wrong_after: int) -> None:
    plain, decodes = written(model, lambda _stream, _allowed: [])

    def guess(stream: Stream, allowed: int) -> list[int]:
        right = plain.answer[len(stream.answer) :][:allowed]
        return [token if n < wrong_after else (token + 1) % 200 for n, token in enumerate(right)]

    guessed, fewer = written(model, guess)
    assert guessed.answer == plain.answer
    assert guessed.pieces == plain.pieces
    assert decodes - fewer == guessed.hit
    assert (guessed.hit > 0) == (wrong_after > 0)
    if wrong_after == OPTIONS.guesses:
        assert guessed.hit >= 0.7 * len(plain.answer)


def test_an_answer_is_guessed_from_the_words_of_its_prompt(model: FailingModel) -> None:
    plain, decodes = written(model, lambda _stream, _allowed: [])
    model.batches = []
    scheduler = new_scheduler(model)
    stream = Stream(text(5), 40)
    made, _ = job(1, text(40), [stream])
    scheduler.submit(made)
    scheduler.step()
    assert stream.prefix is not None
    stream.prefix.lookup = Lookup(plain.answer, model.piece)
    drain(scheduler)
    assert stream.answer == plain.answer
    assert stream.hit == decodes - len(model.batches) > 0


def test_guesses_keep_to_the_cells_that_were_booked(model: FailingModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lookup, "guess", lambda _self, _written, most: [7] * max(0, most))
    scheduler = new_scheduler(model)
    streams = [Stream(text(3), most) for most in (1, 2, 3, 4, 9)]
    made, outcome = job(1, text(20), streams)
    scheduler.submit(made)
    while not scheduler.idle:
        scheduler.step()
        for stream in streams:
            if stream.sequence is not None:
                assert model.cells(stream.sequence) <= 20 + stream.cells
    assert outcome.error is None
    assert [len(s.answer) for s in streams] == [1, 2, 3, 4, 9]
    scheduler.drop_idle()


# --- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1, 2, -1, -3])
def test_a_failed_decode_fails_its_requests_and_no_other(model: FailingModel, code: int) -> None:
    scheduler = new_scheduler(model)
    in_batch, failed = job(1, text(60), [Stream(text(3), 10)])
    same_prefix, failed_too = job(2, text(60), [Stream(text(5), 0)])
    active, spared = job(3, text(50, 5), [Stream(text(3), 10)], priority=1)
    queued, spared_too = job(4, text(100, 9), [Stream(text(3), 100)], priority=1)
    for each in (in_batch, same_prefix, active, queued):
        scheduler.submit(each)
    model.codes = [code]
    scheduler.step()
    assert isinstance(failed.error, EngineFailureError)
    assert isinstance(failed_too.error, EngineFailureError)
    drain(scheduler)
    assert (spared.settled, spared.error) == (1, None)
    assert (spared_too.settled, spared_too.error) == (1, None)
    scheduler.drop_idle()
    assert scheduler.slots.sequences_used == 0


def test_a_full_cache_drops_idle_cases_and_goes_on(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    old, _ = job(1, text(40), [Stream(text(3), 0)])
    scheduler.submit(old)
    drain(scheduler)
    new, outcome = job(2, text(40, 9), [Stream(text(3), 4)])
    scheduler.submit(new)
    model.codes = [1]
    drain(scheduler)
    assert outcome.error is None
    assert scheduler.slots.resident == 1


def test_a_score_after_a_failed_decode_is_the_same(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    before, broken, after = (Stream(text(5), 0) for _ in range(3))
    for stream, codes in ((before, []), (broken, [0, -3]), (after, [])):
        model.codes = list(codes)
        made, _ = job(1, text(40), [stream])
        scheduler.submit(made)
        drain(scheduler)
        assert (stream.score is None) == bool(codes)
        if stream is before:
            scheduler.drop_idle()
    assert before.score is not None
    assert after.score == pytest.approx(before.score, abs=1e-3)


def test_trouble_with_one_answer_leaves_the_batch_alone(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    good, bad = Stream(text(4), 5), Stream(text(4), 5)
    bad.on_text = _raise
    (one, fine), (two, broken) = job(1, text(20), [good]), job(2, text(20), [bad])
    scheduler.submit(one)
    scheduler.submit(two)
    drain(scheduler)
    assert fine.error is None
    assert good.sampled == 5
    assert isinstance(broken.error, EngineFailureError)


def _raise(_: str) -> None:
    raise KeyError("a caller's mistake")


def test_unwanted_work_is_dropped_before_it_starts(model: FailingModel) -> None:
    scheduler = new_scheduler(model)
    made = [job(number, text(30), [Stream(text(4), 20)]) for number in range(3)]
    for each, _ in made:
        scheduler.submit(each)
    made[0][0].cancel.cancel()
    made[1][0].deadline = 0.0
    made[2][0].abandoned = True
    scheduler.step()
    assert [type(outcome.error) for _, outcome in made] == [
        CancelledWorkError,
        DeadlineExceededError,
        CancelledWorkError,
    ]
    assert model.batches == []
