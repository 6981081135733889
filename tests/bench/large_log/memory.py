"""The memory of all processes that this one has started, looked at twice a second."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import psutil

EVERY_SECONDS = 0.5
MEGABYTE = 2**20


@contextmanager
def watched_memory() -> Iterator[dict[str, float]]:
    """Filled once the block ends, in megabytes: `largest`, the most that one process had, this one too; `all`, the most
    that they had together, pages that they share counted once; and the most of each by its name."""
    most: dict[str, float] = defaultdict(float)
    done = Event()

    def watch() -> None:
        while not done.wait(EVERY_SECONDS):
            together = 0.0
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                with suppress(psutil.Error):
                    name, used = _name(process), process.memory_full_info()
                    most[name] = max(most[name], used.rss / MEGABYTE)
                    most["largest"] = max(most["largest"], used.rss / MEGABYTE)
                    together += used.pss / MEGABYTE
            most["all"] = max(most["all"], together)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _name(process: psutil.Process) -> str:
    """Of a Python process the module that it runs."""
    command = process.cmdline()
    return command[command.index("-m") + 1] if "-m" in command[:4] else process.name()
