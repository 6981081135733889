"""What scoring a part of an input gives."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

ERRORS_KEPT = 20
"""A job shows its first so many bad rows."""


class RowError(NamedTuple):
    """A bad row: its number and physical line within the part, from 1 (line 0: the format has no lines)."""

    row: int
    reason: str
    line: int = 0


@dataclass(frozen=True)
class Scored:
    """A scored text: the output's bytes, rows in it, bad rows among them, physical lines, the first bad rows."""

    body: bytes
    rows: int
    rows_failed: int
    lines: int
    errors: list[RowError]


@dataclass
class Outcome:
    """What a chunk has become so far: uploaded parts and counts."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    rows_failed: int = 0
    lines: int = 0
    errors: list[RowError] = field(default_factory=list)

    def add(self, scored: Scored) -> None:
        """Count one more scored part."""
        self.errors += [
            RowError(self.rows + row, reason, line and self.lines + line) for row, reason, line in scored.errors
        ][: ERRORS_KEPT - len(self.errors)]
        self.rows += scored.rows
        self.rows_failed += scored.rows_failed
        self.lines += scored.lines
