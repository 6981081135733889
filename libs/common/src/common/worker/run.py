"""The life of a Celery worker: the same for scorer, monitor and trainer."""

import os
from collections.abc import Sequence

from celery import Celery

from common import logs
from common.worker import metrics, stop


def run_worker(app: Celery, queue: str, concurrency: int, pool: str = "prefork", options: Sequence[str] = ()) -> None:
    """Work on a queue until told to end (SIGTERM): what is in progress is finished or handed back.

    The worker is called after its app. options: Celery's own, besides those that every worker has.
    """
    logs.configure(app.main)
    metrics.serve_if_asked()
    stop.limit()
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
