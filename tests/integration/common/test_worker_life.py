"""A worker's life beside its tasks: it shows that it lives, outlives every state of the queue, counts, and stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr
from redis import Redis

from common.servers.queue import SCORING, Queue
from common.settings import QueueSettings
from common.worker.health import STALE_SECONDS
from common.worker.heartbeat import HEARD_SECONDS
from devstack.servers import valkey
from devstack.servers.ports import pick_free
from devstack.stack import Stack
from devstack.supervision.child import Child, running
from support import relay
from support.stack_fixtures import free_settings
from support.waiting import wait_until

WORKER = """
import os, pathlib, sys, time
from celery import bootsteps
from common.servers.queue import SCORING, Queue
from common.settings import QueueSettings, load
from common.worker.run import run_worker

app = Queue(load(QueueSettings)).app("scorer")

@app.task(name="scorer.touch")
def touch(path, seconds=0):
    time.sleep(seconds)
    pathlib.Path(path).touch()

class Breaks(bootsteps.StartStopStep):
    def start(self, consumer):
        raise RuntimeError("broken")

if "BREAKS" in os.environ:
    app.steps["consumer"].add(Breaks)
run_worker(app, "scoring", concurrency=1, pool=sys.argv[1])
"""
POOLS = ("threads", "prefork")
DEAF_SECONDS = 3
STOP_SECONDS = 2


@dataclass
class Worker:
    """A worker with one task, which touches a file; its queue is a Valkey of its own."""

    stack: Stack
    pool: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            **os.environ,
            "QUEUE_URL": self.stack.queue_url,
            "WORKER_HEARTBEAT_FILE": str(self.heartbeat),
            "WORKER_DEAF_SECONDS": str(DEAF_SECONDS),
            "WORKER_STOP_SECONDS": str(STOP_SECONDS),
            **self.settings,
        }
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-c", WORKER, self.pool]
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def health(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The command by which Docker, Kubernetes and devstack ask."""
        command = [sys.executable, "-m", "common.worker.health", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def lives(self) -> bool:
        return self.health().returncode == 0

    def listens(self) -> bool:
        return self.health("--ready").returncode == 0

    @property
    def heartbeat(self) -> Path:
        return self.folder / "heartbeat"

    def send(self, name: str, url: str = "", seconds: float = 0) -> None:
        """Have the worker touch a file of this name, after a while."""
        with self.app(url) as app:
            app.send_task("scorer.touch", [str(self.folder / name), seconds], retry=False)

    def did(self, name: str) -> Callable[[], bool]:
        return (self.folder / name).exists

    def app(self, url: str = "") -> Any:
        return Queue(QueueSettings(url=SecretStr(url or self.stack.queue_url))).app("sender")

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    made = Stack(free_settings(tmp_path / "stack"))
    made.create()
    return made


@pytest.fixture
def server(stack: Stack) -> Iterator[Child]:
    child = Child(valkey.process(stack), stack.directory)
    child.wait_ready()
    yield child
    child.stop()


@pytest.fixture
def begin(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def begin(pool: str, **settings: str) -> Worker:
        workers.append(Worker(stack, pool, tmp_path, settings))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.end()


@pytest.fixture
def admin(stack: Stack, server: Child) -> Iterator[Redis]:
    with Redis.from_url(stack.queue_url) as client:
        yield client


def read_only(admin: Redis) -> None:
    admin.replicaof("127.0.0.1", "1")


def snapshots_failing(admin: Redis) -> None:
    folder = Path(str(admin.config_get("dir")["dir"]))
    (folder / "dump.rdb" / "in the way").mkdir(parents=True)
    admin.config_set("save", "3600 1")
    admin.bgsave()
    wait_until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err", 10, what="the snapshot to fail")


def out_of_memory(admin: Redis) -> None:
    admin.config_set("maxmemory", "1mb")


def well_again(admin: Redis) -> None:
    admin.replicaof("NO", "ONE")
    admin.config_set("save", "")
    admin.config_set("maxmemory", "0")


@pytest.mark.parametrize(
    ("pool", "states"), [("threads", [read_only, snapshots_failing, out_of_memory]), ("prefork", [read_only])]
)
def test_a_worker_waits_while_the_queue_refuses_and_goes_on_afterwards(
    begin: Callable[..., Worker], admin: Redis, pool: str, states: list[Callable[[Redis], None]]
) -> None:
    worker = begin(pool)
    wait_until(worker.listens, what="the worker to listen")
    for spoil in states:
        spoil(admin)
        time.sleep(DEAF_SECONDS + 2)
        assert worker.process.poll() is None, spoil
        assert worker.lives(), spoil
        well_again(admin)
        wait_until(worker.listens, what=f"the worker to listen after {spoil.__name__}")
    worker.send("touched")
    wait_until(worker.did("touched"), what="the task")
    worker.process.terminate()
    assert worker.process.wait(20) == 0


def test_a_task_outlives_a_failover(begin: Callable[..., Worker], admin: Redis, stack: Stack, tmp_path: Path) -> None:
    """The primary becomes the replica of its replica, and only then the address points to the new primary."""
    other = Stack(free_settings(tmp_path / "other"))
    other.create()
    with running(valkey.process(other), other.directory), Redis.from_url(other.queue_url) as replica:
        for server, password in (
            (admin, other.credentials.queue_password),
            (replica, stack.credentials.queue_password),
        ):
            server.config_set("primaryauth", password)
        replica.replicaof("127.0.0.1", str(stack.settings.valkey_port))
        wait_until(lambda: replica.info("replication")["master_link_status"] == "up", what="the replica to follow")
        address = relay.Switch(stack.settings.valkey_port)
        worker = begin("threads", QUEUE_URL=at_port(stack.queue_url, address.port))
        wait_until(worker.listens, what="the worker to listen")
        admin.execute_command("FAILOVER")
        wait_until(lambda: replica.info("replication")["role"] == "master", what="the replica to take over")
        wait_until(lambda: not worker.listens(), what="the worker to notice")
        replica.config_set("requirepass", stack.credentials.queue_password)
        address.turn(other.settings.valkey_port)
        worker.send("touched", at_port(stack.queue_url, other.settings.valkey_port))
        wait_until(worker.did("touched"), 60, what="the task, from the new primary")


def at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def test_a_worker_that_starts_and_stays_without_its_queue_lives(begin: Callable[..., Worker]) -> None:
    worker = begin("threads")
    wait_until(worker.lives, 20, what="the first sign of life")
    time.sleep(DEAF_SECONDS + 2)
    assert worker.lives()
    assert worker.health("--ready").returncode == 1


@pytest.mark.parametrize("pool", POOLS)
def test_a_worker_that_takes_no_messages_from_a_queue_that_works_is_dead_until_it_does(
    begin: Callable[..., Worker], server: Child, pool: str
) -> None:
    worker = begin(pool)
    wait_until(worker.listens, what="the worker to listen")
    with worker.app() as app:

        def deafened() -> bool:
            app.control.cancel_consumer(SCORING)  # again and again: who does not listen yet does not hear it
            return not worker.lives()

        wait_until(deafened, DEAF_SECONDS + HEARD_SECONDS + 20, what="deafness to show")
        app.control.add_consumer(SCORING)
    wait_until(worker.listens, what="the worker to listen again")


def test_a_worker_that_is_stuck_is_dead(begin: Callable[..., Worker], server: Child) -> None:
    worker = begin("threads")
    wait_until(worker.listens, what="the worker to listen")
    worker.process.send_signal(signal.SIGSTOP)
    old = time.time() - STALE_SECONDS
    os.utime(worker.heartbeat, (old, old))
    refused = worker.health()
    assert (refused.returncode, "dead, stuck or deaf" in refused.stderr) == (1, True)


def test_a_worker_with_its_hands_full_lives(begin: Callable[..., Worker], server: Child) -> None:
    worker = begin("threads")
    wait_until(worker.listens, what="the worker to listen")
    for name in ("first", "second", "third"):
        worker.send(name, seconds=HEARD_SECONDS + DEAF_SECONDS + 4)
    time.sleep(HEARD_SECONDS + DEAF_SECONDS + 2)
    assert worker.lives()


@pytest.mark.parametrize("pool", POOLS)
def test_tasks_are_counted_whatever_runs_them(begin: Callable[..., Worker], server: Child, pool: str) -> None:
    port = pick_free()
    worker = begin(pool, WORKER_METRICS_PORT=str(port))
    wait_until(worker.listens, what="the worker to listen")
    worker.send("touched")
    wait_until(worker.did("touched"), what="the task")
    counted = 'worker_tasks_total{state="SUCCESS",task="scorer.touch"} 1.0'
    wait_until(lambda: counted in httpx.get(f"http://127.0.0.1:{port}/metrics").text, what="the task to be counted")


@pytest.mark.parametrize("pool", POOLS)
def test_a_stop_ends_in_time_although_a_task_does_not(begin: Callable[..., Worker], server: Child, pool: str) -> None:
    worker = begin(pool)
    wait_until(worker.listens, what="the worker to listen")
    worker.send("late", seconds=60)
    time.sleep(1)
    worker.process.terminate()
    assert worker.process.wait(STOP_SECONDS + 10) == 0
    assert not worker.did("late")()


def test_a_worker_that_ends_unasked_does_not_say_that_all_is_well(begin: Callable[..., Worker], server: Child) -> None:
    assert begin("no-such-pool").process.wait(20) != 0
    assert begin("threads", BREAKS="1").process.wait(20) != 0
