"""What is missed and what is wrong, by section and by language, as a Markdown page."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from afirgen.case.fir import FirDocument
from afirgen.case.law import Assessment
from afirgen.evaluate.cases import Case
from afirgen.evaluate.report import CaseResult, figures
from afirgen.evaluate.sections import PENAL_ACTS, base_number

_FIGURES = (
    "cases",
    "candidate_recall_at_20",
    "section_recall",
    "section_precision",
    "forbidden_a_case",
    "case_exact",
    "no_offence",
    "law",
    "cognizable",
    "invented_field_values",
    "narrative_invented_facts",
)


class Judged(Struct, frozen=True):
    """A case with its result and the draft, None where drafting failed."""

    case: Case
    result: CaseResult
    document: FirDocument | None


def analysis(judged: Sequence[Judged], *, model: str) -> str:
    """Return the page: figures by language, then sections by how often they were missed or wrong, and why."""
    languages = sorted({j.case.language for j in judged})
    groups = [("all", list(judged)), *((x, [j for j in judged if j.case.language == x]) for x in languages)]
    tables = [figures([j.result for j in members]) for _, members in groups]
    return "\n".join(
        [
            "# What is missed and why",
            "",
            "Written by `afirgen evaluate CASES --analysis FILE`; do not edit by hand.",
            "",
            f"Language model: {model}.",
            "",
            *_table(["figure", *(name for name, _ in groups)], [[f, *(t[f] for t in tables)] for f in _FIGURES]),
            "",
            "## By required section",
            "",
            *_table(["section", "wanted", "found", "why not, by the case's record"], _required(judged)),
            "",
            "## Proposed and wrong",
            "",
            *_table(["section", "times", "cases", "the weakest ingredient that counted as met"], _wrong(judged)),
            "",
        ]
    )


def _required(judged: Iterable[Judged]) -> list[list[object]]:
    wanted: dict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        for group in each.case.required_groups:
            wanted["/".join(group)].append(each)
    rows: list[tuple[int, list[object]]] = []
    for name, cases in sorted(wanted.items()):
        bases = set(name.split("/"))
        missed = [j for j in cases if not _found(j, bases)]
        reasons = "; ".join(f"{j.case.id}: {_why_missed(j, bases)}" for j in missed)
        rows.append((-len(missed), [name, len(cases), len(cases) - len(missed), reasons]))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def _found(judged: Judged, bases: set[str]) -> bool:
    return judged.document is not None and any(_is_of(a, bases, judged.case.law) for a in judged.document.law.proposed)


def _why_missed(judged: Judged, bases: set[str]) -> str:
    if judged.document is None:
        return judged.result.failed or "not drafted"
    about = [a for a in judged.document.law.assessments if _is_of(a, bases, judged.case.law)]
    if about:
        return f"{about[0].section} {about[0].standing.value}: {about[0].reason}"
    candidates = {c.section.base for c in judged.document.law.candidates}
    return "a candidate, not examined" if bases & candidates else "not among the candidates"


def _is_of(assessment: Assessment, bases: set[str], law: str) -> bool:
    return assessment.section.act == law and assessment.section.base in {base_number(b) for b in bases}


def _wrong(judged: Iterable[Judged]) -> list[list[object]]:
    times: dict[str, list[str]] = defaultdict(list)
    weakest: dict[str, str] = {}
    for each in judged:
        if each.document is None or each.result.sections is None:
            continue
        named = {*each.result.sections.wrong, *each.result.sections.forbidden}
        for assessment in each.document.law.proposed:
            name = str(assessment.section)
            if name in named or (assessment.section.act not in PENAL_ACTS and not _is_labelled(assessment, each.case)):
                times[name].append(each.case.id)
                weakest.setdefault(name, _weakest(assessment))
    often = sorted(times.items(), key=lambda item: -len(item[1]))
    return [[name, len(ids), ", ".join(ids), weakest[name]] for name, ids in often]


def _is_labelled(assessment: Assessment, case: Case) -> bool:
    return any(a.act == assessment.section.act for a in (*case.required_special_acts, *case.acceptable_special_acts))


def _weakest(assessment: Assessment) -> str:
    met = [i for i in assessment.ingredients if not i.excludes and i.score is not None and i.verdict.value == "met"]
    if not met:
        return ""
    least = min(met, key=lambda i: i.score or 0.0)
    return f"{least.question} ({least.score:.2f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    cell: Callable[[object], str] = lambda v: "-" if v is None else str(v).replace("|", "/")  # noqa: E731
    return [
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *(f"| {' | '.join(map(cell, row))} |" for row in rows),
    ]
