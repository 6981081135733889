"""`monitor worker`: one Celery worker with its beat, and beside them the consumer of the prediction log."""

import threading
from typing import Any

from celery import signals

from common.servers.queue import MONITORING
from common.worker import run
from monitor.log.consumer import LogConsumer
from monitor.tasks import Tasks

STOP_SECONDS = 5.0


def run_worker(tasks: Tasks, consumer: LogConsumer) -> None:
    """Run until told to stop.

    One child process does the tasks and keeps Evidently loaded; the consumer runs in the parent, which stays small.
    """
    thread = threading.Thread(target=consumer.run, name="prediction-log", daemon=True)

    def start(**_: Any) -> None:
        """Not before the pool and the beat have been forked.

        A fork copies the locks that a thread holds, and a beat that waits for one of them never sends anything.
        """
        thread.start()

    def stop(**_: Any) -> None:
        consumer.stop()
        thread.join(STOP_SECONDS)

    signals.worker_ready.connect(start, weak=False)
    signals.worker_shutdown.connect(stop, weak=False)
    in_memory = "--scheduler=celery.beat:Scheduler"  # after a restart every task is simply due again
    run.run_worker(tasks.scheduled(), MONITORING, concurrency=1, options=["--beat", in_memory])
