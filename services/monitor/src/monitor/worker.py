"""`monitor worker`: one Celery worker with its beat, and beside them what runs all the time."""

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from celery import signals

from common.servers.queue import MONITORING
from common.worker import run
from monitor.tasks import Tasks

STOP_SECONDS = 5.0


class Resident(Protocol):
    """What runs in a thread of its own until it is stopped; no error ends it."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


def run_worker(tasks: Tasks, residents: Sequence[Resident]) -> None:
    """Run until told to stop.

    One child process does the tasks and keeps Evidently loaded; residents run in the parent, which stays small.
    """
    threads = [
        threading.Thread(target=resident.run, name=type(resident).__name__, daemon=True) for resident in residents
    ]

    def start(**_: Any) -> None:
        """Not before the pool and the beat have been forked.

        A fork copies the locks that a thread holds, and a beat that waits for one of them never sends anything.
        """
        for thread in threads:
            thread.start()

    def stop(**_: Any) -> None:
        for resident in residents:
            resident.stop()
        for thread in threads:
            thread.join(STOP_SECONDS)

    signals.worker_ready.connect(start, weak=False)
    signals.worker_shutdown.connect(stop, weak=False)
    in_memory = "--scheduler=celery.beat:Scheduler"  # after a restart every task is simply due again
    run.run_worker(tasks.scheduled(), MONITORING, concurrency=1, options=["--beat", in_memory])
