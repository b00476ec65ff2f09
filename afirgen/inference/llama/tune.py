"""Finds the settings under which a model runs fastest on this machine, and keeps them beside the model.

One setting after another is tried on a fixed piece of work, which is what drafting does: long prompts with many
closed questions, and a few short answers written beside them. A value is kept when it is clearly faster.
"""

import asyncio
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct, structs

from afirgen.errors import ModelUnavailableError
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.lib import LlamaOptions
from afirgen.inference.llama.request import Generation, Prompt, Scoring

_log = structlog.get_logger(__name__)
_FILE = "tuned.json"
# Less than this is within what two runs of the same settings differ by.
_CLEARLY = 0.97
_CASES, _QUESTIONS, _WRITTEN = 3, 16, 40
_SYSTEM = "You copy facts from complaints made at an Indian police station."
_SENTENCE = "On the way home a man whom I do not know stopped me near the market and took my bag from me. "
_RECORD = {
    "type": "object",
    "properties": {"what": {"type": "string"}, "where": {"type": "string"}, "who": {"type": "string"}},
    "required": ["what", "where", "who"],
    "additionalProperties": False,
}
_Q8_0 = 8


class Trial(Struct, frozen=True):
    """Settings that were tried, and the seconds that the work took with them, infinite where they do not work."""

    changed: str
    seconds: float
    options: LlamaOptions


class Tuned(Struct, frozen=True):
    """The settings found and the machine that they were found on."""

    machine: str
    options: LlamaOptions


async def tune(path: Path, start: LlamaOptions, *, on_trial: Callable[[Trial], None]) -> LlamaOptions:
    """Return the fastest settings found, beginning with ``start``; ``on_trial`` is told each trial.

    Loads the model some ten times, which takes minutes. Raises the errors of loading a model.
    """
    best = Trial("as set", await _seconds(path, start), start)
    on_trial(best)
    # Every choice is held against the best so far, so that what is kept of one holds for the next.
    for change in _changes(start):
        options = structs.replace(best.options, **change)
        if options == best.options:
            continue
        trial = Trial(", ".join(f"{k} {v}" for k, v in change.items()), await _tried(path, options), options)
        on_trial(trial)
        if trial.seconds < best.seconds * _CLEARLY:
            best = trial
    return best.options


def keep_tuned(folder: Path, options: LlamaOptions) -> Path:
    """Write the settings into the model's folder; return the file."""
    file = folder / _FILE
    file.write_bytes(msgspec.json.format(msgspec.json.encode(Tuned(_machine(), options)), indent=1) + b"\n")
    return file


def tuned(folder: Path, options: LlamaOptions, *, keep_threads: bool = False) -> LlamaOptions:
    """Return ``options`` with what was found by tuning on this machine, unchanged where nothing fits it.

    What an installation chooses itself (context, device and, with ``keep_threads``, threads) stays as it is.
    """
    try:
        kept = msgspec.json.decode((folder / _FILE).read_bytes(), type=Tuned)
    except FileNotFoundError:
        return options
    except (OSError, msgspec.DecodeError, ValueError) as err:
        _log.warning("tuned_settings_not_read", error=str(err))
        return options
    if kept.machine != _machine() or kept.options.gpu_layers != options.gpu_layers:
        return options
    found = kept.options
    return structs.replace(
        options,
        batch=min(found.batch, options.context),
        chunk=found.chunk,
        guesses=found.guesses,
        repack=found.repack,
        threads=options.threads if keep_threads else found.threads,
        batch_threads=options.batch_threads if keep_threads else found.batch_threads,
        flash_attention=found.flash_attention,
        kv_type=found.kv_type,
    )


def _changes(start: LlamaOptions) -> Iterator[Mapping[str, int | bool]]:
    """Give what to try, one change at a time; what says nothing on this machine is left out."""
    cores = os.cpu_count() or 1
    if start.gpu_layers == 0:
        for name in ("threads", "batch_threads"):
            yield from ({name: n} for n in sorted({max(1, cores // 2), cores}))
        yield {"repack": not start.repack}
    yield from ({"batch": n} for n in (256, 512, 1024) if n <= start.context)
    yield from ({"chunk": n} for n in (8, 16, 32, 64, 256))
    yield from ({"guesses": n} for n in (0, 3, 7))
    yield from ({"flash_attention": on} for on in (False, True))
    # An 8-bit cache needs flash attention.
    yield {"kv_type": _Q8_0, "flash_attention": True}


async def _tried(path: Path, options: LlamaOptions) -> float:
    """Run the work once; not every model and device knows every setting."""
    try:
        return await _seconds(path, options)
    except ModelUnavailableError:
        return math.inf


async def _seconds(path: Path, options: LlamaOptions) -> float:
    """Run the work once with these settings, the model loaded and warm."""
    engine = LlamaEngine(path, model_id=path.stem, options=options)
    engine.start()
    try:
        await engine.ready()
        await _case(engine, 0)
        begun = time.perf_counter()
        await asyncio.gather(*(_case(engine, number) for number in range(1, _CASES + 1)))
        return time.perf_counter() - begun
    finally:
        await asyncio.to_thread(engine.stop)


async def _case(engine: LlamaEngine, number: int) -> None:
    """Work as on one complaint; the number comes first, so that no two cases share more than their system message."""
    text = f"Case {number}. " + _SENTENCE * 8
    questions = tuple(
        f"Was thing number {n} taken from the informant by force or by a threat?" for n in range(_QUESTIONS)
    )
    prompt = Prompt(system=_SYSTEM, shared=text, task="Fill this record in the words of the complaint.")
    await asyncio.gather(
        engine.score(Scoring(system=_SYSTEM, shared=text, questions=questions)),
        engine.generate(Generation(prompt=prompt, max_tokens=_WRITTEN, schema=_RECORD)),
    )


def _machine() -> str:
    """Name what the speed depends on, so that settings found elsewhere are not used here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    cpu = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    return f"{cpu}, {os.cpu_count()} cores"
