"""A Celery worker's metrics for Prometheus: its tasks, by name and how they ended, over HTTP.

Whoever runs a task, a child process or a thread, writes to a file of its process; the parent answers for all of them.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from typing import Any

from celery import signals

SECONDS = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 1800)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client, when it is imported, learns to share metrics between processes."""


def counted(host: str, port: int) -> Callable[[], None]:
    """Count the tasks of this process and of its children from now on. Returns what to call to answer there.

    Not before the worker has forked its children: they must not inherit the thread that answers.
    """
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="worker-metrics-")
    from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    tasks = Counter("worker_tasks", "Tasks that ended", ["task", "state"])
    seconds = Histogram("worker_task_seconds", "How long tasks took", ["task"], buckets=SECONDS)
    started: dict[str, float] = {}

    def begins(task_id: str, **_: Any) -> None:
        started[task_id] = time.monotonic()

    def ends(task_id: str, task: Any, state: str | None, **_: Any) -> None:
        tasks.labels(task.name, state or "UNKNOWN").inc()
        seconds.labels(task.name).observe(time.monotonic() - started.pop(task_id, time.monotonic()))

    def answer() -> None:
        merged = CollectorRegistry()
        MultiProcessCollector(merged)  # type: ignore[no-untyped-call]
        start_http_server(port, addr=host, registry=merged)

    signals.task_prerun.connect(begins, weak=False)
    signals.task_postrun.connect(ends, weak=False)
    signals.worker_shutdown.connect(forget, weak=False)
    return answer


def forget(**_: Any) -> None:
    """Remove the files, if there are any, at the end of the worker."""
    if folder := os.environ.get(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
