"""Real gateways for tests: processes on free ports that serve a small model out of the disk cache."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from common.servers.registry import CHAMPION, MODEL_NAME
from devstack.servers.ports import pick_free
from gateway import cli
from support.command_lines import called
from support.model_fixtures import write_sample_bundle
from support.stack_fixtures import TestServers
from support.waiting import wait_until

NOWHERE = "http://127.0.0.1:9"
READY_SECONDS = 30


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    process: subprocess.Popen[bytes]
    url: str
    client: httpx.Client
    log_file: Path

    def wait_ready(self) -> None:
        """Wait until /readyz says 200."""
        wait_until(lambda: self.client.get("/readyz").status_code == 200)

    def log(self) -> str:
        """What it wrote to standard error so far."""
        return self.log_file.read_text()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=15)


@contextmanager
def running_gateway(environment: dict[str, str], folder: Path, *arguments: str) -> Iterator[Gateway]:
    """A gateway process with these variables; it listens when the block begins and is gone after it."""
    port, log_file = pick_free(), folder / f"gateway-{time.monotonic_ns()}.log"
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        log = stack.enter_context(log_file.open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve", *arguments],
            env={**os.environ, **environment, "GATEWAY_PORT": str(port)},
            stderr=log,
        )
        stack.callback(end, process)
        client = stack.enter_context(httpx.Client(base_url=url, timeout=20))
        gateway = Gateway(process, url, client, log_file)
        wait_until(lambda: process.poll() is not None or client.get("/livez").is_success)
        assert process.poll() is None, gateway.log()
        yield gateway


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process as a user does, and kill it if it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def gateway_command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return called(cli.main, *arguments, environment=environment)


def create_key(environment: dict[str, str], name: str, *scopes: str, owner: str | None = None) -> dict[str, str]:
    """A new key, as the header to send."""
    chosen = [part for scope in scopes for part in ("--scope", scope)] + (["--owner", owner] if owner else [])
    created = gateway_command(environment, "keys", "create", name, *chosen)
    assert created.returncode == 0, created.stderr
    return {"Authorization": f"Bearer {created.stdout.strip()}"}


def fill_cache(cache_dir: Path, version: str = "1", seed: int = 0) -> None:
    """Put a small model into a registry cache, as its champion."""
    folder = cache_dir / MODEL_NAME / version
    folder.mkdir(parents=True)
    write_sample_bundle(folder, seed)
    (cache_dir / MODEL_NAME / CHAMPION).write_text(version)


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry cache that holds a small champion, version 1."""
    cache_dir = tmp_path_factory.mktemp("models")
    fill_cache(cache_dir)
    return cache_dir


@pytest.fixture(scope="session")
def gateway_env(service_env: dict[str, str], model_cache: Path) -> dict[str, str]:
    """Variables of a gateway with all its servers, whose registry is away."""
    return {**service_env, "REGISTRY_URL": NOWHERE, "REGISTRY_CACHE_DIR": str(model_cache)}


@pytest.fixture(scope="session")
def gateway(
    servers: TestServers, gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """One gateway for all tests that do not disturb it, with its own role in the database."""
    environment = {**gateway_env, "DATABASE_URL": servers.stack.environment_of("gateway")["DATABASE_URL"]}
    with running_gateway(environment, tmp_path_factory.mktemp("gateway")) as running:
        running.wait_ready()
        yield running


def served(gateway: Gateway) -> str:
    return str(gateway.client.get("/model").json()["version"])


@contextmanager
def worker(service: str) -> Iterator[None]:
    """A service's worker with its children; all gone after the block."""
    process = subprocess.Popen([sys.executable, "-m", f"{service}.cli", "worker"], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
