"""Settings found for a machine: what is tried, what is kept, and when it is not used."""

import asyncio
import json
from pathlib import Path

import pytest
from msgspec import structs

from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.tune import Trial, keep_tuned, tune, tuned
from tests.tiny_model import write_tiny_model

FOUND = LlamaOptions(batch=256, chunk=64, guesses=7, threads=1, batch_threads=2, kv_type=8)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny.gguf")


def test_every_setting_is_tried_and_the_best_is_among_the_trials(model: Path) -> None:
    trials: list[Trial] = []
    start = LlamaOptions(context=4096, threads=2)
    best = asyncio.run(tune(model, start, on_trial=trials.append))
    assert trials[0].options == start
    tried = {t.changed.split()[0] for t in trials[1:]}
    assert {"batch", "chunk", "guesses", "repack", "flash_attention", "kv_type"} <= tried
    assert all(t.seconds > 0 for t in trials)
    assert best in [t.options for t in trials]
    assert min(t.seconds for t in trials) >= 0.9 * next(t.seconds for t in trials if t.options == best)


def test_what_was_found_here_is_used_here(tmp_path: Path) -> None:
    keep_tuned(tmp_path, FOUND)
    options = LlamaOptions(context=2048, threads=2)
    expected = structs.replace(options, batch=256, chunk=64, guesses=7, threads=1, batch_threads=2, kv_type=8)
    assert tuned(tmp_path, options) == expected
    assert tuned(tmp_path, options, keep_threads=True) == structs.replace(expected, threads=2, batch_threads=None)


def test_what_was_found_elsewhere_or_cannot_be_read_is_not_used(tmp_path: Path) -> None:
    options = LlamaOptions(threads=2)
    assert tuned(tmp_path, options) == options
    file = keep_tuned(tmp_path, FOUND)
    assert tuned(tmp_path, structs.replace(options, gpu_layers=-1)) == structs.replace(options, gpu_layers=-1)
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"machine": "another processor, 96 cores"}))
    assert tuned(tmp_path, options) == options
    for wrong in ('{"machine": 1}', "not json", json.dumps({**kept, "options": {"batch": 0}})):
        file.write_text(wrong)
        assert tuned(tmp_path, options) == options


def test_a_batch_is_never_larger_than_the_context(tmp_path: Path) -> None:
    keep_tuned(tmp_path, FOUND)
    assert tuned(tmp_path, LlamaOptions(context=128, batch=64)).batch == 128
