"""Fit the calibration of the closed questions for one model: `python scripts/calibrate.py MODEL.gguf`.

Asks the questions about the invented complaints of evaluation/tuning*.jsonl that the model can read, and writes
afirgen/legal_kb/data/calibration.json. Each case names the facts that are true in it (``facts``) and those that
can be argued (``facts_open``, left out); every other question is "no". Then the offences that the answers open are
weighed as wholes against the sections that the case wants, with answers of a fit that has not seen the case.

The model's answers are kept in evaluation/answers.jsonl.gz and only what is new or reworded is asked again, which
takes about an hour on two cores for all of them. ``--kept`` asks nothing and fits from what is kept, in some minutes;
MODEL may then be the bare name of the model.
"""

import asyncio
import gzip
import random
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import click
import msgspec
from msgspec import Struct, structs

from afirgen.bootstrap import Program, build_program
from afirgen.case.law import Candidate, Law
from afirgen.evaluate.cases import Case, read_cases
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.request import Generation, Prompt, Scoring
from afirgen.inference.models.manifest import Role
from afirgen.legal_kb.calibration import Calibration, Example, Sign, fit
from afirgen.legal_kb.everyday import hints_in, worded_questions
from afirgen.legal_kb.odds import Evidence, clues_in, evidence_for, fit_odds
from afirgen.legal_kb.offences import Offence, OffenceBook
from afirgen.legal_kb.screening import known_answers
from afirgen.legal_kb.statutes import BNS
from afirgen.pipeline.assess import MOST_QUESTIONS, MOST_SEARCHED, examine
from afirgen.pipeline.model_port import SYSTEM, shared_prompt
from afirgen.pipeline.questions import NAMING, NAMING_TOKENS, Asker
from afirgen.pipeline.retrieve import merge
from afirgen.settings import load_settings

_ROOT = Path(__file__).parents[1]
_CASES = _ROOT / "evaluation"
_OUT = _ROOT / "afirgen" / "legal_kb" / "data" / "calibration.json"
_ANSWERS = _CASES / "answers.jsonl.gz"
# What the program might ask, and enough of what it would not: without those a hint word would seem to tell nothing.
_MOST = 110
_OTHERS = 16
_FOLDS = 4
_UNKNOWN = -10.0


class Facts(Struct, frozen=True):
    """What a tuning case says of the facts, beside the labels that every case has."""

    id: str
    facts: frozenset[str] = frozenset()
    facts_open: frozenset[str] = frozenset()


class Kept(Struct):
    """What a model answered about a case: its name for the wrong, and the score of each question by its text."""

    model: str
    case: str
    named: str
    scores: dict[str, float]


class Tuned(Struct, frozen=True):
    """A tuning case with what was found and answered about it."""

    case: Case
    facts: Facts
    kept: Kept
    searched: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        """The complaint."""
        return self.case.text or ""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--kept", "only_kept", is_flag=True, help="Ask nothing; fit from the answers that are kept.")
def main(model: Path, *, only_kept: bool) -> None:
    """Fit the calibration for MODEL."""
    found, examples = asyncio.run(_calibrate(model, only_kept=only_kept))
    _OUT.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    click.echo(f"{examples} answers: {_OUT.name} written")


async def _calibrate(model: Path, *, only_kept: bool) -> tuple[Calibration, int]:
    program = build_program(load_settings(), quiet=True)
    book = program.law.book
    files = sorted(_CASES.glob("tuning*.jsonl"))
    cases = [c for file in files for c in read_cases(file) if c.language == "en" and c.text]
    facts = {f.id: f for file in files for f in map(_facts, file.read_bytes().splitlines())}
    async with program.running(roles=(Role.EMBEDDING,)):
        tuned = await _answered(model, cases, facts, program, ask=not only_kept)
    examples = {t.case.id: examples_of(t, book) for t in tuned}
    seen: list[tuple[Evidence, bool]] = []
    for fold in _folds(tuned):
        others = chain.from_iterable(examples[t.case.id] for t in tuned if t not in fold)
        strange = fit(tuple(others), model=_name(model))
        for each in fold:
            seen += await _seen(each, strange, book)
    every = tuple(chain.from_iterable(examples.values()))
    return structs.replace(fit(every, model=_name(model)), offence=fit_odds(seen)), len(every)


def _name(model: Path) -> str:
    return model.name.removesuffix(".gguf")


def _facts(line: bytes) -> Facts:
    return msgspec.json.decode(line, type=Facts)


def _folds(tuned: Sequence[Tuned]) -> list[list[Tuned]]:
    mixed = list(tuned)
    random.Random(_FOLDS).shuffle(mixed)  # noqa: S311 - a fixed choice, not a secret
    return [mixed[number::_FOLDS] for number in range(_FOLDS)]


async def _answered(
    model: Path, cases: Sequence[Case], facts: dict[str, Facts], program: Program, *, ask: bool
) -> list[Tuned]:
    """Search for each case, and ask what is not kept yet."""
    kept = {k.case: k for k in _kept() if k.model == _name(model)}
    engine = LlamaEngine(model, model_id=_name(model)) if ask else None
    if engine:
        engine.start()
        await engine.ready()
    tuned = []
    with click.progressbar(cases, label="Asking" if ask else "Searching") as bar:
        for case in bar:
            text = case.text or ""
            searched = await program.law.search(text, limit=MOST_SEARCHED)
            answers = kept.setdefault(case.id, Kept(_name(model), case.id, "", {}))
            if engine:
                wanted = _asked(case, facts[case.id], searched, program.law.book)
                await _ask(engine, text, answers, (program.law.book.questions[q].text for q in wanted))
                _keep(kept.values())
            tuned.append(Tuned(case, facts[case.id], answers, searched))
    if engine:
        await asyncio.to_thread(engine.stop)
    return tuned


async def _ask(engine: LlamaEngine, text: str, kept: Kept, questions: Iterable[str]) -> None:
    if not kept.named:
        prompt = Prompt(system=SYSTEM, shared=shared_prompt(text), task=NAMING)
        kept.named = (await engine.generate(Generation(prompt=prompt, max_tokens=NAMING_TOKENS))).text
    new = tuple(q for q in questions if q not in kept.scores)
    scored = await engine.score(Scoring(system=SYSTEM, shared=shared_prompt(text), questions=new))
    kept.scores |= {q: round(score, 4) for q, score in zip(new, scored.scores, strict=True)}


def _kept() -> list[Kept]:
    if not _ANSWERS.exists():
        return []
    return [msgspec.json.decode(line, type=Kept) for line in gzip.decompress(_ANSWERS.read_bytes()).splitlines()]


def _keep(kept: Iterable[Kept]) -> None:
    lines = b"".join(msgspec.json.encode(k) + b"\n" for k in sorted(kept, key=lambda k: (k.model, k.case)))
    part = _ANSWERS.with_suffix(".part")
    part.write_bytes(gzip.compress(lines, mtime=0))
    part.replace(_ANSWERS)


def _asked(case: Case, facts: Facts, searched: tuple[Candidate, ...], book: OffenceBook) -> list[str]:
    """Choose what the program itself might ask, and some others, the same every time."""
    text = case.text or ""
    opened = merge(text, searched, {}, law=Law(case.law), book=book).opened
    ids = dict.fromkeys([*book.screening, *sorted(facts.facts & book.questions.keys())])
    ids |= dict.fromkeys(q for o in opened for q in o.offence.question_ids)
    rest = [q for q in book.questions if q not in ids]
    random.Random(case.id).shuffle(rest)  # noqa: S311 - a fixed choice, not a secret
    hinted = [q for q in rest if hints_in(text, book.questions[q].hint)]
    unhinted = [q for q in rest if q not in hinted]
    return [*([*ids, *hinted][:_MOST]), *unhinted[:_OTHERS]]


def examples_of(tuned: Tuned, book: OffenceBook) -> list[Example]:
    """Return what is seen of each question that was answered about the case, with the truth."""
    scores = {q: tuned.kept.scores.get(question.text) for q, question in book.questions.items()}
    known = {q: score for q, score in scores.items() if score is not None}
    mean = sum(known[q] for q in book.screening) / len(book.screening)
    worded = worded_questions(tuned.text, book)

    def sign(q: str, score: float) -> Sign:
        hint = book.questions[q].hint
        named = hints_in(tuned.kept.named, hint) > 0
        return Sign(score, mean, hints_in(tuned.text, hint), worded=q in worded, named=named)

    facts = tuned.facts
    return [Example(q, sign(q, score), q in facts.facts) for q, score in known.items() if q not in facts.facts_open]


async def _seen(tuned: Tuned, calibration: Calibration, book: OffenceBook) -> list[tuple[Evidence, bool]]:
    """Weigh the offences that the program would examine, each with whether the case wants it."""

    async def score(questions: tuple[str, ...]) -> tuple[float, ...]:
        return tuple(tuned.kept.scores.get(q, _UNKNOWN) for q in questions)

    async def name() -> str:
        return tuned.kept.named

    known = known_answers(tuned.text, time_from=None, time_to=None)
    asker = Asker(tuned.text, score, name, book=book, calibration=calibration, known=known, budget=MOST_QUESTIONS)
    await asker.screen()
    law = Law(tuned.case.law)
    opened = merge(tuned.text, tuned.searched, asker.answers, law=law, book=book, named=asker.named).opened
    offences = [o for o in await examine(opened, asker) if o.act == BNS and _was_asked(o, tuned.kept, book)]
    wanted = {number.partition("(")[0] for group in tuned.case.required_groups for number in group}
    right = [o for o in offences if _numbers(o, law) & wanted]
    clues = clues_in(tuned.text, asker.named, tuned.searched, book)
    judged = [(evidence_for(o, asker.answers, clues), o in right) for o in offences if not _open(o, right, tuned, book)]
    return [(evidence, truth) for evidence, truth in judged if evidence]


def _was_asked(offence: Offence, kept: Kept, book: OffenceBook) -> bool:
    return all(book.questions[q].text in kept.scores for q in (*offence.all, *chain.from_iterable(offence.any)))


def _numbers(offence: Offence, law: Law) -> set[str]:
    return {offence.ref.base} if law is not Law.IPC else {number.partition("(")[0] for number in offence.ipc}


def _open(offence: Offence, right: Sequence[Offence], tuned: Tuned, book: OffenceBook) -> bool:
    """Tell whether the case leaves open if the offence belongs there, or another offence takes its place."""
    if offence in right:
        return False
    acceptable = {number.partition("(")[0] for number in tuned.case.acceptable_sections}
    taken = any(offence.id in book.absorbed_by(r.id) or offence.id in r.excludes for r in right)
    return taken or bool(_numbers(offence, Law(tuned.case.law)) & acceptable)


if __name__ == "__main__":
    main()
