"""The project's own processes, as data: database migrations, gateway, scorers, monitor, trainer."""

import os
import sys
from collections.abc import Callable

import httpx
from celery import Celery

from devstack.errors import StackError
from devstack.servers.ports import Port
from devstack.servers.process import Process
from devstack.settings import LOOPBACK
from devstack.stack import Stack

WORKER_PROBE_SECONDS = 10.0
WORKER_PROBE_FAILURES = 6
"""A worker may be deaf for a while: it reconnects to a restarted queue, or a long task holds it."""


def processes(stack: Stack) -> list[Process]:
    """Every service, in the order in which `status` shows them."""
    scorers = [
        _worker(stack, f"scorer-{number}", "scorer.cli") for number in range(1, stack.settings.scorer_workers + 1)
    ]
    others = [_worker(stack, name, f"{name}.cli") for name in ("monitor", "trainer")]
    return [_migrations(stack), _gateway(stack), *scorers, *others]


def _migrations(stack: Stack) -> Process:
    return Process(
        name="migrations",
        argv=[sys.executable, "-m", "common.database.migrate"],
        env=_environment(stack),
        needs=("postgres",),
        once=True,
    )


def _gateway(stack: Stack) -> Process:
    port = stack.settings.gateway_port
    address = f"http://{LOOPBACK}:{port}"
    return Process(
        name="gateway",
        argv=[sys.executable, "-m", "gateway.cli", "serve"],
        env=_environment(stack),
        probe=lambda _pid: _require_live(address),
        needs=("migrations", "valkey", "seaweedfs"),
        ports=(Port(port, "gateway", "GATEWAY_PORT"),),
        address=address,
    )


def _worker(stack: Stack, name: str, module: str) -> Process:
    return Process(
        name=name,
        argv=[sys.executable, "-m", module, "worker"],
        env=_environment(stack),
        probe=worker_probe(stack.queue_url),
        needs=("migrations", "valkey", "seaweedfs"),
        start_seconds=120,
        stop_seconds=30,
        probe_seconds=WORKER_PROBE_SECONDS,
        probe_failures=WORKER_PROBE_FAILURES,
    )


def _environment(stack: Stack) -> dict[str, str]:
    return {**os.environ, **stack.environment}


def _require_live(address: str) -> None:
    httpx.get(f"{address}/livez", timeout=3, trust_env=False).raise_for_status()


def worker_probe(queue_url: str) -> Callable[[int], None]:
    """A probe that asks all Celery workers who they are, and wants the one with the given process id among them."""
    app = Celery("devstack", broker=queue_url, set_as_current=False)

    def probe(pid: int) -> None:
        with app.connection_for_write() as connection:
            answers = app.control.inspect(connection=connection, timeout=1.0).stats() or {}
        if pid not in {answer["pid"] for answer in answers.values()}:
            raise StackError("the worker does not answer Celery's inspection")

    return probe
