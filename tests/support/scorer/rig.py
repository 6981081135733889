"""Servers of the scorer's own, which its tests may kill, and workers as processes."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy import select

from common.batch.jobs import BatchJobs, as_body
from common.database.migrate import migrate
from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.queue import Queue
from common.settings import BatchSettings, DatabaseSettings, ObjectStoreSettings, QueueSettings, RegistrySettings
from common.worker.health import LISTENING, read
from devstack.servers import postgres, seaweedfs, valkey
from devstack.servers.process import Process
from devstack.stack import BUCKET, Stack
from devstack.supervision.child import Child
from scorer import wiring
from scorer.settings import ScorerSettings
from scorer.wiring import Scorer
from support.model_fixtures import codes_of, made_up_orders, write_sample_bundle
from support.stack_fixtures import UNSIGNED, free_settings

CHUNK_BYTES = 5_400_000
NOTE_BYTES = 2_000
FAST = {
    "SCORER_CHUNK_BYTES": str(CHUNK_BYTES),
    "SCORER_LEASE_SECONDS": "1.5",
    "SCORER_SWEEP_SECONDS": "0.5",
    "SCORER_FIRST_WAIT_SECONDS": "0.05",
    "REGISTRY_POLL_SECONDS": "60",
}
HEADER = b"seller_zip_code_prefix,customer_lat,customer_lng,purchase_timestamp,note\n"


@dataclass
class Rig:
    """A stack without gateway: start and kill its servers and workers, put files, run jobs, look at the results."""

    stack: Stack
    environment: dict[str, str]
    scorer: Scorer
    servers: dict[str, Child] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    heartbeats: dict[int, str] = field(default_factory=dict)
    started: int = 0

    @property
    def database(self) -> Database:
        """The scorer's."""
        return self.scorer.client.database

    @property
    def store(self) -> ObjectStore:
        """The scorer's."""
        return self.scorer.client.store

    @property
    def jobs(self) -> BatchJobs:
        """The scorer's."""
        return self.scorer.client.jobs

    @property
    def queue(self) -> Queue:
        """The scorer's."""
        return self.scorer.client.queue

    def restart(self, **changes: str) -> None:
        """Have a scorer in this process that remembers nothing, with these further variables."""
        self.database.close()
        self.scorer = scorer_of(self.environment | changes)

    def start(self, name: str) -> None:
        """Start a server, again after a kill."""
        processes: dict[str, Callable[[Stack], Process]] = {
            "postgres": postgres.process,
            "valkey": valkey.process,
            "seaweedfs": seaweedfs.process,
        }
        self.servers[name] = Child(processes[name](self.stack), self.stack.directory)
        self.servers[name].wait_ready()

    def kill(self, name: str) -> None:
        """kill -9 a server and all its processes."""
        child = self.servers[name]
        os.killpg(child.pid, signal.SIGKILL)
        child.stop()

    def start_worker(self, **changes: str) -> subprocess.Popen[bytes]:
        """A worker process with the scorer's role in the database; its log is workers.log."""
        self.started += 1
        own_role = {"DATABASE_URL": self.stack.environment_of("scorer")["DATABASE_URL"]}
        heartbeat = str(self.stack.directory / f"heartbeat-{self.started}")
        with (self.stack.directory / "workers.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "scorer.cli", "worker"],
                env={**os.environ, **self.environment, **own_role, "WORKER_HEARTBEAT_FILE": heartbeat, **changes},
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        self.heartbeats[worker.pid] = heartbeat
        return worker

    def heartbeat(self, worker: subprocess.Popen[bytes]) -> str:
        """The file that shows that the worker works."""
        return self.heartbeats[worker.pid]

    def ensure_workers(self, count: int) -> list[subprocess.Popen[bytes]]:
        """So many living workers, ready to work."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        for _ in range(count - len(self.workers)):
            self.start_worker()
        heartbeats = [Path(self.heartbeat(worker)) for worker in self.workers]
        self.until(lambda: all(read(file)[0] == LISTENING for file in heartbeats), timeout=90)
        return self.workers

    def drive(self, job_id: UUID) -> dict[str, Any]:
        """Do a job's tasks in this process, one after the other, until it has ended."""
        deadline = time.monotonic() + 60
        while self.job(job_id).finished_at is None:
            self.scorer.tasks.run_job(job_id)
            self.scorer.tasks.score_chunk(job_id)
            assert time.monotonic() < deadline, as_body(self.job(job_id))
        return as_body(self.job(job_id))

    def scored(self, uri: str) -> dict[str, Any]:
        """Submit an input and do its tasks here; the ended job."""
        return self.drive(self.submit(uri, wake=False))

    def chunks(self, job_id: UUID) -> Counter[str]:
        """How many chunks of a job are in which status."""
        with self.database.transaction() as session:
            return Counter(session.scalars(select(BatchChunk.status).where(BatchChunk.job_id == job_id)))

    def stop_workers(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.send_signal(how)
        for worker in self.workers:
            worker.wait(timeout=40)
        self.workers.clear()

    def put(self, key: str, body: bytes) -> str:
        """Write an object; its address."""
        address = ObjectAddress(BUCKET, key)
        self.store.put(address, body)
        return str(address)

    def submit(self, uri: str, output: str | None = None, wake: bool = True, overwrite: bool = False) -> UUID:
        """Submit a job as the gateway does; `wake=False` is a gateway that died after the commit."""
        job, _ = self.jobs.submit(uri, output, overwrite=overwrite)
        if wake:
            self.queue.wake(job.id)
        return job.id

    def job(self, job_id: UUID) -> BatchJob:
        """The job's row as it stands now."""
        return self.jobs.get(job_id)

    def wait(self, job_id: UUID, timeout: float = 40) -> dict[str, Any]:
        """The body of the job once it has ended."""
        self.until(lambda: self.job(job_id).finished_at is not None, timeout)
        return as_body(self.job(job_id))

    def until(self, condition: Callable[[], Any], timeout: float = 40) -> None:
        """Wait for something; the test fails with the workers' last lines if it does not come."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                log = (self.stack.directory / "workers.log").read_text().splitlines()[-25:]
                pytest.fail("waited in vain; the workers say:\n" + "\n".join(log))
            time.sleep(0.02)

    def output(self, body: dict[str, Any]) -> bytes:
        """The output object of a job."""
        return self.read(body["output_uri"])

    def read(self, uri: str) -> bytes:
        """An object's bytes."""
        stored = self.store.stat(ObjectAddress.split(uri))
        return self.store.read(stored.address, 0, stored.size, stored.etag)

    def keys(self, prefix: str) -> list[str]:
        """Keys of the objects under a prefix."""
        return [found.address.key for found in self.store.objects_under(ObjectAddress(BUCKET, prefix))]

    def keys_in(self, body: Mapping[str, Any]) -> list[str]:
        """Keys of the objects in the folder of a result, below it."""
        folder = ObjectAddress.split(body["output_uri"])
        return [key.removeprefix(folder.key) for key in self.keys(folder.key)]

    def uploads(self) -> list[str]:
        """Keys of all unfinished uploads."""
        return [upload.address.key for upload in self.store.unfinished_uploads(ObjectAddress(BUCKET, ""))]


def scorer_of(environment: Mapping[str, str]) -> Scorer:
    """A scorer with the settings of these variables."""
    with patch.dict(os.environ, environment):
        client = wiring.client(DatabaseSettings(), ObjectStoreSettings(), QueueSettings(), BatchSettings())
        return wiring.scorer(client, ScorerSettings(), RegistrySettings(), BatchSettings())


@pytest.fixture(scope="session")
def scorer_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    stack = Stack(free_settings(tmp_path_factory.mktemp("scorer")))
    stack.create()
    models = stack.directory / "models" / "delivery-time"
    (models / "1").mkdir(parents=True)
    write_sample_bundle(models / "1")
    (models / "champion").write_text("1")  # the registry is away; its cache knows the champion
    environment = {"MODE": "local", **stack.environment, **UNSIGNED, **FAST}
    rig = Rig(stack, environment, scorer_of(environment))
    with ExitStack() as cleanup:
        for name in ("postgres", "valkey", "seaweedfs"):
            rig.start(name)
            cleanup.callback(lambda name=name: rig.servers[name].stop())
        migrate(stack.database_url)
        cleanup.callback(rig.stop_workers)
        yield rig


@pytest.fixture
def rig(scorer_stack: Rig) -> Rig:
    """The scorer's own servers, and a scorer in this process that remembers nothing."""
    scorer_stack.restart()
    return scorer_stack


@pytest.fixture
def alone(rig: Rig) -> Rig:
    """The rig without a worker: the test itself does the tasks, by `rig.drive`."""
    rig.stop_workers()
    return rig


@pytest.fixture
def worked(rig: Rig) -> Rig:
    """The rig with one worker at least; it stays for the next test."""
    rig.ensure_workers(1)
    return rig


def csv_file(rows: int, seed: int = 0, note_bytes: int = NOTE_BYTES) -> bytes:
    """A CSV file of made-up orders; every 100th row has a bad latitude. Long notes make chunks of few rows."""
    orders = made_up_orders(rows, seed)
    lines = [HEADER]
    places = (orders.numbers["destination_lat"], orders.numbers["destination_lng"])
    columns = (codes_of(orders), *places, orders.purchase_timestamp)
    note = b"." * note_bytes
    for number, (prefix, lat, lng, moment) in enumerate(zip(*columns, strict=True)):
        shown = b"abroad" if number % 100 == 99 else b"%.6f" % lat
        lines.append(b"%d,%s,%.6f,%s,row %d%s\n" % (prefix, shown, lng, str(moment).encode(), number, note))
    return b"".join(lines)
