"""`afirgen evaluate`: measure the drafts on cases with known answers."""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from afirgen.bootstrap import build_program
from afirgen.evaluate.analysis import Judged, analysis
from afirgen.evaluate.cases import Case, read_cases
from afirgen.evaluate.compare import changed_cases, compare, read_results
from afirgen.evaluate.fields import Outcome as FieldOutcome
from afirgen.evaluate.report import CaseResult, figures
from afirgen.evaluate.run import Outcome, run_cases
from afirgen.settings import load_settings


@click.command()
@click.argument("cases", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write one JSON line a case to this file.")
@click.option(
    "--analysis",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what is missed and why, as Markdown.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Show what changed since a run whose --out file this is.",
)
@click.option("--limit", type=click.IntRange(1), help="Run the first so many cases only.")
@click.option("--only", multiple=True, help="Run only the case with this id; may be repeated.")
def evaluate(
    cases: Path,
    *,
    as_json: bool,
    out: Path | None,
    page: Path | None,
    earlier: Path | None,
    limit: int | None,
    only: tuple[str, ...],
) -> None:
    """Draft every case of CASES (JSONL, see docs/evaluation.md) and print how good the drafts are."""
    before = read_results(earlier) if earlier else {}
    if out:
        out.write_bytes(b"")
    chosen = tuple(c for c in read_cases(cases) if not only or c.id in only)[:limit]
    outcomes, model = asyncio.run(_run(chosen, out))
    results = [o.result for o in outcomes]
    if page:
        judged = [Judged(c, o.result, o.document) for c, o in zip(chosen, outcomes, strict=True)]
        page.write_text(analysis(judged, model=model), encoding="utf-8")
    if before:
        _print_changes(before, {r.id: r for r in results})
    table = figures(results)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(table), indent=2).decode())
    else:
        _print(table)


async def _run(cases: tuple[Case, ...], out: Path | None) -> tuple[list[Outcome], str]:
    console = Console(stderr=True)
    program = build_program(load_settings(), quiet=True)

    def on_case(number: int, outcome: Outcome) -> None:
        console.print(_line(number, len(cases), outcome.result), highlight=False)
        if out:
            with out.open("ab") as file:
                file.write(msgspec.json.encode(outcome) + b"\n")

    async with program.running():
        model = program.models.llm.status().model
        return await run_cases(cases, program.pipeline, program.law, on_case=on_case), model


def _print_changes(before: dict[str, CaseResult], after: dict[str, CaseResult]) -> None:
    shown = Table("figure", "before", "after")
    for name, (old, new) in compare(before, after).items():
        shown.add_row(name, str(old), str(new))
    console = Console(stderr=True)
    console.print(shown)
    for line in changed_cases(before, after):
        console.print(line, highlight=False)


def _line(number: int, total: int, result: CaseResult) -> str:
    head = f"[{number}/{total}] {result.id} {result.language}"
    if result.failed or result.sections is None:
        return f"{head} FAILED: {result.failed}"
    s = result.sections
    invented = [f"{f.name}={f.value}" for f in result.fields if f.outcome is FieldOutcome.INVENTED]
    return (
        f"{head} {result.seconds.get('draft', 0):.1f} s, candidates {s.recalled[20]}/{s.groups}, "
        f"found {s.found}/{s.groups}, proposed {', '.join(result.proposed) or 'none'}"
        + (f", wrong {', '.join(s.wrong)}" if s.wrong else "")
        + (f", FORBIDDEN {', '.join(s.forbidden)}" if s.forbidden else "")
        + (f", INVENTED {'; '.join(invented)}" if invented else "")
        + (f", NARRATIVE {', '.join(result.narrative_invented)}" if result.narrative_invented else "")
    )


def _print(table: dict[str, Any]) -> None:
    shown = Table("figure", "value")
    for name, value in table.items():
        if not isinstance(value, dict):
            shown.add_row(name, "-" if value is None else str(value))
    fields = Table("field", *(o.value for o in FieldOutcome))
    for name, counts in table["fields"].items():
        fields.add_row(name, *(str(counts.get(o.value, 0)) for o in FieldOutcome))
    seconds = Table("stage", "p50 s", "p95 s")
    for stage, times in table["seconds"].items():
        seconds.add_row(stage, str(times["p50"]), str(times["p95"]))
    console = Console()
    for each in (shown, fields, seconds):
        console.print(each)
