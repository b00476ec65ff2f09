"""Structured logs, one JSON object a line on standard error; numbers that may be personal are masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Phone, Aadhaar and account numbers: ten digits or more, also in groups.
_PERSONAL = re.compile(r"(?<![\w-])(?:\d[\s-]?){10,}(?![\w-])")
_IDENTIFIERS = frozenset({"case", "sha256", "fingerprint", "timestamp"})


def set_up_logs(level: str) -> None:
    """Log through structlog from ``level`` on; other libraries' logs are held back to warnings."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_personal,
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
