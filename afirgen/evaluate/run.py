"""Runs every case through the app's own pipeline and scores the draft."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from afirgen.case.fir import FirDocument
from afirgen.case.law import Candidate
from afirgen.case.mentions.dates import find_dates
from afirgen.errors import AfirgenError
from afirgen.evaluate.cases import Case
from afirgen.evaluate.errors_in_text import error_rates
from afirgen.evaluate.fields import score_fields, words
from afirgen.evaluate.narrative import carried, invented_facts
from afirgen.evaluate.report import CaseResult
from afirgen.evaluate.sections import groups_recalled, score_sections
from afirgen.pipeline.narrate import FRAME_PHRASES
from afirgen.pipeline.retrieve import Searcher
from afirgen.pipeline.run import Original, Pipeline

# Cases write romanised Hindi as "hinglish"; the program follows the language tag.
_LANGUAGES = {"hinglish": "hi-Latn"}
# Of both penal laws and the special acts together; the first 20 of one law are among them.
_SEARCHED = 200
_DEFAULT_LAG = timedelta(days=1)


class Outcome(Struct, frozen=True):
    """A case's scores and the draft that they came from (None where it failed)."""

    result: CaseResult
    document: FirDocument | None


async def run_cases(
    cases: tuple[Case, ...], pipeline: Pipeline, searcher: Searcher, *, on_case: Callable[[int, Outcome], None]
) -> list[Outcome]:
    """Draft and score the cases one after another; ``on_case`` is told each outcome with its number from 1.

    ``searcher`` is asked again, without everyday words and screening, for the figures of search alone.
    """
    outcomes = []
    for number, case in enumerate(cases, 1):
        outcome = await run_case(case, pipeline, searcher)
        on_case(number, outcome)
        outcomes.append(outcome)
    return outcomes


async def run_case(case: Case, pipeline: Pipeline, searcher: Searcher) -> Outcome:
    """Draft one case and score it; a refusal or failure is kept as the case's result."""
    seconds: dict[str, float] = {}
    begun = time.perf_counter()
    try:
        document = await pipeline.draft(
            _original(case),
            reported_on=_reported_on(case),
            on_progress=_stage_timer(seconds),
        )
        seconds["draft"] = time.perf_counter() - begun
        searched = await searcher.search(document.statement.text, limit=_SEARCHED)
    except AfirgenError as err:
        failed = CaseResult(id=case.id, language=case.language, is_offence=case.is_offence, failed=err.public)
        return Outcome(failed, None)
    return Outcome(_score(case, document, searched, seconds), document)


def _score(case: Case, document: FirDocument, searched: tuple[Candidate, ...], seconds: dict[str, float]) -> CaseResult:
    source = document.statement.text
    narrative = document.narrative.text
    held, gold = carried(case, narrative)
    frame = frozenset(words(" ".join(FRAME_PHRASES)))
    rates = error_rates(case.text, source) if case.text and (case.audio or case.image) else (None, None)
    return CaseResult(
        id=case.id,
        language=case.language,
        is_offence=case.is_offence,
        sections=score_sections(case, document.law),
        search_recalled=groups_recalled(case, (c for c in searched if c.section.act == case.law)),
        fields=score_fields(case, document.facts, source),
        narrative_invented=invented_facts(narrative, [source], frame),
        facts_carried=held,
        facts_gold=gold,
        word_errors=rates[0],
        character_errors=rates[1],
        seconds=seconds,
        proposed=tuple(str(a.section) for a in document.law.proposed),
    )


def _original(case: Case) -> Original:
    language = _LANGUAGES.get(case.language, case.language)
    path = case.audio or case.image
    if path is not None:
        file = (case.folder or Path()) / path
        return Original(data=file, filename=file.name, language=language)
    return Original(data=(case.text or "").encode(), filename=None, language=language)


def _reported_on(case: Case) -> datetime:
    """Take the case's day of reporting, else the day after the last day that it names."""
    if case.reported_on is not None:
        day = datetime.combine(case.reported_on, datetime.min.time(), tzinfo=UTC)
        return day + timedelta(hours=6)
    named = [m.value for m in find_dates(case.text or "")]
    if not named:
        return datetime.now(UTC)
    return datetime.fromisoformat(max(named)).replace(tzinfo=UTC) + _DEFAULT_LAG


def _stage_timer(seconds: dict[str, float]) -> Callable[[str, float], None]:
    started: dict[str, float] = {}

    def on_progress(stage: str, share: float) -> None:
        now = time.perf_counter()
        started.setdefault(stage, now)
        if share >= 1.0:
            seconds[stage] = now - started[stage]

    return on_progress
