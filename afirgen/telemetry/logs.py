"""Structured logs, one JSON object a line on standard error, with the ids of the work.

Personal data and secrets are left out or masked.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

import structlog

from afirgen.telemetry.traces import trace_ids

# Phone, Aadhaar and account numbers: ten digits or more, also in groups.
_PERSONAL = re.compile(r"(?<![\w-])(?:\d[\s-]?){10,}(?![\w-])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Keys whose values are ids of the program's own; case, step and request come from what was bound to the work.
_IDENTIFIERS = frozenset(
    {"case", "request", "job", "trace_id", "span_id", "sha256", "fingerprint", "timestamp", "exception"}
)
# Keys under which words of a complaint or of an officer would stand; should anything log them, they stay out.
_WORDS = frozenset(
    {"text", "content", "transcript", "complaint", "narrative", "prompt", "answer", "note", "edit", "user_input"}
    | {"name", "filename", "password", "key", "token", "address", "phone"}
)
_LEFT_OUT = "<left out>"
Entry = MutableMapping[str, Any]

_hidden: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Keep these values out of every log from now on."""
    _hidden.update(value for value in secrets if value)


def without_secrets(text: str) -> str:
    """Return a text with the hidden values masked."""
    for value in sorted(_hidden, key=len, reverse=True):
        text = text.replace(value, "<secret>")
    return text


def set_up_logs(level: str) -> None:
    """Log through structlog from ``level`` on; other libraries' logs are held back to warnings, in the same form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_ids,
        frames_only,
        mask_personal,
        mask_secrets,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def add_trace_ids(_logger: object, _method: str, entry: Entry) -> Entry:
    """Name the trace that the line belongs to, where traces are kept."""
    entry.update(trace_ids())
    return entry


def frames_only(_logger: object, _method: str, entry: Entry) -> Entry:
    """Say where an error arose and of what kind it is; its own text may quote a complaint."""
    given = entry.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        entry["exception"] = _described(error)
    return entry


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = error.__cause__
    return f"{type(error).__name__} at {where}" + (f"; because of {_described(cause)}" if cause else "")


def mask_personal(_logger: object, _method: str, entry: Entry) -> Entry:
    """Leave out what stands under a key of words, and replace long groups of digits and mail addresses elsewhere."""
    for key, value in entry.items():
        if key not in _IDENTIFIERS:
            entry[key] = _masked(key, value)
    return entry


def _masked(key: str, value: Any) -> Any:
    if key in _WORDS and value is not None:
        return _LEFT_OUT
    match value:
        case str():
            return _MAIL.sub("<mail>", _PERSONAL.sub("<number>", value))
        case Mapping():
            return {str(name): _masked(str(name), below) for name, below in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked("", below) for below in value]
        case bytes():
            return _LEFT_OUT
        case _:
            return value


def mask_secrets(_logger: object, _method: str, entry: Entry) -> Entry:
    """Replace hidden values wherever they stand in an entry, also inside lists and tables."""
    return {key: _scrubbed(value) for key, value in entry.items()}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {key: _scrubbed(below) for key, below in value.items()}
    return [_scrubbed(below) for below in value] if isinstance(value, list | tuple) else value
