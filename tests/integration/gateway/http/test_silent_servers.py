"""A Postgres or an object store that takes connections and says nothing, or falls silent later."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy

from common.servers.objects import PROMPT_SECONDS
from gateway.database_timeouts import ANSWER_SECONDS
from support.example import ORDER
from support.gateway_fixtures import Gateway, running_gateway
from support.waiting import wait_until

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
    environment = {**gateway_env, "DATABASE_URL": f"postgresql+psycopg2://a:b@127.0.0.1:{silent_port}/c"}
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


def test_a_connection_that_falls_silent_is_given_up_and_replaced(
    gateway_env: dict[str, str], migrated_postgres_url: str, tmp_path: Path
) -> None:
    named = {**gateway_env, "PGAPPNAME": f"silenced-{tmp_path.name}"}
    engine = sqlalchemy.create_engine(migrated_postgres_url)
    query = sqlalchemy.text("SELECT pid FROM pg_stat_activity WHERE application_name = :name")
    with running_gateway(named, tmp_path) as gateway:
        gateway.wait_ready()
        assert gateway.client.get("/batch-jobs").status_code == 200
        stopped: list[int] = []
        try:
            for _ in range(5):  # the gateway may have opened another one since we looked
                with engine.connect() as connection:
                    backends = connection.scalars(query, {"name": named["PGAPPNAME"]}).all()
                engine.dispose()
                assert backends
                for backend in backends:
                    os.kill(backend, signal.SIGSTOP)
                    stopped.append(backend)
                silenced = gateway.client.get("/batch-jobs", timeout=2 * ANSWER_SECONDS)
                if silenced.elapsed.total_seconds() > 1:
                    break
            assert silenced.status_code in (200, 503)
            assert ANSWER_SECONDS - 1 < silenced.elapsed.total_seconds() < ANSWER_SECONDS + 5
            wait_until(lambda: answers_at_once(gateway), 60)
        finally:
            for backend in stopped:
                os.kill(backend, signal.SIGCONT)


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


def answers_at_once(gateway: Gateway) -> bool:
    answer = gateway.client.get("/batch-jobs", timeout=2 * ANSWER_SECONDS)
    return answer.status_code == 200 and answer.elapsed.total_seconds() < 2
