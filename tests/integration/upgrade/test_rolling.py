"""From the release before to this one, as docs/upgrade.md says, with traffic: nothing fails, nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from sqlalchemy import NullPool, create_engine, text

from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import ObjectStoreSettings
from devstack.stack import BUCKET
from integration.devstack.commanded_stack import SERVERS, Commanded, commanded
from support.former.release import FormerRelease, former_release
from support.gateway_fixtures import NOWHERE, Gateway, end, running_gateway
from support.scorer.rig import FAST, csv_file
from support.stack_fixtures import UNSIGNED
from support.waiting import wait_until

ORDER = {
    "seller_zip_code_prefix": 9350,
    "customer_lat": -23.577,
    "customer_lng": -46.587,
    "purchase_timestamp": "2018-03-02T10:00:00Z",
}
RATE, CLIENTS = 200, 4
ROWS = 30_000
WRITE_BUNDLE = """
import sys
from pathlib import Path
from support.gateway_fixtures import fill_cache

fill_cache(Path(sys.argv[1]))
"""
CONSUME = """
import os
from redis import Redis
from sqlalchemy import create_engine
from monitor.log.consumer import LogConsumer

LogConsumer(Redis.from_url(os.environ["QUEUE_URL"]), create_engine(os.environ["DATABASE_URL"])).run()
"""


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> FormerRelease:
    return former_release(tmp_path_factory.mktemp("former"))


@dataclass
class Life:
    """A stack that the release before had brought up, and what its clients saw of the upgrade."""

    stack: Commanded
    environment: dict[str, str]
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    orders: set[str] = field(default_factory=set)
    served: Counter[str] = field(default_factory=Counter)
    chunks: int = 0
    done_by_the_former: int = 0
    job: dict[str, Any] = field(default_factory=dict)
    whole: dict[str, Any] = field(default_factory=dict)

    def sql(self, statement: str) -> list[Any]:
        """Plain SQL: what this release's code says of a table may not be there yet."""
        with create_engine(self.stack.stack.database_url, poolclass=NullPool).connect() as connection:
            return list(connection.execute(text(statement)).all())


@contextmanager
def process(*arguments: str, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A service beside the others, until it is ended or the block is left."""
    running = subprocess.Popen([sys.executable, *arguments], env=os.environ | environment)
    try:
        yield running
    finally:
        end(running)


class Load:
    """RATE requests a second, each for an order of its own, to whichever gateway is named."""

    def __init__(self, life: Life, gateway: Gateway) -> None:
        self.gateway = gateway
        self._life = life
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, client: int) -> None:
        number, due = 0, time.monotonic()
        with httpx.Client(timeout=20) as http:
            while not self._ended.is_set():
                number, due = number + 1, due + CLIENTS / RATE
                order, url = f"{client}-{number}", self.gateway.url
                try:
                    answer = http.post(f"{url}/delivery_time", json=ORDER | {"order_id": order})
                    problem = "" if answer.status_code == httpx.codes.OK else answer.text
                except httpx.HTTPError as error:
                    problem = repr(error)
                if problem:
                    self._life.failures.append(problem)
                self._life.orders.add(order)
                self._life.served[url] += 1
                time.sleep(max(0.0, due - time.monotonic()))


@pytest.fixture(scope="module")
def life(former: FormerRelease, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Gateway, consumer and scorer are changed one after the other; a job runs meanwhile."""
    stack = commanded(tmp_path_factory.mktemp("upgraded"))
    settings = {name.upper(): str(value) for name, value in stack.stack.settings.model_dump().items()}
    former.run("-m", "devstack.cli", "up", *SERVERS, environment=settings)
    try:
        yield upgraded(stack, former)
    finally:
        stack.devstack("down")


def upgraded(stack: Commanded, former: FormerRelease) -> Life:
    new = {"MODE": "local", **stack.environment, **UNSIGNED, **FAST, "REGISTRY_URL": NOWHERE}
    old, folder = new | former.environment, stack.stack.directory
    life = Life(stack, new)
    former.run("-m", "common.database.migrate", environment=old)
    former.run("-c", WRITE_BUNDLE, str(folder / "models"), environment=old)
    with ExitStack() as beside:
        gateway = beside.enter_context(running_gateway(old, folder))
        consumer = beside.enter_context(process("-c", CONSUME, environment=old))
        scorer = beside.enter_context(
            process("-m", "scorer.cli", "worker", environment=old | {"WORKER_HEARTBEAT_FILE": str(folder / "old")})
        )
        gateway.wait_ready()
        life.before = gateway.client.post("/delivery_time", json=ORDER).json()
        store(new).put(ObjectAddress(BUCKET, "in/large.csv"), csv_file(ROWS))
        with Load(life, gateway) as load:
            submitted = gateway.client.post("/batch-jobs", json={"input_uri": f"s3://{BUCKET}/in/large.csv"}).json()
            wait_until(lambda: succeeded(life))
            scorer.send_signal(signal.SIGSTOP)  # else a fast machine ends the job meanwhile
            migrate = [sys.executable, "-m", "common.database.migrate"]
            subprocess.run(migrate, env=os.environ | new, check=True, capture_output=True)
            at_migration = succeeded(life)
            scorer.send_signal(signal.SIGCONT)
            wait_until(lambda: succeeded(life) > at_migration)
            scorer.terminate()
            scorer.wait()
            life.done_by_the_former = succeeded(life)
            successor = beside.enter_context(running_gateway(new, folder))
            successor.wait_ready()
            load.gateway = successor
            gateway.stop()
            end(consumer)
            beside.enter_context(process("-c", CONSUME, environment=new))
            beside.enter_context(
                process("-m", "scorer.cli", "worker", environment=new | {"WORKER_HEARTBEAT_FILE": str(folder / "new")})
            )
            url = f"/batch-jobs/{submitted['id']}"
            wait_until(lambda: successor.client.get(url).json()["finished_at"], seconds=60)
            life.job, life.chunks = successor.client.get(url).json(), succeeded(life)
        again = successor.client.post("/batch-jobs", json={"input_uri": f"s3://{BUCKET}/in/large.csv"}).json()
        url = f"/batch-jobs/{again['id']}"
        wait_until(lambda: successor.client.get(url).json()["finished_at"], seconds=60)
        life.whole = successor.client.get(url).json()
        life.after = successor.client.post("/delivery_time", json=ORDER).json()
        wait_until(lambda: logged_orders(life).keys() >= life.orders)
    return life


def succeeded(life: Life) -> int:
    """Chunks of the first job that are done."""
    return int(life.sql("SELECT count(*) FROM batch_chunks WHERE status = 'succeeded'")[0][0])


def logged_orders(life: Life) -> Counter[str]:
    """How often each order is in the log."""
    return Counter(order for (order,) in life.sql("SELECT order_id FROM predictions WHERE order_id IS NOT NULL"))


def result(life: Life, job: dict[str, Any]) -> bytes:
    objects = store(life.environment)
    found = objects.stat(ObjectAddress.split(job["output_uri"]))
    return objects.read(found.address, 0, found.size, found.etag)


def store(environment: dict[str, str]) -> ObjectStore:
    with patch.dict(os.environ, environment):
        return ObjectStore(ObjectStoreSettings())


def test_no_request_fails_and_both_releases_answered(life: Life) -> None:
    assert life.failures == []
    assert len(life.served) == 2
    assert min(life.served.values()) > RATE / 4


def test_every_answer_is_in_the_log_once(life: Life) -> None:
    logged = logged_orders(life)
    assert logged.keys() == life.orders
    assert set(logged.values()) == {1}


def test_a_job_that_both_releases_worked_on_ends_as_if_there_were_one(life: Life) -> None:
    assert 0 < life.done_by_the_former < life.chunks
    assert (life.job["status"], life.job["rows_total"]) == ("succeeded", ROWS)
    assert result(life, life.job) == result(life, life.whole)


def test_a_model_of_the_former_release_answers_as_it_did(life: Life) -> None:
    assert {name: life.after.get(name) for name in life.before} == life.before


def test_up_finds_what_the_former_release_had(life: Life) -> None:
    logged = logged_orders(life)
    assert life.stack.devstack("down").returncode == 0
    life.stack.up(*SERVERS)
    with running_gateway(life.environment, life.stack.stack.directory) as gateway:
        gateway.wait_ready()
        client, url = gateway.client, f"/batch-jobs/{life.job['id']}"
        assert client.post("/delivery_time", json=ORDER).json() == life.after
        assert client.get(url).json() == life.job
        assert client.get(f"{url}/result", follow_redirects=True).content == result(life, life.job)
    assert logged_orders(life) == logged
