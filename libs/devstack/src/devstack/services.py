"""The project's own processes, as data: database migrations, gateway, console, scorers, monitor, trainer."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

import httpx

from devstack.errors import StackError
from devstack.servers.ports import Port
from devstack.servers.process import Process
from devstack.settings import LOOPBACK
from devstack.stack import Stack

WORKER_PROBE_SECONDS = 10.0

OURS = re.compile(
    r"(BATCH|CONSOLE|DATABASE|GATEWAY|MONITOR|OBJECT_STORE|PRIVACY|QUEUE|REGISTRY|RETENTION|SCORER|WORKER|OTEL|PROMETHEUS"
    r"|PYTHON|COVERAGE|LC|MALLOC|OMP|POLARS)_?.*|MODE|PATH|HOME|LANG|TZ|TZDIR|TMPDIR|DATA_DIR|SHOP_FILE"
    r"|(http|https|no|all)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE",
    re.IGNORECASE,
)
"""Variables that services other than the trainer are given: settings, and how Python, TLS and proxies work here."""

HEALTH = [sys.executable, "-m", "common.worker.health"]
"""The command that Docker and Kubernetes give too: with --ready, whether the worker listens."""


def processes(stack: Stack) -> list[Process]:
    """Every service, in the order in which `status` shows them."""
    scorers = [
        _worker(stack, f"scorer-{number}", "scorer.cli") for number in range(1, stack.settings.scorer_workers + 1)
    ]
    others = [_worker(stack, name, f"{name}.cli") for name in ("monitor", "trainer")]
    return [_migrations(stack), _gateway(stack), _console(stack), *scorers, *others]


def _migrations(stack: Stack) -> Process:
    return Process(
        name="migrations",
        argv=[sys.executable, "-m", "common.database.migrate"],
        env={**os.environ, **stack.environment},
        needs=("postgres",),
        once=True,
    )


def _gateway(stack: Stack) -> Process:
    port = stack.settings.gateway_port
    address = f"http://{LOOPBACK}:{port}"
    return Process(
        name="gateway",
        argv=[sys.executable, "-m", "gateway.cli", "serve"],
        env=_environment(stack, "gateway"),
        probe=lambda _pid: _require_live(address),
        needs=("migrations", "valkey", "seaweedfs"),
        ports=(Port(port, "gateway", "GATEWAY_PORT"),),
        address=address,
    )


def _console(stack: Stack) -> Process:
    port = stack.settings.console_port
    address = f"http://{LOOPBACK}:{port}"
    gateway = f"http://{LOOPBACK}:{stack.settings.gateway_port}"
    return Process(
        name="console",
        argv=[sys.executable, "-m", "console.cli", "serve"],
        env={**_environment(stack, "console"), "CONSOLE_PORT": str(port), "CONSOLE_GATEWAY_URL": gateway},
        probe=lambda _pid: _require_live(address),
        needs=("migrations",),
        ports=(Port(port, "console", "CONSOLE_PORT"),),
        address=address,
        start_seconds=60,
    )


def _worker(stack: Stack, name: str, module: str) -> Process:
    heartbeat = stack.heartbeats / name
    service = module.partition(".")[0]
    environment = {**_environment(stack, service), "WORKER_HEARTBEAT_FILE": str(heartbeat)}
    return Process(
        name=name,
        argv=[sys.executable, "-m", module, "worker"],
        env=environment,
        probe=lambda _pid: _require_health(environment),
        prepare=lambda: heartbeat.unlink(missing_ok=True),
        settle=lambda: _require_health(environment, "--ready"),
        needs=("migrations", "valkey", "seaweedfs"),
        start_seconds=120,
        stop_seconds=30,
        probe_seconds=WORKER_PROBE_SECONDS,
    )


def _environment(stack: Stack, service: str) -> dict[str, str]:
    """The user's settings, and no other secrets. The trainer has all: a shop file may name any variable."""
    inherited = {name: value for name, value in os.environ.items() if service == "trainer" or OURS.fullmatch(name)}
    return inherited | stack.environment_of(service)


def _require_live(address: str) -> None:
    httpx.get(f"{address}/livez", timeout=3, trust_env=False).raise_for_status()


def _require_health(environment: Mapping[str, str], *arguments: str) -> None:
    done = subprocess.run([*HEALTH, *arguments], env=environment, capture_output=True, text=True, timeout=5)
    if done.returncode:
        raise StackError(done.stderr.strip())
