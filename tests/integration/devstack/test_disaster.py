"""A server's data is lost for good: what docs/disaster.md says of it."""

import shutil
from collections.abc import Iterator

import httpx
import psutil
import pytest

from common.database.migrate import migrate
from common.errors import ObjectNotFound
from integration.devstack.commanded_stack import Commanded
from support.example import CSV, ORDER
from support.gateway_fixtures import NOWHERE, Gateway, fill_cache, running_gateway
from support.scorer.rig import FAST, Rig, scorer_of
from support.stack_fixtures import UNSIGNED
from support.waiting import wait_until


@pytest.fixture(scope="module")
def rig(up: Commanded) -> Iterator[Rig]:
    """A scorer in this process on the stack's servers, its champion in the cache."""
    migrate(up.stack.database_url)
    fill_cache(up.stack.directory / "models")
    environment = {"MODE": "local", **up.stack.environment, **UNSIGNED, **FAST, "REGISTRY_URL": NOWHERE}
    made = Rig(up.stack, environment, scorer_of(environment))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def gateway(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(rig.environment, tmp_path_factory.mktemp("gateway")) as running:
        running.wait_ready()
        yield running


def lose(up: Commanded, server: str) -> None:
    """All of a server's data; its supervisor starts it again, with nothing."""
    before = up.process(server)
    process = psutil.Process(before.pid)
    process.suspend()
    shutil.rmtree(up.stack.directory / server)
    process.kill()
    wait_until(lambda: up.process(server).condition == "running" and up.process(server).pid != before.pid, 60)


def ask(gateway: Gateway) -> httpx.Response:
    return gateway.client.post("/delivery_time", json=ORDER)


def test_without_the_queues_data_a_job_that_waited_is_found_and_predictions_are_logged_again(
    up: Commanded, rig: Rig, gateway: Gateway
) -> None:
    job = rig.submit(rig.put("in/queued.csv", CSV))
    lose(up, "valkey")
    assert ask(gateway).is_success
    wait_until(lambda: job in rig.scorer.sweeper.sweep())
    assert rig.drive(job)["status"] == "succeeded"
    wait_until(lambda: gateway.client.get("/readyz").json()["prediction_log"] == {"buffered": 0, "dropped": 0})


def test_without_the_stores_data_the_next_job_works_and_what_is_gone_is_named(
    up: Commanded, rig: Rig, gateway: Gateway
) -> None:
    ended = rig.scored(rig.put("in/before.csv", CSV))
    waiting = rig.submit(rig.put("in/waiting.csv", CSV), wake=False)
    lose(up, "seaweedfs")
    assert ask(gateway).is_success
    assert rig.drive(waiting)["error"].startswith("s3://delivery-time/in/waiting.csv does not exist")
    with pytest.raises(ObjectNotFound):
        rig.output(ended)
    assert rig.scored(rig.put("in/after.csv", CSV))["status"] == "succeeded"


def test_without_postgres_data_the_gateway_goes_on_and_the_tables_are_made_anew(
    up: Commanded, rig: Rig, gateway: Gateway
) -> None:
    lose(up, "postgres")
    assert ask(gateway).is_success
    migrate(up.stack.database_url)
    assert rig.scored(rig.put("in/anew.csv", CSV))["status"] == "succeeded"
