"""The life of a Celery worker: the same for scorer, monitor and trainer."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps

from common import logs
from common.servers.queue import Queue
from common.settings import QueueSettings, load
from common.worker import metrics, stop
from common.worker.heartbeat import Ear, Heartbeat, works
from common.worker.settings import WorkerSettings


def run_worker(app: Celery, queue: str, concurrency: int, pool: str = "prefork", options: Sequence[str] = ()) -> None:
    """Work on a queue until told to end (SIGTERM): what is in progress is finished or handed back.

    The worker is called after its app. options: Celery's own, besides those that every worker has.
    A worker that ends for any other reason exits with a code other than 0.
    """
    logs.configure(app.main)
    settings, begun = load(WorkerSettings), list[Any]()
    beside: list[Callable[[Any], None]] = [begun.append]
    if settings.heartbeat_file:
        beside.append(_shows_life(settings.heartbeat_file, settings.deaf_seconds))
    if settings.metrics_port:
        answer = metrics.counted(settings.metrics_host, settings.metrics_port)
        beside.append(lambda _worker: answer())
    stop.limit(settings.stop_seconds)
    app.steps["worker"].add(_alongside(beside))
    app.worker_main(
        [
            "worker",
            f"--pool={pool}",
            f"--concurrency={concurrency}",
            f"--queues={queue}",
            f"--hostname={app.main}-{os.getpid()}@%h",
            "--loglevel=INFO",
            *options,
        ]
    )
    sys.exit(begun[0].exitcode if begun else 1)  # Celery itself forgets it


def _shows_life(file: Path, deaf_seconds: float) -> Callable[[Any], None]:
    queue = Queue(load(QueueSettings)).client()
    Heartbeat(file, deaf_seconds, lambda: False, lambda: False).write()

    def start(worker: Any) -> None:
        Heartbeat(file, deaf_seconds, Ear(worker).listens, lambda: works(queue)).start()

    return start


def _alongside(beside: Sequence[Callable[[Any], None]]) -> type[bootsteps.StartStopStep]:
    """Starts what runs beside the tasks when pool and beat are forked, whether or not the queue is there.

    Not before: a fork takes the locks along that a thread holds.
    """

    class Alongside(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = {"celery.worker.components:Pool", "celery.worker.components:Beat"}  # noqa: RUF012  # Celery's way

        def start(self, worker: Any) -> None:
            for begin in beside:
                begin(worker)

    return Alongside
