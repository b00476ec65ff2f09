"""Figures over all cases, from the scores of each."""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from afirgen.evaluate.fields import FieldScore, Outcome
from afirgen.evaluate.sections import DEPTHS, SectionScore


class CaseResult(Struct, frozen=True, kw_only=True):
    """Everything measured on one case. ``seconds`` maps a stage to its time; ``failed`` is a public sentence."""

    id: str
    language: str
    is_offence: bool
    sections: SectionScore | None = None
    search_recalled: dict[int, int] = {}
    fields: tuple[FieldScore, ...] = ()
    narrative_invented: tuple[str, ...] = ()
    facts_carried: int = 0
    facts_gold: int = 0
    word_errors: float | None = None
    character_errors: float | None = None
    seconds: dict[str, float] = {}
    proposed: tuple[str, ...] = ()
    failed: str | None = None


def figures(results: Sequence[CaseResult]) -> dict[str, Any]:
    """Reduce the results to the figures that docs/evaluation.md explains; shares are 0..1, None where none apply."""
    done = [r for r in results if r.sections is not None]
    return {
        "cases": len(results),
        "failed": len(results) - len(done),
        **_section_figures(done),
        "fields": _field_figures(done),
        "invented_field_values": sum(f.outcome is Outcome.INVENTED for r in done for f in r.fields),
        "narrative_invented_facts": sum(len(r.narrative_invented) for r in done),
        "narrative_facts_carried": _share(sum(r.facts_carried for r in done), sum(r.facts_gold for r in done)),
        "word_error_rate": _mean([r.word_errors for r in done if r.word_errors is not None]),
        "character_error_rate": _mean([r.character_errors for r in done if r.character_errors is not None]),
        "seconds": _seconds(done),
    }


def _section_figures(done: Sequence[CaseResult]) -> dict[str, Any]:
    scored = [(r, r.sections) for r in done if r.sections is not None]
    scores = [s for _, s in scored]
    groups = sum(s.groups for s in scores)
    right, wrong = sum(s.right for s in scores), sum(len(s.wrong) for s in scores)
    recall = _share(sum(s.found for s in scores), groups)
    precision = _share(right, right + wrong)
    special_found = sum(s.special_found for s in scores)
    return {
        **{f"candidate_recall_at_{k}": _share(sum(s.recalled[k] for s in scores), groups) for k in DEPTHS},
        **{f"search_recall_at_{k}": _share(sum(r.search_recalled.get(k, 0) for r in done), groups) for k in DEPTHS},
        "section_recall": recall,
        "section_precision": precision,
        "section_f1": _f1(recall, precision),
        "section_recall_macro": _mean([s.found / s.groups for s in scores if s.groups]),
        "section_precision_macro": _mean(
            [s.right / (s.right + len(s.wrong)) for s in scores if s.right + len(s.wrong)]
        ),
        "section_f1_macro": _mean([f for s in scores if (f := _case_f1(s)) is not None]),
        "sub_section_recall": _share(sum(s.exact_found for s in scores), sum(s.exact_wanted for s in scores)),
        "special_acts_recall": _share(special_found, sum(s.special_wanted for s in scores)),
        "special_acts_precision": _share(special_found, special_found + sum(s.special_wrong for s in scores)),
        "forbidden_a_case": sum(len(s.forbidden) for s in scores) / len(scores) if scores else None,
        "case_exact": _share(sum(s.exact_case for s in scores), len(scores)),
        "no_offence": _true([s.silent_right for s in scores]),
        "law": _true([s.law_right for s in scores]),
        "cognizable": _true([s.cognizable_right for s in scores]),
    }


def _field_figures(done: Sequence[CaseResult]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for result in done:
        for field in result.fields:
            counts.setdefault(field.name, Counter())[field.outcome.value] += 1
    return {name: dict(count) for name, count in sorted(counts.items())}


def _seconds(done: Sequence[CaseResult]) -> dict[str, dict[str, float]]:
    stages = sorted({stage for r in done for stage in r.seconds})
    table = {}
    for stage in stages:
        times = sorted(r.seconds[stage] for r in done if stage in r.seconds)
        table[stage] = {
            "p50": round(statistics.median(times), 3),
            "p95": round(times[min(len(times) - 1, int(0.95 * len(times)))], 3),
        }
    return table


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return round(statistics.fmean(values), 4) if values else None


def _true(values: Sequence[bool | None]) -> float | None:
    known = [v for v in values if v is not None]
    return _share(sum(known), len(known))


def _case_f1(score: SectionScore) -> float | None:
    """Return F1 of one case: 0 where nothing right is proposed, None where nothing is required or proposed."""
    proposed = score.right + len(score.wrong)
    if not score.groups and not proposed:
        return None
    recall = score.found / score.groups if score.groups else 0.0
    return _f1(recall, score.right / proposed if proposed else 0.0) or 0.0


def _f1(recall: float | None, precision: float | None) -> float | None:
    if recall is None or precision is None or recall + precision == 0:
        return None
    return round(2 * recall * precision / (recall + precision), 4)
