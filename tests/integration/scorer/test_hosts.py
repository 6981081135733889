"""Hosts that share nothing but four addresses share a job, and one that loses its power costs nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit

import mlflow
import pytest
from celery import Celery

from common.servers.queue import SCORE_CHUNK
from common.servers.registry import CHAMPION, MODEL_NAME
from support.faults import relay
from support.model_fixtures import write_sample_bundle
from support.scorer.host import scorer_host
from support.scorer.rig import FAST, Rig, csv_file, scorer_of
from support.stack_fixtures import TestServers
from trainer.registry.logged_model import log_and_register

ADDRESSES = ("DATABASE_URL", "QUEUE_URL", "OBJECT_STORE_ENDPOINT", "REGISTRY_URL")
ROWS = 21_000


@pytest.fixture
def rig(servers: TestServers, service_env: dict[str, str], mlflow_url: str, tmp_path: Path) -> Iterator[Rig]:
    """All four servers with a champion in the registry."""
    write_sample_bundle(tmp_path / "bundle")
    mlflow.set_tracking_uri(mlflow_url)
    mlflow.set_experiment("host-tests")
    with mlflow.start_run():
        version = log_and_register(tmp_path / "bundle")
    mlflow.MlflowClient().set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    environment = {**service_env, **FAST, "REGISTRY_CACHE_DIR": str(tmp_path / "models")}
    rig = Rig(servers.stack, environment, scorer_of(environment))
    yield rig
    rig.database.close()


@pytest.fixture
def hosts(rig: Rig, tmp_path: Path) -> Iterator[dict[str, Popen[bytes]]]:
    """Two hosts by their names, both at work."""
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    with ExitStack() as running:
        for address in ADDRESSES:
            running.enter_context(relay.outside(sockets, urlsplit(rig.environment[address]).port or 0))
        found = {
            name: running.enter_context(
                scorer_host(name, tmp_path / name, sockets, rig.stack.directory, rig.environment)
            )
            for name in ("host-a", "host-b")
        }
        rig.until(lambda: len(workers(rig)) == len(found), timeout=90)
        yield found


def workers(rig: Rig) -> dict[str, Any]:
    """What each worker tells of itself, by its name."""
    app = Celery("tests", broker=rig.stack.queue_url, set_as_current=False)
    with app.connection_for_write() as connection:
        return app.control.inspect(connection=connection, timeout=1.0).stats() or {}


def test_two_hosts_share_a_job_and_one_that_loses_its_power_costs_nothing(
    rig: Rig, hosts: dict[str, Popen[bytes]]
) -> None:
    uri = rig.put("in/hosts.csv", csv_file(ROWS))
    expected = rig.output(rig.wait(rig.submit(uri), timeout=120))
    assert all(worker["total"].get(SCORE_CHUNK) for worker in workers(rig).values())

    job = rig.submit(uri)
    rig.until(lambda: rig.chunks(job)["running"] >= 3)
    hosts["host-a"].kill()
    assert rig.job(job).status == "running"
    body = rig.wait(job, timeout=120)
    assert (body["status"], body["rows_total"]) == ("succeeded", ROWS)
    assert rig.output(body) == expected
    assert rig.uploads() == []
