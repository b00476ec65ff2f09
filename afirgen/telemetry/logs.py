"""Structured logs, one JSON object a line on standard error; secrets and numbers that may be personal are masked."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

# Phone, Aadhaar and account numbers: ten digits or more, also in groups.
_PERSONAL = re.compile(r"(?<![\w-])(?:\d[\s-]?){10,}(?![\w-])")
_IDENTIFIERS = frozenset({"case", "sha256", "fingerprint", "timestamp"})


_hidden: set[str] = set()


class _Masked(logging.Formatter):
    """Formats what other libraries log, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def hide(secrets: Iterable[str]) -> None:
    """Keep these values out of every log from now on."""
    _hidden.update(value for value in secrets if value)


def without_secrets(text: str) -> str:
    """Return a text with the hidden values masked."""
    for value in sorted(_hidden, key=len, reverse=True):
        text = text.replace(value, "<secret>")
    return text


def set_up_logs(level: str) -> None:
    """Log through structlog from ``level`` on; other libraries' logs are held back to warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_personal,
            mask_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def mask_personal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace long digit groups in every text value, save identifiers of the program's own."""
    for key, value in event.items():
        if isinstance(value, str) and key not in _IDENTIFIERS:
            event[key] = _PERSONAL.sub("<number>", value)
    return event


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace hidden values wherever they stand in an event, also inside lists and tables."""
    return {key: _scrubbed(value) for key, value in event.items()}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {key: _scrubbed(below) for key, below in value.items()}
    return [_scrubbed(below) for below in value] if isinstance(value, list | tuple) else value
