"""Figures for CloudWatch as lines of the log, in the embedded metric format: no call to AWS, no agent of its own.

Off until :func:`turn_on`: then values are held for a minute and written together, one line for up to a hundred
values of a figure, from which CloudWatch makes sums and percentiles.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TextIO

NAMESPACE = "AFIRGen"
_EVERY_S = 60.0
# More values of one figure are not allowed in a line.
_MOST_VALUES = 100


class Unit(StrEnum):
    """What a value is, in CloudWatch's words."""

    COUNT = "Count"
    SECONDS = "Seconds"


class _Lines:
    """Holds values and writes them every minute in a thread of its own."""

    def __init__(self, deployment: str, out: TextIO) -> None:
        self._deployment = deployment
        self._out = out
        self._lock = threading.Lock()
        self._sums: dict[str, float] = {}
        self._values: dict[str, list[float]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
        self._thread.start()

    def keep(self, name: str, value: float, unit: Unit) -> None:
        full: list[float] | None = None
        with self._lock:
            if unit is Unit.COUNT:
                self._sums[name] = self._sums.get(name, 0) + value
            else:
                values = self._values.setdefault(name, [])
                values.append(round(value, 6))
                full = self._values.pop(name) if len(values) >= _MOST_VALUES else None
        if full:
            self._write({name: (full, Unit.SECONDS)})

    def flush(self) -> None:
        with self._lock:
            sums, self._sums = self._sums, {}
            values, self._values = self._values, {}
        figures: dict[str, tuple[object, Unit]] = {name: (value, Unit.COUNT) for name, value in sums.items()}
        figures |= {name: (found, Unit.SECONDS) for name, found in values.items()}
        figures |= {name: (now(), unit) for name, (now, unit) in _watched.items()}
        if figures:
            self._write(figures)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_S):
            self.flush()

    def _write(self, figures: dict[str, tuple[object, Unit]]) -> None:
        described = [{"Name": name, "Unit": unit.value} for name, (_, unit) in figures.items()]
        about = {"Namespace": NAMESPACE, "Dimensions": [["Environment"]], "Metrics": described}
        line = {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]},
            "Environment": self._deployment,
            **{name: value for name, (value, _) in figures.items()},
        }
        print(json.dumps(line, separators=(",", ":")), file=self._out, flush=True)


_watched: dict[str, tuple[Callable[[], float], Unit]] = {}
_lines: _Lines | None = None


def turn_on(deployment: str, out: TextIO | None = None) -> None:
    """Begin to write figures for a deployment to standard output."""
    global _lines  # noqa: PLW0603 -- one process has one log
    turn_off()
    _lines = _Lines(deployment, out or sys.stdout)


def turn_off() -> None:
    """Write what is held and stop; nothing happens where it is off."""
    global _lines  # noqa: PLW0603 -- as above
    if _lines is not None:
        _lines.stop()
        _lines = None


def keep(name: str, value: float, unit: Unit) -> None:
    """Take a value, where figures are on."""
    if _lines is not None:
        _lines.keep(name, value, unit)


def watch(name: str, now: Callable[[], float], unit: Unit) -> None:
    """Ask for a value whenever figures are written."""
    _watched[name] = (now, unit)
