"""Structured logs: one JSON object a line on standard error, with whatever context the caller binds."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from common.addresses import redacted

UNSEEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What a terminal obeys and does not show, or shows in another order. Clients write some of what is logged."""

_context: ContextVar[dict[str, Any]] = ContextVar("log_context", default={})  # noqa: B039 (never mutated, only replaced)


class _JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
            **_context.get(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return UNSEEN.sub(_escaped, redacted(json.dumps(line, default=str, ensure_ascii=False)))


def _escaped(unseen: re.Match[str]) -> str:
    return f"\\u{ord(unseen[0]):04x}"


def configure(service: str, level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error as JSON lines that carry the service's name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it logs every address in full, a webhook's secret too


class bound:
    """Add fields (request id, job id) to every line logged inside the block."""

    __slots__ = ("_fields", "_token")

    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _context.set({**_context.get(), **self._fields})

    def __exit__(self, *_: object) -> None:
        _context.reset(self._token)
