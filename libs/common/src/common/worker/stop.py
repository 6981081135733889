"""Bounds how long a worker takes to stop: child processes that outlive it are killed and their tasks redelivered.

Celery waits for the task in progress however long that takes, and now and then for a child that never ends.
"""

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from billiard import active_children
from celery import signals

from common.worker import metrics

AFTER_CHILDREN_SECONDS = 3.0

log = logging.getLogger(__name__)


def limit(seconds: float) -> None:
    """Give what runs when a stop begins this many seconds, then end it."""

    def begin(**_: Any) -> None:
        timer = threading.Timer(seconds, _end)
        timer.daemon = True
        timer.start()

    signals.worker_shutting_down.connect(begin, weak=False)


def _end() -> None:
    """Kill the children; a worker whose tasks are threads, or that hangs all the same, ends as a whole."""
    for child in active_children():
        log.warning("%s did not end in time and is killed; its task will be done again", child.name)
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    time.sleep(AFTER_CHILDREN_SECONDS)
    log.warning("the worker did not end in time and is cut off; what it was doing will be done again")
    metrics.forget()
    os._exit(0)
