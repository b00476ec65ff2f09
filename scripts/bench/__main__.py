"""`make bench`: the language model engine and whole drafts beside other ways to do the same, in one run.

Rows of the first table: the engine; one `Llama` behind a lock; llama.cpp's own server: the program given
by ``--server``, `llama-server` on the path, or one that `build_server.py` compiles on the first run (about 6 minutes on
2 cores). Rows of the second: whole drafts; the design that this program replaces. Every row runs in a process of its
own, so that the peak memory is its own. Medians of ``--rounds`` runs. A draft's p50 and p95 are those of five drafts at least.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from build_server import SetupError, server_program
from rich.console import Console

from afirgen.inference.models.manifest import Role, load_manifest
from afirgen.settings import load_settings

_HERE = Path(__file__).parent
_PAGE = _HERE.parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"
_TOKENS = ("prompt tokens/s", "generated tokens/s", "first token p50 s", "all done s", "peak memory MiB")
_DRAFTS = ("draft p50 s", "draft p95 s", "all done s", "ready s", "peak memory MiB")
_TABLES = (
    (("engine", "locked", "server"), _TOKENS),
    (("question",), ("one more s",)),
    (("draft", "earlier"), _DRAFTS),
)
Rows = dict[str, dict[int, dict[str, float]]]


@click.command()
@click.option("--at", default="1,4,10", show_default=True, help="How many cases at once.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each row; the median counts.")
@click.option("--only", help="Only the rows whose name contains this.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another GGUF.")
@click.option("--gpu-layers", default=0, show_default=True, help="Layers on the GPU; -1 means all.")
@click.option(
    "--server",
    type=click.Path(exists=True, dir_okay=False),
    help="llama.cpp's server program; compiled here when none is found.",
)
@click.option("--write", is_flag=True, help="Put the tables into docs/performance.md.")
def main(**options: Any) -> None:
    """Run every row, print the tables and, with --write, keep them in docs/performance.md."""
    counts = [int(n) for n in options["at"].split(",")]
    model = options["model"] or _starter()
    kinds = [kind for group, _ in _TABLES for kind in group if not options["only"] or options["only"] in kind]
    server = (options["server"] or _found_server()) if "server" in kinds else None
    asked = {"model": str(model), "gpu_layers": options["gpu_layers"], "server": server}
    rows: Rows = {}
    for kind in kinds:
        if kind == "server" and not server:
            continue
        # The earlier design does one case after another; more of them at once tell nothing new.
        rows[kind] = {n: _median(kind, n, asked, options["rounds"]) for n in (counts if kind != "earlier" else [1])}
    text = "\n\n".join([_machine(model, options["gpu_layers"]), *_tables(rows), *_ratios(rows)])
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
    if options["write"]:
        _keep(text)


def _found_server() -> str | None:
    """Return llama.cpp's server, compiled if need be; where that fails the other rows are still worth having."""
    try:
        return shutil.which("llama-server") or str(server_program())
    except SetupError as err:
        print(f"No row for llama.cpp's server: {err}", file=sys.stderr, flush=True)
        return None


def _starter() -> Path:
    settings = load_settings()
    entry = load_manifest().default(settings.profile, Role.LLM)
    return settings.model_dir / entry.id / entry.files[0].name


def _median(kind: str, count: int, asked: dict[str, Any], rounds: int) -> dict[str, float]:
    """Run one row ``rounds`` times, each in a new process, and take the median of each figure."""
    found = []
    for turn in range(rounds):
        print(f"{kind}, {count} at once, run {turn + 1} of {rounds}", file=sys.stderr, flush=True)
        command = [
            sys.executable,
            str(_HERE / "rows.py"),
            kind,
            str(count),
            json.dumps({**asked, "begun": time.time()}),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise click.ClickException(f"{kind} failed:\n{done.stderr[-2000:]}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def _tables(rows: Rows) -> list[str]:
    return [
        _table([(k, n, f) for k in kinds if k in rows for n, f in rows[k].items()], names)
        for kinds, names in _TABLES
        if any(k in rows for k in kinds)
    ]


def _table(rows: list[tuple[str, int, dict[str, float]]], names: tuple[str, ...]) -> str:
    lines = [
        "| what | at once | " + " | ".join(names) + " |",
        "|---|---|" + "---|" * len(names),
    ]
    for kind, count, figures in rows:
        lines.append(f"| {kind} | {count} | " + " | ".join(_cell(figures, name) for name in names) + " |")
    return "\n".join(lines)


def _cell(figures: dict[str, float], name: str) -> str:
    return f"{figures[name]:.{2 if figures[name] < 1 else 1}f}" if name in figures else ""


def _ratios(rows: Rows) -> list[str]:
    """Hold the rows of this run against each other, as far as it has them."""
    lines = []
    for other in ("locked", "server"):
        for count in rows.get("engine", {}):
            if count in rows.get(other, {}):
                ratio = _tokens_a_second(rows["engine"][count]) / _tokens_a_second(rows[other][count])
                lines.append(f"- tokens/s in all, engine to {other}, {count} at once: {ratio:.2f}")
    drafts = rows.get("draft", {})
    if 1 in drafts and "earlier" in rows:
        ratio = rows["earlier"][1]["draft p50 s"] / drafts[1]["draft p50 s"]
        lines.append(f"- seconds of a draft, earlier to this one: {ratio:.1f}")
    for count, figures in drafts.items():
        if count > 1 and 1 in drafts:
            ratio = figures["all done s"] / drafts[1]["draft p50 s"]
            lines.append(f"- seconds until {count} drafts at once are all done, to those of one: {ratio:.1f}")
    return ["Ratios:\n\n" + "\n".join(lines)] if lines else []


def _tokens_a_second(figures: dict[str, float]) -> float:
    return figures["prompt tokens/s"] + figures["generated tokens/s"]


def _machine(model: Path, gpu_layers: int) -> str:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {cpu}, {os.cpu_count()} cores, {memory:.0f} GiB; {model.name}, "
        f"{'no GPU' if gpu_layers == 0 else f'{gpu_layers} layers on the GPU'}. Medians of runs in processes of their own."
    )


def _keep(text: str) -> None:
    page = _PAGE.read_text(encoding="utf-8")
    before, rest = page.split(_BEGIN)
    after = rest.split(_END)[1]
    _PAGE.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
