"""The monitor's environment on real servers, with its tables empty."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from common.database.present import replay_reached
from common.database.session import Database
from common.model.bundle import Bundle
from common.servers.objects import ObjectStore
from common.servers.prediction_log import CONSUMER_GROUP, STREAM, LoggedPrediction
from common.servers.queue import Queue
from common.servers.registry import CHAMPION, MODEL_NAME, Registry
from common.settings import QueueSettings, RegistrySettings
from monitor.settings import MonitorSettings
from monitor.tasks import Tasks
from monitor.windows.live import LiveWindows
from monitor.windows.reference import References
from monitor.windows.reports import Reports
from support import example
from support.monitored import forget_everything


@pytest.fixture
def monitoring(service_env: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables that point at the test's servers, in this process too; empty tables, an empty prediction log."""
    for name, value in service_env.items():
        monkeypatch.setenv(name, value)
    forget_everything(database, service_env["QUEUE_URL"])
    return service_env


@pytest.fixture(scope="session")
def celery_queue(service_env: dict[str, str]) -> Queue:
    return Queue(QueueSettings(url=service_env["QUEUE_URL"]))


@pytest.fixture
def play_until(monitoring: dict[str, str], database: Database) -> Callable[[datetime], None]:
    """Makes a moment of the past the monitor's present, as a replay does."""

    def play(moment: datetime) -> None:
        with database.transaction() as session:
            replay_reached(session, moment, end=moment)

    return play


@pytest.fixture
def reports(monitoring: dict[str, str], store: ObjectStore) -> Reports:
    return Reports(store)


@pytest.fixture
def registry(sample_bundle: Bundle, tmp_path: Path) -> Registry:
    """A registry out of reach, in whose cache lies the verified bundle of version 1, the last champion."""
    shutil.copytree(sample_bundle.folder, tmp_path / MODEL_NAME / "1")
    (tmp_path / MODEL_NAME / CHAMPION).write_text("1")
    return Registry(RegistrySettings(url="http://127.0.0.1:9", cache_dir=tmp_path))


@pytest.fixture
def live_windows(monitoring: dict[str, str], database: Database, reports: Reports, registry: Registry) -> LiveWindows:
    """Live windows of a day."""
    return LiveWindows(database, References(registry), reports, timedelta(days=1))


@pytest.fixture
def make_tasks(
    celery_queue: Queue, database: Database, registry: Registry, live_windows: LiveWindows
) -> Callable[..., Tasks]:
    """The scheduled tasks, with settings by name."""
    return lambda **settings: Tasks(
        celery_queue.app("test"), database, registry, live_windows, MonitorSettings(**settings)
    )


@pytest.fixture
def queue(monitoring: dict[str, str]) -> Iterator["Redis"]:
    with Redis.from_url(monitoring["QUEUE_URL"]) as redis:
        yield redis


@pytest.fixture
def logged() -> Callable[..., list[LoggedPrediction]]:
    return make_logged


def make_logged(count: int, **changes: Any) -> list[LoggedPrediction]:
    """Predictions of one order a minute from 2018-03-05 on, from and to several places."""
    start = datetime(2018, 3, 5, tzinfo=UTC)
    return [
        order._replace(
            seller_zip_code_prefix=9350 + number % 7 * 10_000,
            customer_lat=-23.5 + number % 5,
            customer_lng=-46.6 + number % 3,
            delivery_time_days=8.0 + number % 6,
        )._replace(**changes)
        for number, order in enumerate(example.logged(count, start, timedelta(minutes=1)))
    ]


@pytest.fixture
def pending(queue: "Redis") -> Callable[[], int]:
    """How many entries were read but not acknowledged."""
    return lambda: int(queue.xpending(STREAM, CONSUMER_GROUP)["pending"])
