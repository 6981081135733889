"""The monitor's environment on real servers, with its tables empty."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from common.database.session import engine, transaction
from common.model.bundle import Bundle
from common.servers.objects import s3
from common.servers.prediction_log import CONSUMER_GROUP, STREAM, LoggedPrediction, new_ids
from common.servers.registry import MODEL_NAME
from common.settings import load
from monitor.windows import live

TABLES = (
    "predictions, invalid_requests, actuals, model_metrics, delivery_pace, model_events, retrainings, notifications, "
    "alerts, replays"
)


@pytest.fixture
def monitoring(service_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Settings that point at the test's servers, empty tables, an empty prediction log."""
    for name, value in service_env.items():
        monkeypatch.setenv(name, value)
    _forget_clients()
    with transaction() as session:
        session.execute(text(f"TRUNCATE {TABLES}"))
    with Redis.from_url(service_env["QUEUE_URL"]) as redis:
        redis.delete(STREAM, f"{STREAM}-refused")
    yield service_env
    engine().dispose()
    _forget_clients()


def _forget_clients() -> None:
    for cached in (load, engine, s3, live._reference):
        cached.cache_clear()


@pytest.fixture
def version_one(
    monitoring: dict[str, str], sample_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A model version whose verified bundle lies in the registry's cache, so that no MLflow is needed."""
    shutil.copytree(sample_bundle.folder, tmp_path / MODEL_NAME / "1")
    monkeypatch.setenv("REGISTRY_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_URL", "http://127.0.0.1:9")
    _forget_clients()
    return "1"


@pytest.fixture
def queue(monitoring: dict[str, str]) -> Iterator["Redis"]:
    with Redis.from_url(monitoring["QUEUE_URL"]) as redis:
        yield redis


@pytest.fixture
def logged() -> Callable[..., list[LoggedPrediction]]:
    return make_logged


def make_logged(count: int, **changes: Any) -> list[LoggedPrediction]:
    """Predictions of one order a minute from 2018-03-05 on."""
    start = datetime(2018, 3, 5, tzinfo=UTC)
    return [
        LoggedPrediction(
            id=id_,
            predicted_at=start + timedelta(minutes=number),
            request_id=f"request-{number}",
            order_id=f"order-{number}",
            model_version="1",
            role="champion",
            seller_zip_code_prefix=9350 + number % 7 * 10_000,
            customer_lat=-23.5 + number % 5,
            customer_lng=-46.6 + number % 3,
            purchase_timestamp=start + timedelta(minutes=number),
            delivery_time_days=8.0 + number % 6,
            lower_days=3.0,
            upper_days=20.0,
            seller_known=True,
            latency_ms=0.5,
        )._replace(**changes)
        for number, id_ in enumerate(new_ids(count))
    ]


@pytest.fixture
def pending(queue: "Redis") -> Callable[[], int]:
    """How many entries were read but not acknowledged."""
    return lambda: int(queue.xpending(STREAM, CONSUMER_GROUP)["pending"])
