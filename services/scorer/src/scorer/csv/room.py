"""Room for results: many times as large as most, a few may be in a worker's memory, one at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

LARGE_BYTES = 48 * 2**20
"""The result of a chunk of orders takes some 40 MiB; that of bad rows alone three times as much."""

one_large_result = Lock()
"""Of the threads of a worker, one at a time holds more than LARGE_BYTES; the others wait in the middle of theirs."""

Grown = Callable[[int], None]
"""Told how many bytes a result has by now; may keep it waiting."""


@contextmanager
def room() -> Iterator[Grown]:
    """For a result, until it has left the memory."""
    held = False

    def grown(size: int) -> None:
        nonlocal held
        if size > LARGE_BYTES and not held:
            held = one_large_result.acquire()

    try:
        yield grown
    finally:
        if held:
            one_large_result.release()


def enough(_: int) -> None:
    """Of a result that may grow as it likes."""
