"""How long to wait before a process is started again."""

import time

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
CALM_SECONDS = 60.0
"""A process that was healthy for this long counts as sound again; starts, which may be slow, do not count."""


class Backoff:
    """Waits that double with each failure in a row."""

    def __init__(self) -> None:
        self._failures = 0
        self._ready_at: float | None = None

    def ready(self) -> None:
        """Note that the process is healthy now."""
        self._ready_at = time.monotonic()

    def next_seconds(self) -> float:
        """The wait before the next start, after one more failure."""
        if self._ready_at is not None and time.monotonic() - self._ready_at >= CALM_SECONDS:
            self._failures = 0
        self._ready_at = None
        self._failures += 1
        return min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** (self._failures - 1))
