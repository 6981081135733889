"""Waiting for something to happen, with an end."""

import time
from collections.abc import Callable

import httpx


def wait_until(condition: Callable[[], object], seconds: float = 30, what: str = "") -> None:
    """Return once the condition holds; fail the test if it never does. A server that is not there yet is no error."""
    deadline = time.monotonic() + seconds
    while not _holds(condition):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what or condition}"
        time.sleep(0.05)


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except httpx.TransportError:
        return False
