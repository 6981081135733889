"""`monitor worker`: one Celery worker with its beat, and beside them the consumer of the prediction log."""

import threading
from typing import Any

from celery import Celery, bootsteps
from sqlalchemy import create_engine

from common.servers.queue import MONITORING, Queue
from common.settings import DatabaseSettings, QueueSettings, load
from common.worker.run import run_worker
from monitor.log.consumer import LogConsumer
from monitor.tasks import monitor_app

STOP_SECONDS = 5.0


def run() -> None:
    """Run until told to stop.

    One child process does the tasks and keeps Evidently loaded; the consumer runs in the parent, which stays small.
    """
    app = monitor_app()
    app.steps["worker"].add(PredictionLog)
    # The schedule is kept in memory: after a restart every task is simply due again.
    run_worker(app, MONITORING, concurrency=1, options=["--beat", "--scheduler=celery.beat:Scheduler"])


class PredictionLog(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Runs the consumer while the worker runs. Its own database engine: the pool's children must not share sockets.

    Its thread starts after the pool and the beat have been forked: a fork takes the locks along that a thread holds,
    and a beat that waits for one of them sends nothing, for ever.
    """

    requires = {"celery.worker.components:Pool", "celery.worker.components:Beat"}  # noqa: RUF012 (Celery's way)

    def __init__(self, worker: Celery, **options: Any) -> None:
        super().__init__(worker, **options)
        engine = create_engine(load(DatabaseSettings).url.get_secret_value(), pool_size=1, pool_pre_ping=True)
        self._consumer = LogConsumer(Queue(load(QueueSettings)).client(), engine)
        self._thread = threading.Thread(target=self._consumer.run, name="prediction-log", daemon=True)

    def start(self, worker: Celery) -> None:
        self._thread.start()

    def stop(self, worker: Celery) -> None:
        self._consumer.stop()
        self._thread.join(STOP_SECONDS)
