"""Who uses an installation: the program while it runs, and what needs it for itself."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afirgen.errors import StepConflictError

RUNNING = "running"
"""The lock that the program holds while it runs."""


@contextmanager
def in_use(data_dir: Path, name: str, sentence: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock ``name`` of a data folder, together with others where ``shared``.

    The lock goes with the process that holds it and its children, however they end.

    Raises:
        StepConflictError: Somebody else holds it; ``sentence`` says what to do.
    """
    folder = data_dir / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as handle:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise StepConflictError(sentence) from err
        yield
