"""A Postgres or an object store that takes connections and says nothing, or falls silent later."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg2.extensions import set_wait_callback
from sqlalchemy import func, select

from common.addresses import SecretAddress
from common.database.session import Database
from common.servers.objects import PROMPT_SECONDS
from common.settings import DatabaseSettings
from gateway import database_timeouts
from support.example import ORDER
from support.gateway_fixtures import running_gateway

CLIENTS = 50
"""More than there are threads for requests that block."""


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
        yield listening.getsockname()[1]


def test_predictions_and_metrics_go_on_while_all_others_wait_for_it(
    gateway_env: dict[str, str], silent_port: int, tmp_path: Path
) -> None:
    silent = f"postgresql+psycopg2://a:b@127.0.0.1:{silent_port}/c"
    environment = {**gateway_env, "DATABASE_URL": silent, "DATABASE_POOL_SIZE": str(CLIENTS)}
    with running_gateway(environment, tmp_path) as gateway, ThreadPoolExecutor(CLIENTS) as pool:
        gateway.wait_ready()
        url = f"{gateway.url}/batch-jobs"
        waiting = [pool.submit(gateway.client.get, url, timeout=60) for _ in range(CLIENTS)]
        time.sleep(0.5)
        for answer in (gateway.client.post("/delivery_time", json=ORDER), gateway.client.get("/metrics")):
            assert answer.status_code == 200
            assert answer.elapsed.total_seconds() < 1.5
        assert waiting[0].result().status_code == 503
        assert waiting[0].result().headers["retry-after"] == "5"
        assert {answer.result().status_code for answer in waiting} == {503}


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The gateway's way to wait for Postgres, in this process: a second at most."""
    monkeypatch.setattr(database_timeouts, "ANSWER_SECONDS", 1.0)
    database_timeouts.install()
    yield
    set_wait_callback(None)


@pytest.mark.usefixtures("short_patience")
def test_a_connection_that_falls_silent_is_given_up_and_replaced(migrated_postgres_url: str) -> None:
    database = Database(DatabaseSettings(url=SecretAddress(migrated_postgres_url)))

    def backend() -> int:
        with database.transaction() as session:
            return session.scalars(select(func.pg_backend_pid())).one()

    silenced = backend()
    os.kill(silenced, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        assert backend() != silenced
        assert 0.9 < time.monotonic() - begin < 3
    finally:
        os.kill(silenced, signal.SIGCONT)
        database.close()


def test_a_submission_does_not_wait_long_for_a_silent_object_store(
    gateway_env: dict[str, str], silent_port: int, tmp_path: Path
) -> None:
    environment = {**gateway_env, "OBJECT_STORE_ENDPOINT": f"http://127.0.0.1:{silent_port}"}
    with running_gateway(environment, tmp_path) as gateway:
        gateway.wait_ready()
        before = len(gateway.client.get("/batch-jobs").json()["items"])
        body = {"input_uri": "s3://delivery-time/orders.csv"}
        answer = gateway.client.post("/batch-jobs", json=body, timeout=60)
        assert answer.status_code == 503, answer.text
        assert "object store" in answer.json()["detail"]
        assert answer.headers["retry-after"]
        assert answer.elapsed.total_seconds() < 2 * PROMPT_SECONDS + 3
        assert len(gateway.client.get("/batch-jobs").json()["items"]) == before
