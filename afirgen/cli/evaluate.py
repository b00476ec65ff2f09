"""`afirgen evaluate`: measure the drafts on cases with known answers."""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from afirgen.bootstrap import build_program
from afirgen.evaluate.cases import read_cases
from afirgen.evaluate.fields import Outcome as FieldOutcome
from afirgen.evaluate.report import CaseResult, figures
from afirgen.evaluate.run import Outcome, run_cases
from afirgen.settings import load_settings


@click.command()
@click.argument("cases", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write one JSON line a case to this file.")
@click.option("--limit", type=click.IntRange(1), help="Run the first so many cases only.")
@click.option("--only", multiple=True, help="Run only the case with this id; may be repeated.")
def evaluate(cases: Path, *, as_json: bool, out: Path | None, limit: int | None, only: tuple[str, ...]) -> None:
    """Draft every case of CASES (JSONL, see docs/evaluation.md) and print how good the drafts are."""
    if out:
        out.write_bytes(b"")
    chosen = tuple(c for c in read_cases(cases) if not only or c.id in only)[:limit]
    results = asyncio.run(_run(chosen, out))
    table = figures(results)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(table), indent=2).decode())
    else:
        _print(table)


async def _run(cases: tuple[Any, ...], out: Path | None) -> list[CaseResult]:
    console = Console(stderr=True)
    program = build_program(load_settings(), quiet=True)

    def on_case(number: int, outcome: Outcome) -> None:
        console.print(_line(number, len(cases), outcome.result), highlight=False)
        if out:
            with out.open("ab") as file:
                file.write(msgspec.json.encode(outcome) + b"\n")

    async with program.running():
        return await run_cases(cases, program.pipeline, program.law, on_case=on_case)


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
