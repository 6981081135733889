import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import Connection, text

from common.database.session import Database
from common.servers.prediction_log import STREAM, LoggedPrediction, encode
from common.servers.queue import Queue
from common.servers.registry import Registry
from support.waiting import wait_until


@pytest.fixture
def worker(registry: Registry, monitoring: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    registry_away = {"REGISTRY_URL": "http://127.0.0.1:9", "REGISTRY_CACHE_DIR": str(tmp_path)}
    environment = os.environ | registry_away | {"MONITOR_MEASURE_SECONDS": "1", "WORKER_STOP_SECONDS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "monitor.cli", "worker"], env=environment)
    yield process
    end_tree(process.pid)
    process.wait()


def end_tree(pid: int) -> None:
    """Kill a process and its children, if they are there."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            process.kill()


def count(database: Database, table: str) -> int:
    with database.transaction() as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {table}")))  # noqa: S608


def test_the_worker_answers_consumes_measures_and_stops(
    database: Database,
    worker: subprocess.Popen[bytes],
    queue: Redis,
    celery_queue: Queue,
    play_until: Callable[[datetime], None],
    logged: Callable[..., list[LoggedPrediction]],
) -> None:
    app = celery_queue.app("test")
    with app.connection_for_write() as connection:
        inspect = app.control.inspect(timeout=1, connection=connection)
        wait_until(lambda: worker.pid in {stats["pid"] for stats in (inspect.stats() or {}).values()}, 30)
    play_until(datetime(2018, 3, 6, tzinfo=UTC))
    queue.xadd(STREAM, encode(logged(200)))
    wait_until(lambda: count(database, "predictions") == 200)
    wait_until(lambda: count(database, "model_metrics") == 1, 60)
    with database.engine.begin() as elsewhere:
        elsewhere.execute(text("LOCK TABLE predictions"))  # the next measuring waits for this, longer than a stop may
        wait_until(lambda: waits_for_a_lock(elsewhere))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0


def waits_for_a_lock(connection: Connection) -> bool:
    """Whether another connection waits for a table."""
    return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
