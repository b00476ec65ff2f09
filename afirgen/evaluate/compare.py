"""Two runs over the same cases, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from afirgen.errors import DataFileError
from afirgen.evaluate.report import CaseResult, figures
from afirgen.evaluate.run import Outcome


def read_results(path: Path) -> dict[str, CaseResult]:
    """Read what `afirgen evaluate --out` wrote; raise :class:`DataFileError` naming the line that is wrong."""
    results = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as err:
        raise DataFileError(f"The file {path.name} cannot be read.", detail=str(err)) from err
    for number, line in enumerate(lines, 1):
        try:
            result = msgspec.json.decode(line, type=Outcome).result
        except msgspec.DecodeError as err:
            raise DataFileError(f"{path.name}, line {number}: not a result of a case.", detail=str(err)) from err
        results[result.id] = result
    return results


def compare(before: Mapping[str, CaseResult], after: Mapping[str, CaseResult]) -> dict[str, tuple[Any, Any]]:
    """Return the figures that differ, over the cases that both runs have, as (before, after)."""
    common = [i for i in before if i in after]
    old, new = figures([before[i] for i in common]), figures([after[i] for i in common])
    return {name: (old[name], new[name]) for name in old if not isinstance(old[name], dict) and old[name] != new[name]}


def changed_cases(before: Mapping[str, CaseResult], after: Mapping[str, CaseResult]) -> Sequence[str]:
    """Return one line for each case whose proposed sections differ."""
    lines = []
    for case_id, old in before.items():
        new = after.get(case_id)
        if new is None or new.proposed == old.proposed:
            continue
        gone, come = set(old.proposed) - set(new.proposed), set(new.proposed) - set(old.proposed)
        marks = [*(f"-{s}" for s in sorted(gone)), *(f"+{s}" for s in sorted(come))]
        if marks:
            lines.append(f"{case_id}: {' '.join(marks)}")
    return lines
