"""A step of a draft as the operator sees it: in the log, in the figures, in the trace."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from structlog.contextvars import bound_contextvars, get_contextvars

from afirgen.telemetry.metrics import COMPLAINTS, DRAFT_SECONDS, FIRS, STEP_FAILURES, STEP_SECONDS
from afirgen.telemetry.traces import span

FIRST, LAST = "transcript", "form"
_MOST_CASES = 1000
# The machine's time on each case whose form is not filled yet; the officer's time between the steps does not count.
_spent: OrderedDict[str, float] = OrderedDict()


@contextmanager
def case(case_id: str) -> Iterator[None]:
    """Name the case in all that is noted in the block."""
    with bound_contextvars(case=case_id):
        yield


@contextmanager
def step(name: str) -> Iterator[None]:
    """Measure a step of the case that was named."""
    begun = perf_counter()
    if name == FIRST:
        COMPLAINTS.add()
    with bound_contextvars(step=name), span(f"step {name}"):
        try:
            yield
        except Exception:
            STEP_FAILURES.add(name)
            raise
        finally:
            seconds = perf_counter() - begun
            STEP_SECONDS.note(seconds, name)
            spent = _add(seconds)
    if name == LAST:
        FIRS.add()
        DRAFT_SECONDS.note(spent)
        _spent.pop(_case(), None)


def _add(seconds: float) -> float:
    spent = _spent.pop(_case(), 0.0) + seconds
    _spent[_case()] = spent
    if len(_spent) > _MOST_CASES:
        _spent.popitem(last=False)
    return spent


def _case() -> str:
    """Return the case; a draft from the command line is the only one of its process."""
    return str(get_contextvars().get("case", ""))
