"""Waiting for something to happen, with an end."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str = "it", seconds: float = 30, pause: float = 0.1) -> None:
    """Return once the condition holds; fail the test, naming what was waited for, if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(pause)
