"""Calls that llama.cpp would answer with an abort are refused here, with the process alive."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from afirgen.errors import ModelFileError
from afirgen.inference.llama.lib import LlamaOptions, NativeModel

OPTIONS = LlamaOptions(context=256, sequences=4, batch=16, threads=1)


@pytest.fixture(scope="module")
def native(tiny_model: Path) -> Iterator[NativeModel]:
    model = NativeModel(tiny_model, OPTIONS, model_id="tiny")
    yield model
    model.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.add(-1, 0, 0, logits=True),
        lambda m: m.add(m.vocabulary_size, 0, 0, logits=True),
        lambda m: m.add(5, -1, 0, logits=True),
        lambda m: m.add(5, 256, 0, logits=True),
        lambda m: m.add(5, 0, 4, logits=True),
        lambda m: m.add(5, 0, -1, logits=True),
        lambda m: m.decode(),
        lambda m: m.logits(0),
        lambda m: m.logits(-1),
        lambda m: m.forget(4),
        lambda m: m.forget(-1),
        lambda m: m.forget(0, start=-1),
        lambda m: m.forget(0, start=257),
        lambda m: m.share(0, 1),
        lambda m: m.copy_prefix(0, 4, 1),
        lambda m: m.copy_prefix(-1, 0, 1),
        lambda m: m.copy_prefix(0, 1, 0),
        lambda m: m.copy_prefix(0, 1, 257),
        lambda m: m.piece(-1),
        lambda m: m.ends(m.vocabulary_size),
    ],
)
def test_what_would_abort_is_refused(native: NativeModel, call: Callable[[NativeModel], object]) -> None:
    native.begin_batch()
    with pytest.raises(ValueError, match=r"range|empty|no logits"):
        call(native)


def test_a_batch_holds_no_more_than_it_was_made_for(native: NativeModel) -> None:
    native.begin_batch()
    for position in range(OPTIONS.batch):
        native.add(5, position, 0, logits=False)
    assert native.room() == 0
    with pytest.raises(ValueError, match="range"):
        native.add(5, OPTIONS.batch, 0, logits=False)


def test_prompts_take_what_the_device_can_bear_beside_answers() -> None:
    cpu, gpu, set_by_hand = LlamaOptions(), LlamaOptions(gpu_layers=-1), LlamaOptions(gpu_layers=-1, chunk=100)
    assert [cpu.prompt_room(n, n) for n in (0, 1, 3)] == [512, 15, 45]
    assert [gpu.prompt_room(n, n) for n in (0, 1, 3)] == [512, 511, 509]
    assert [set_by_hand.prompt_room(n, n) for n in (0, 1, 3, 9)] == [512, 99, 297, 503]
    assert LlamaOptions(chunk=1).prompt_room(1, 1) == 1, "a little is better than nothing"
    assert LlamaOptions(batch=64).prompt_room(1, 64) == 0


def test_many_answers_on_a_cpu_leave_prompts_batches_of_their_own() -> None:
    cpu, gpu = LlamaOptions(), LlamaOptions(gpu_layers=-1)
    assert [n for n in range(10) if cpu.apart(n)] == [4, 5, 6, 7, 8, 9]
    assert not gpu.apart(100)
    assert [cpu.prompt_room(n, 0) for n in (4, 10, 12, 100)] == [128, 128, 192, 512], "whole tiles"
    assert LlamaOptions(batch=32, sequences=8).prompt_room(8, 0) == 32, "a batch smaller than a tile is full"


def test_guesses_fill_small_batches_on_a_cpu_and_any_on_a_gpu() -> None:
    assert LlamaOptions().guess_room(1, prompts=False) == 0
    assert LlamaOptions(gpu_layers=-1).guess_room(1, prompts=False) == 3
    cpu, gpu = LlamaOptions(guesses=3), LlamaOptions(guesses=3, gpu_layers=-1)
    assert [cpu.guess_room(tokens, prompts=False) for tokens in (1, 2, 4, 9)] == [3, 2, 0, 0]
    assert cpu.guess_room(1, prompts=True) == 0
    assert {gpu.guess_room(tokens, prompts=on) for tokens in (1, 9) for on in (True, False)} == {3}


def test_a_row_is_shared_once_with_each_sequence(native: NativeModel) -> None:
    native.begin_batch()
    row = native.add(5, 0, 0, logits=False)
    for sequence in range(1, OPTIONS.sequences):
        native.share(row, sequence)
    for sequence in range(OPTIONS.sequences):
        with pytest.raises(ValueError, match="already"):
            native.share(row, sequence)
    with pytest.raises(ValueError, match="range"):
        native.share(row, OPTIONS.sequences)
    with pytest.raises(ValueError, match="range"):
        native.share(row + 1, 1)


def test_only_asked_rows_have_logits(native: NativeModel) -> None:
    native.forget(0)
    native.begin_batch()
    native.add(5, 0, 0, logits=False)
    row = native.add(6, 1, 0, logits=True)
    assert native.decode() == 0
    logits = native.logits(row)
    assert logits.shape == (native.vocabulary_size,)
    assert np.isfinite(logits).all()
    with pytest.raises(ValueError, match="no logits"):
        native.logits(0)


def test_a_full_cache_is_a_code_and_not_an_abort(tiny_model: Path) -> None:
    model = NativeModel(tiny_model, OPTIONS, model_id="tiny")
    codes = []
    for start in range(0, 256 + 32, 16):
        model.begin_batch()
        for index in range(16):
            model.add(5, (start + index) % 256, start // 144, logits=False)
        codes.append(model.decode())
    model.close()
    assert set(codes[:9]) == {0}
    assert 1 in codes[9:] or -1 in codes[9:]


@pytest.mark.parametrize(
    "changes",
    [
        {"sequences": 1},
        {"sequences": 300},
        {"sequences": 40, "batch": 32},
        {"batch": 0},
        {"batch": 9000},
        {"chunk": 0},
        {"guesses": -1},
        {"threads": 0},
        {"batch_threads": 0},
        {"kv_type": 99},
    ],
)
def test_options_that_cannot_work_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        LlamaOptions(**changes)


@pytest.mark.parametrize(
    "changes", [{"flash_attention": False}, {"repack": False}, {"kv_type": 0}, {"kv_type": 30}, {"batch_threads": 1}]
)
def test_other_options_give_much_the_same_logits(
    native: NativeModel, tiny_model: Path, changes: dict[str, int | bool]
) -> None:
    settings = {"context": 256, "sequences": 4, "batch": 16, "threads": 1} | changes
    other = NativeModel(tiny_model, LlamaOptions(**settings), model_id="tiny")
    rows = []
    for model in (native, other):
        model.forget(0)
        model.begin_batch()
        row = [model.add(5 + position, position, 0, logits=position == 9) for position in range(10)][-1]
        assert model.decode() == 0
        rows.append(model.logits(row).copy())
    other.close()
    assert np.abs(rows[0] - rows[1]).max() < 0.5
    assert rows[0].argmax() == rows[1].argmax()


def test_the_librarys_errors_go_to_our_log_and_not_to_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 100)
    with capture_logs() as logs, pytest.raises(ModelFileError):
        NativeModel(path, OPTIONS, model_id="tiny")
    assert any(entry["event"] == "llama_cpp" and entry["log_level"] == "error" for entry in logs)
    assert capfd.readouterr().err == ""
