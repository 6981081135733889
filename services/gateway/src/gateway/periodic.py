"""A thread that does one thing again and again until it is stopped."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Periodic:
    """Calls `work` at once and then every `seconds`, in a daemon thread that outlives any error of `work`."""

    def __init__(self, name: str, work: Callable[[], None], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._stopping = threading.Event()
        self._worked = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_worked(self, seconds: float) -> None:
        """Wait, for so long at most, until the first call of `work` has ended, well or not."""
        self._worked.wait(seconds)

    def stop(self) -> None:
        """Ask the thread to end; it does so after the call of `work` that may be under way."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work()
            except Exception:
                logger.exception("%s failed and will be tried again in %g s", self._thread.name, self._seconds)
            self._worked.set()
            self._stopping.wait(self._seconds)
