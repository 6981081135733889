"""A worker's life beside its tasks: it shows that it lives, outlives every state of the queue, counts, and stops.

One worker of each pool, with a queue name of its own, lives through the tests of this file.
"""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from redis import Redis
from redis.exceptions import BusyLoadingError, ResponseError
from redis.exceptions import ConnectionError as NoConnection

from common.servers.queue import PATIENCE_SECONDS, Queue
from common.settings import QueueSettings
from common.worker.health import STALE_SECONDS
from devstack.servers import valkey
from devstack.servers.ports import pick_free
from devstack.stack import Stack
from devstack.supervision.child import Child, running
from support.faults import relay
from support.faults.small_disk import filled, small_disk
from support.stack_fixtures import free_settings
from support.waiting import wait_until
from support.worker import DEAF_SECONDS, HEARD_SECONDS, STOP_SECONDS, Worker

POOLS = ("threads", "prefork")
LOADED_KEYS = 60_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return made_stack(tmp_path_factory.mktemp("stack"))


def made_stack(folder: Path) -> Stack:
    made = Stack(free_settings(folder))
    made.create()
    return made


@pytest.fixture(scope="module")
def server(stack: Stack) -> Iterator[Child]:
    with running(valkey.process(stack), stack.directory) as child:
        yield child


@pytest.fixture(scope="module")
def admin(stack: Stack, server: Child) -> Iterator[Redis]:
    with Redis.from_url(stack.queue_url) as client:
        yield client


@pytest.fixture(scope="module")
def begin(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Worker]]:
    begun: list[Worker] = []

    def begin(pool: str, **settings: str) -> Worker:
        begun.append(Worker(stack, pool, tmp_path_factory.mktemp(pool), settings))
        return begun[-1]

    yield begin
    for worker in begun:
        worker.end()


@pytest.fixture(scope="module")
def shared() -> dict[str, Worker]:
    """The workers that tests share, by pool."""
    return {}


@pytest.fixture
def workers(begin: Callable[..., Worker], server: Child, shared: dict[str, Worker]) -> list[Worker]:
    """One of each pool that listens; begun anew if a test has ended it."""
    for pool in POOLS:
        if pool not in shared or shared[pool].process.poll() is not None:
            shared[pool] = begin(pool, WORKER_METRICS_PORT=str(pick_free()))
    for worker in shared.values():
        wait_until(worker.listens, what=f"the worker with {worker.pool} to listen")
    return list(shared.values())


def test_tasks_are_counted_whatever_runs_them(workers: list[Worker]) -> None:
    counted = 'worker_tasks_total{state="SUCCESS",task="scorer.touch"} 1.0'
    for worker in workers:
        worker.send("touched")
    for worker in workers:
        metrics = f"http://127.0.0.1:{worker.settings['WORKER_METRICS_PORT']}/metrics"
        wait_until(worker.did("touched"), what="the task")
        wait_until(lambda url=metrics: counted in httpx.get(url).text, what="the task to be counted")


def test_a_worker_with_its_hands_full_lives(workers: list[Worker]) -> None:
    worker = workers[0]
    for name in ("first", "second", "third"):
        worker.send(name, seconds=HEARD_SECONDS + DEAF_SECONDS + 1)
    time.sleep(HEARD_SECONDS + DEAF_SECONDS + 0.5)
    assert worker.lives()
    assert not worker.did("first")()


def test_a_stop_ends_in_time_although_a_task_does_not(workers: list[Worker]) -> None:
    for worker in workers:
        worker.send("late", seconds=60)
    time.sleep(0.5)
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        assert worker.process.wait(STOP_SECONDS + 10) == 0
        assert not worker.did("late")()
        assert not list(worker.folder.glob("worker-metrics-*"))


def test_a_worker_that_takes_no_messages_from_a_queue_that_works_is_dead_until_it_does(workers: list[Worker]) -> None:
    with workers[0].app() as app:
        for worker in workers:
            app.control.cancel_consumer(worker.pool, destination=[worker.name])
        for worker in workers:
            wait_until(lambda worker=worker: not worker.lives(), what="deafness to show")
        for worker in workers:
            app.control.add_consumer(worker.pool, destination=[worker.name])
    for worker in workers:
        wait_until(worker.listens, what="the worker to listen again")
        worker.end()  # whether it hears that queue after a lost connection, too, is Celery's affair


def test_a_worker_that_is_stuck_is_dead(workers: list[Worker]) -> None:
    worker = workers[0]
    worker.process.send_signal(signal.SIGSTOP)
    old = time.time() - STALE_SECONDS
    os.utime(worker.heartbeat, (old, old))
    refused = worker.health()
    worker.process.send_signal(signal.SIGCONT)
    assert (refused.returncode, "dead, stuck or deaf" in refused.stderr) == (1, True)


def test_a_worker_keeps_its_metrics_in_files_and_leaves_none_behind(workers: list[Worker]) -> None:
    for worker in workers:
        assert list(worker.folder.glob("worker-metrics-*"))
        assert worker.stop() == 0
        assert not list(worker.folder.glob("worker-metrics-*"))


def read_only(admin: Redis) -> None:
    admin.replicaof("127.0.0.1", "1")


def snapshots_failing(admin: Redis) -> None:
    folder = Path(str(admin.config_get("dir")["dir"]))
    (folder / "dump.rdb" / "in the way").mkdir(parents=True)
    admin.config_set("save", "3600 1")
    admin.bgsave()
    wait_until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err", what="the snapshot to fail")


def out_of_memory(admin: Redis) -> None:
    admin.config_set("maxmemory", "1mb")


def well_again(admin: Redis) -> None:
    shutil.rmtree(Path(str(admin.config_get("dir")["dir"])) / "dump.rdb", ignore_errors=True)
    admin.replicaof("NO", "ONE")
    admin.config_set("save", "")
    admin.config_set("maxmemory", "0")


def test_a_worker_waits_while_the_queue_refuses_and_goes_on_afterwards(workers: list[Worker], admin: Redis) -> None:
    for spoil in (read_only, snapshots_failing, out_of_memory):
        spoil(admin)
        time.sleep(DEAF_SECONDS + 1)
        for worker in workers:
            assert worker.process.poll() is None, spoil
            assert worker.lives(), spoil
        well_again(admin)
        for worker in workers:
            wait_until(worker.listens, what=f"the worker to listen after {spoil.__name__}")
    for worker in workers:
        worker.send("afterwards")
        wait_until(worker.did("afterwards"), what="the task")


def test_a_worker_waits_while_the_queue_has_no_disk_left_and_while_it_loads(
    begin: Callable[..., Worker], tmp_path: Path
) -> None:
    """As a real Valkey is: on a disk that is full, then started anew so that its keys take seconds to load."""
    own = made_stack(tmp_path / "own")
    disk, process = own.directory / "valkey", valkey.process(own)
    disk.mkdir()
    with small_disk(disk, mebibytes=8), ExitStack() as loading:
        with running(process, own.directory), Redis.from_url(own.queue_url) as client:
            worker = begin("threads", QUEUE_URL=own.queue_url)
            wait_until(worker.listens, what="the worker to listen")
            with filled(disk):
                wait_until(lambda: refuses(client), what="the queue to refuse")
                outlives(worker, own)
            wait_until(worker.listens, what="the worker to listen again")
            with client.pipeline(transaction=False) as many:
                for number in range(LOADED_KEYS):
                    many.set(f"key {number}", number)
                many.execute()
        slow = Child(replace(process, argv=[*process.argv, "--key-load-delay", "200"]), own.directory)
        loading.callback(slow.stop)
        wait_until(lambda: loads(own), what="the queue to load")
        outlives(worker, own)
        assert loads(own)
        wait_until(worker.listens, what="the worker to listen once more")
        worker.send("loaded", own.queue_url)
        wait_until(worker.did("loaded"), what="the task")


def outlives(worker: Worker, stack: Stack) -> None:
    """The worker lives on, and whoever wakes it does not wait: the job's row is there, and the sweeper finds it."""
    queue = Queue(QueueSettings(url=SecretStr(stack.queue_url)))
    for _ in range(2):
        started = time.monotonic()
        assert not queue.wake(uuid4())
        assert time.monotonic() - started < PATIENCE_SECONDS
    time.sleep(DEAF_SECONDS + 1)
    assert worker.process.poll() is None
    assert worker.lives()


def refuses(client: Redis) -> bool:
    try:
        client.set("written", "x" * 10_000)
    except ResponseError as error:
        return "No space left on device" in str(error)
    return False


def loads(stack: Stack) -> bool:
    with Redis.from_url(stack.queue_url, socket_timeout=5) as client:
        try:
            client.ping()
        except BusyLoadingError:
            return True
        except NoConnection:
            pass
    return False


def test_a_task_outlives_a_failover(begin: Callable[..., Worker], tmp_path: Path) -> None:
    """The primary becomes the replica of its replica, and only then the address points to the new primary."""
    first, second = (made_stack(tmp_path / name) for name in ("first", "second"))
    with ExitStack() as running_servers:
        for each in (first, second):
            running_servers.enter_context(running(valkey.process(each), each.directory))
        primary, replica = (running_servers.enter_context(Redis.from_url(each.queue_url)) for each in (first, second))
        primary.config_set("primaryauth", second.credentials.queue_password)
        replica.config_set("primaryauth", first.credentials.queue_password)
        replica.replicaof("127.0.0.1", str(first.settings.valkey_port))
        wait_until(lambda: replica.info("replication")["master_link_status"] == "up", what="the replica to follow")
        address = relay.Switch(first.settings.valkey_port)
        worker = begin("threads", QUEUE_URL=at_port(first.queue_url, address.port))
        wait_until(worker.listens, what="the worker to listen")
        primary.execute_command("FAILOVER")
        wait_until(lambda: replica.info("replication")["role"] == "master", what="the replica to take over")
        wait_until(lambda: not worker.listens(), what="the worker to notice")
        replica.config_set("requirepass", first.credentials.queue_password)
        address.turn(second.settings.valkey_port)
        worker.send("touched", at_port(first.queue_url, second.settings.valkey_port))
        wait_until(worker.did("touched"), 60, what="the task, from the new primary")


def at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def test_a_worker_that_starts_and_stays_without_its_queue_lives(begin: Callable[..., Worker], stack: Stack) -> None:
    worker = begin("threads", QUEUE_URL=at_port(stack.queue_url, pick_free()))
    wait_until(worker.lives, 20, what="the first sign of life")
    time.sleep(DEAF_SECONDS + 1)
    assert worker.lives()
    assert worker.health("--ready").returncode == 1


def test_a_worker_that_ends_unasked_does_not_say_that_all_is_well(begin: Callable[..., Worker], server: Child) -> None:
    ending = [begin("no-such-pool"), begin("threads", BREAKS="1")]
    assert all(worker.process.wait(20) != 0 for worker in ending)
