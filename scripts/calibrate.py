"""Fit the calibration of the closed questions for one model: `python scripts/calibrate.py MODEL.gguf`.

Asks the questions about the invented complaints of evaluation/tuning.jsonl that the model can read, and writes
afirgen/legal_kb/data/calibration.json. Each case names the facts that are true in it (``facts``) and those that
can be argued (``facts_open``, left out); every other question is "no". Takes about 25 minutes on two cores.
"""

import asyncio
import random
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.request import Scoring
from afirgen.legal_kb.calibration import Example, fit
from afirgen.legal_kb.everyday import hinted
from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import load_knowledge_base
from afirgen.pipeline.model_port import SYSTEM, shared_prompt
from afirgen.pipeline.questions import ANSWER

_ROOT = Path(__file__).parents[1]
_CASES = _ROOT / "evaluation" / "tuning.jsonl"
_OUT = _ROOT / "afirgen" / "legal_kb" / "data" / "calibration.json"
_OTHERS = 8


class TuningCase(Struct, frozen=True):
    """What is needed of a tuning case."""

    id: str
    language: str
    text: str
    facts: frozenset[str]
    facts_open: frozenset[str] = frozenset()


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "every", is_flag=True, help="Ask every question about every case (slow).")
def main(model: Path, *, every: bool) -> None:
    """Fit the calibration for MODEL."""
    book = load_offences(load_knowledge_base())
    cases = [msgspec.json.decode(line, type=TuningCase) for line in _CASES.read_bytes().splitlines()]
    examples = asyncio.run(_examples(model, [c for c in cases if c.language == "en"], book, every=every))
    found = fit(examples, model=model.stem)
    _OUT.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    click.echo(f"{len(examples)} answers, slope {found.slope}, hint {found.hint}: {_OUT.name} written")


async def _examples(path: Path, cases: list[TuningCase], book: OffenceBook, *, every: bool) -> list[Example]:
    engine = LlamaEngine(path, model_id=path.stem)
    engine.start()
    await engine.ready()
    examples: list[Example] = []
    with click.progressbar(cases, label="Asking") as bar:
        for case in bar:
            ids = _asked(case, book, every=every)
            scored = await engine.score(
                Scoring(
                    system=SYSTEM,
                    shared=shared_prompt(case.text),
                    questions=tuple(book.questions[q].text + ANSWER for q in ids),
                )
            )
            examples += [
                Example(q, score, hinted(case.text, book.questions[q].hint), q in case.facts)
                for q, score in zip(ids, scored.scores, strict=True)
            ]
    await asyncio.to_thread(engine.stop)
    return examples


def _asked(case: TuningCase, book: OffenceBook, *, every: bool) -> list[str]:
    """Choose what the program itself might ask: screening, the true facts, and some others, the same every time."""
    closed = [q for q in book.questions if q not in case.facts_open]
    first = [q for q in closed if book.questions[q].screen or q in case.facts]
    rest = [q for q in closed if q not in first]
    random.Random(case.id).shuffle(rest)  # noqa: S311 - a fixed choice, not a secret
    return first + (rest if every else rest[:_OTHERS])


if __name__ == "__main__":
    main()
