"""Fit the calibration of the closed questions for one model: `python scripts/calibrate.py MODEL.gguf`.

Asks the questions about the invented complaints of evaluation/tuning*.jsonl that the model can read, and writes
afirgen/legal_kb/data/calibration.json. Each case names the facts that are true in it (``facts``) and those that
can be argued (``facts_open``, left out); every other question is "no". Takes about 25 minutes on two cores the
first time; answers are kept in var/answers.jsonl and only what is new or reworded is asked again.
"""

import asyncio
import random
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.request import Generation, Prompt, Scoring
from afirgen.legal_kb.calibration import Example, Sign, fit
from afirgen.legal_kb.everyday import hints_in, word_hits, worded_questions
from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import load_knowledge_base
from afirgen.pipeline.model_port import SYSTEM, shared_prompt
from afirgen.pipeline.questions import NAMING, NAMING_TOKENS

_ROOT = Path(__file__).parents[1]
_CASES = _ROOT / "evaluation"
_OUT = _ROOT / "afirgen" / "legal_kb" / "data" / "calibration.json"
_ANSWERS = _ROOT / "var" / "answers.jsonl"
_NAMES = _ROOT / "var" / "names.jsonl"
# What the program might ask, and enough of what it would not: without those a hint word would seem to tell nothing.
_MOST = 56
_OTHERS = 16


class TuningCase(Struct, frozen=True):
    """What is needed of a tuning case."""

    id: str
    language: str
    text: str
    facts: frozenset[str]
    facts_open: frozenset[str] = frozenset()


class Named(Struct, frozen=True):
    """What the model called the wrong of a case when it was asked so."""

    case: str
    task: str
    name: str


class Kept(Struct, frozen=True):
    """An answer of the model to a question worded so, about a case."""

    case: str
    text: str
    logit: float


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(model: Path) -> None:
    """Fit the calibration for MODEL."""
    book = load_offences(load_knowledge_base())
    files = sorted(_CASES.glob("tuning*.jsonl"))
    cases = [msgspec.json.decode(line, type=TuningCase) for f in files for line in f.read_bytes().splitlines()]
    readable = [c for c in cases if c.language == "en"]
    answers, names = asyncio.run(_answers(model, readable, book))
    examples = [e for case in readable for e in examples_of(case, answers, names[case.id], book)]
    found = fit(examples, model=model.stem)
    _OUT.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    click.echo(f"{len(examples)} answers about {len(readable)} cases: {_OUT.name} written")


async def _answers(
    path: Path, cases: list[TuningCase], book: OffenceBook
) -> tuple[dict[tuple[str, str], float], dict[str, str]]:
    kept = [msgspec.json.decode(line, type=Kept) for line in _lines(_ANSWERS)]
    named = [msgspec.json.decode(line, type=Named) for line in _lines(_NAMES)]
    names = {n.case: n.name for n in named if n.task == NAMING}
    answers = {(k.case, k.text): k.logit for k in kept}
    engine = LlamaEngine(path, model_id=path.stem)
    engine.start()
    await engine.ready()
    with click.progressbar(cases, label="Asking") as bar, _ANSWERS.open("ab") as file, _NAMES.open("ab") as name_file:
        for case in bar:
            if case.id not in names:
                prompt = Prompt(system=SYSTEM, shared=shared_prompt(case.text), task=NAMING)
                names[case.id] = (await engine.generate(Generation(prompt=prompt, max_tokens=NAMING_TOKENS))).text
                name_file.write(msgspec.json.encode(Named(case.id, NAMING, names[case.id])) + b"\n")
            texts = [book.questions[q].text for q in _asked(case, book)]
            new = [t for t in texts if (case.id, t) not in answers]
            request = Scoring(system=SYSTEM, shared=shared_prompt(case.text), questions=tuple(new))
            scored = await engine.score(request)
            for text, score in zip(new, scored.scores, strict=True):
                answers[case.id, text] = score
                file.write(msgspec.json.encode(Kept(case.id, text, score)) + b"\n")
    await asyncio.to_thread(engine.stop)
    return answers, names


def _lines(file: Path) -> list[bytes]:
    file.parent.mkdir(exist_ok=True)
    return file.read_bytes().splitlines() if file.exists() else []


def _asked(case: TuningCase, book: OffenceBook) -> list[str]:
    """Choose what the program itself might ask, and some others, the same every time."""
    hits = word_hits(case.text, book)
    opened = sorted((o for o in book.offences if o.id in hits), key=lambda o: -hits[o.id])
    ids = dict.fromkeys([*book.screening, *sorted(case.facts), *(q for o in opened for q in o.question_ids)])
    hinted = [q for q in book.questions if q not in ids and hints_in(case.text, book.questions[q].hint)]
    rest = [q for q in book.questions if q not in ids and q not in hinted]
    for group in (rest, hinted):
        random.Random(case.id).shuffle(group)  # noqa: S311 - a fixed choice, not a secret
    first = [*ids][:_MOST]
    return first + hinted[: max(0, _MOST - len(first))] + rest[:_OTHERS]


def examples_of(case: TuningCase, answers: dict[tuple[str, str], float], name: str, book: OffenceBook) -> list[Example]:
    """Return what is seen of each question that was asked about the case, with the truth."""
    scores = {q: answers.get((case.id, question.text)) for q, question in book.questions.items()}
    known = {q: score for q, score in scores.items() if score is not None}
    mean = sum(known[q] for q in book.screening) / len(book.screening)
    worded = worded_questions(case.text, book)

    def sign(q: str, score: float) -> Sign:
        hint = book.questions[q].hint
        return Sign(score, mean, hints_in(case.text, hint), worded=q in worded, named=hints_in(name, hint) > 0)

    return [Example(q, sign(q, score), q in case.facts) for q, score in known.items() if q not in case.facts_open]


if __name__ == "__main__":
    main()
