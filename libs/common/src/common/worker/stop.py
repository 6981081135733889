"""A worker's stop has an end: what its child processes still do then is killed, and done again by whoever comes next.

Celery waits for the task in work however long that takes, and once in a while for a child that never ends.
"""

import logging
import os
import signal
import threading
from contextlib import suppress
from typing import Any

from billiard import active_children
from celery import signals
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup, load

log = logging.getLogger(__name__)


class WorkerStopSettings(SettingsGroup):
    """How long a stop may take."""

    model_config = SettingsConfigDict(env_prefix="WORKER_STOP_")

    seconds: float = Field(25.0, gt=0, description="for the task in work; less than its supervisor waits (compose: 40)")


def limit() -> None:
    """Kill this worker's children if they outlive a stop by WORKER_STOP_SECONDS."""
    seconds = load(WorkerStopSettings).seconds

    def begin(**_: Any) -> None:
        timer = threading.Timer(seconds, _kill_children)
        timer.daemon = True
        timer.start()

    signals.worker_shutting_down.connect(begin, weak=False)


def _kill_children() -> None:
    for child in active_children():
        log.warning("%s did not end in time and is killed; its task will be done again", child.name)
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
