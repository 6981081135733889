"""A worker tells Prometheus of the tasks that its children did."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack.servers.ports import pick_free
from support.waiting import wait_until


@dataclass(frozen=True)
class Worker:
    """A running monitor worker that answers Prometheus at the address, with its temporary files in the folder."""

    process: subprocess.Popen[bytes]
    address: str
    folder: Path


@pytest.fixture
def worker(monitoring: dict[str, str], tmp_path: Path) -> Iterator[Worker]:
    port = pick_free()
    ours = {"WORKER_METRICS_PORT": str(port), "MONITOR_ALERT_SECONDS": "1", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "monitor.cli", "worker"]
    process = subprocess.Popen(command, env=os.environ | ours, start_new_session=True)
    yield Worker(process, f"http://127.0.0.1:{port}/metrics", tmp_path)
    with suppress(ProcessLookupError):
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


def test_tasks_are_counted_by_name_and_outcome_and_a_stopped_worker_leaves_no_file(worker: Worker) -> None:
    wait_until(lambda: done(worker.address, "monitor.check") >= 2, 60)
    assert list(worker.folder.glob("worker-metrics-*"))
    worker.process.terminate()
    worker.process.wait(40)
    assert not list(worker.folder.glob("worker-metrics-*"))
