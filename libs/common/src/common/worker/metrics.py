"""What Prometheus is told of a Celery worker: its tasks, by name and how they ended, over HTTP.

The tasks run in child processes, which write to files; the parent answers for all of them.
"""

import os
import shutil
import tempfile
import time
from typing import Any

from celery import signals
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup, load

SECONDS = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 1800)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client, when it is imported, learns to share metrics between processes."""


class WorkerMetricsSettings(SettingsGroup):
    """Where a worker answers Prometheus."""

    model_config = SettingsConfigDict(env_prefix="WORKER_METRICS_")

    port: int | None = Field(None, ge=1024, le=65535, description="port of a worker's /metrics; nothing if not set")


def serve_if_asked() -> None:
    """Count this process's tasks and, once the worker is ready, answer Prometheus on WORKER_METRICS_PORT, if set.

    Not before: the thread that answers must not be there while the worker forks its children.
    """
    port = load(WorkerMetricsSettings).port
    if port is None:
        return
    folder = os.environ[FOLDER] = tempfile.mkdtemp(prefix="worker-metrics-")
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

    def answer(**_: Any) -> None:
        merged = CollectorRegistry()
        MultiProcessCollector(merged)  # type: ignore[no-untyped-call]
        start_http_server(port, registry=merged)

    signals.task_prerun.connect(begins, weak=False)
    signals.task_postrun.connect(ends, weak=False)
    signals.worker_ready.connect(answer, weak=False)
    signals.worker_shutdown.connect(lambda **_: shutil.rmtree(folder, ignore_errors=True), weak=False)
