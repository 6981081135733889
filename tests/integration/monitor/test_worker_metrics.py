"""A worker tells Prometheus of the tasks that its children did."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack.ports import pick_free
from gateway_fixtures import wait_until


@pytest.fixture
def address(monitoring: dict[str, str]) -> Iterator[str]:
    """The metrics of a running monitor worker."""
    port = pick_free()
    environment = os.environ | {"WORKER_METRICS_PORT": str(port), "MONITOR_ALERT_SECONDS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "monitor.cli", "worker"], env=environment, start_new_session=True)
    yield f"http://127.0.0.1:{port}/metrics"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def done(address: str, task: str) -> float:
    """How many tasks of this name succeeded, and took a time."""
    found = {
        (sample.name, sample.labels.get("task"), sample.labels.get("state")): sample.value
        for family in text_string_to_metric_families(httpx.get(address).text)
        for sample in family.samples
    }
    ended = found.get(("worker_tasks_total", task, "SUCCESS"), 0.0)
    assert found.get(("worker_task_seconds_count", task, None), 0.0) >= ended
    return ended


def test_tasks_are_counted_by_name_and_outcome(address: str) -> None:
    wait_until(lambda: done(address, "monitor.check") >= 2, 60)
