"""Real servers for tests: each started when first asked for, on free ports, in a temporary folder, once per session."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

import pytest

from common.database.migrate import migrate
from common.database.session import Database
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import DatabaseSettings, ObjectStoreSettings
from devstack.servers import mlflow_server, postgres, seaweedfs, valkey
from devstack.servers.ports import pick_free
from devstack.servers.process import Process
from devstack.settings import LOOPBACK, StackSettings
from devstack.stack import Stack
from devstack.supervision.child import Child, running

UNSIGNED = {"REGISTRY_TRUSTED_KEYS": "", "TRAINER_SIGNING_KEY": ""}
"""Most tests' models are signed by nobody."""

PORTS = ("postgres_port", "valkey_port", "s3_port", "mlflow_port", "gateway_port", "console_port")


@dataclass(frozen=True)
class TestServers:
    """Starts each server once; all stop at the end of the session. Until then its port is held for it."""

    __test__ = False
    stack: Stack
    started: ExitStack
    held: dict[int, socket.socket]

    @cached_property
    def postgres(self) -> Child:
        return self._start(postgres.process(self.stack))

    @cached_property
    def valkey(self) -> Child:
        return self._start(valkey.process(self.stack))

    @cached_property
    def seaweedfs(self) -> Child:
        return self._start(seaweedfs.process(self.stack))

    @cached_property
    def mlflow(self) -> Child:
        _ = self.postgres, self.seaweedfs
        return self._start(mlflow_server.process(self.stack))

    def _start(self, process: Process) -> Child:
        for port in process.ports:
            if port.number in self.held:
                self.held.pop(port.number).close()
        return self.started.enter_context(running(process, self.stack.directory))


def pytest_configure() -> None:
    """Let a terminated session (`timeout`, a cancelled CI job) end as an interrupted one does: its servers stop."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServers]:
    stack = Stack(free_settings(tmp_path_factory.mktemp("stack")))
    stack.create()
    with ExitStack() as started:
        started.callback(stack.discard_temp)
        ports = [getattr(stack.settings, name) for name in PORTS]
        yield TestServers(stack, started, {port: started.enter_context(held(port)) for port in ports})


def held(port: int) -> socket.socket:
    """Takes a port without answering on it, so that no other test process picks it before its server starts."""
    holder = socket.socket()
    holder.bind((LOOPBACK, port))
    return holder


def free_settings(directory: Path) -> StackSettings:
    """Settings of a stack that disturbs no other: its own folder, free ports."""
    return StackSettings(stack_dir=directory, **{name: pick_free() for name in PORTS})


@pytest.fixture(scope="session")
def postgres_url(servers: TestServers) -> str:
    """SQLAlchemy address of an empty database (no tables), owned by an ordinary role."""
    assert servers.postgres.pid
    return servers.stack.database_url


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres_url: str) -> str:
    """The same database with all tables."""
    migrate(postgres_url)
    return postgres_url


@pytest.fixture(scope="session")
def database(migrated_postgres_url: str) -> Iterator[Database]:
    """The same as services see it."""
    opened = Database(DatabaseSettings.model_validate({"url": migrated_postgres_url}))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def valkey_url(servers: TestServers) -> str:
    assert servers.valkey.pid
    return servers.stack.queue_url


@pytest.fixture(scope="session")
def store(servers: TestServers) -> ObjectStore:
    """The object store with the bucket `delivery-time`, as services see it."""
    assert servers.seaweedfs.pid
    with patch.dict(os.environ, servers.stack.environment):
        return ObjectStore(ObjectStoreSettings())


def placed(store: ObjectStore, key: str, body: bytes) -> str:
    """Write an object; its address."""
    address = ObjectAddress(store.bucket, key)
    store.put(address, body)
    return str(address)


@pytest.fixture(scope="session")
def mlflow_url(servers: TestServers) -> str:
    """Address of an MLflow server; takes some 15 s on first use."""
    assert servers.mlflow.pid
    return servers.stack.mlflow_url


@pytest.fixture(scope="session")
def service_env(servers: TestServers, migrated_postgres_url: str, valkey_url: str) -> dict[str, str]:
    """Every variable a service needs, pointing at running servers; MLflow runs only if a test asks for mlflow_url."""
    assert servers.seaweedfs.pid
    return {"MODE": "local", **servers.stack.environment, **UNSIGNED, "REGISTRY_POLL_SECONDS": "1"}
