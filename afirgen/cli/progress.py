"""Progress of downloads: bars on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_STEP = 0.1


class FileProgress:
    """Shows one line a file; ``label`` says what is done to the files, for example ``fetching``."""

    def __init__(self, label: str) -> None:
        self._label = label
        console = Console(stderr=True)
        self._bars: Progress | None = None
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
            self._bars = Progress(*columns, console=console)
        self._tasks: dict[str, TaskID] = {}
        self._next: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def advance(self, name: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` bytes of the file are there."""
        if self._bars is None:
            self._line(name, done, total)
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(f"{self._label} {name}", total=total or None)
        self._bars.update(self._tasks[name], completed=done)

    def note(self, sentence: str) -> None:
        """Show a sentence above the bars."""
        if self._bars:
            self._bars.console.print(sentence, highlight=False)
        else:
            click.echo(sentence, err=True)

    def _line(self, name: str, done: int, total: int) -> None:
        share = done / total if total else 0.0
        if share >= self._next.get(name, 0.0):
            self._next[name] = min(share + _STEP, 1.0) if share < 1 else 2.0
            click.echo(f"{self._label} {name}: {share:.0%} of {total / 2**20:.1f} MiB", err=True)
