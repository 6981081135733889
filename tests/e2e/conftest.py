"""The whole system, started as a user starts it: every server and service, synthetic data, a trained champion."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devstack.demo import wait_until

ORDERS = 6_000
PORTS = ("POSTGRES_PORT", "VALKEY_PORT", "S3_PORT", "MLFLOW_PORT", "GATEWAY_PORT")


@dataclass(frozen=True)
class System:
    """A running stack: its folder, its environment, and how to talk to it."""

    folder: Path
    environment: dict[str, str]
    gateway: httpx.Client

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of the project's commands in the stack's environment."""
        return run(self.environment, "devstack", "run", "--", program(arguments[0]), *arguments[1:], check=check)


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def run(
    environment: dict[str, str], name: str, *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """A finished command with its output; fails the test with that output."""
    done = subprocess.run([program(name), *arguments], env=environment, capture_output=True, text=True, timeout=280)
    assert not check or done.returncode == 0, f"{name} {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Up, with a champion trained on synthetic orders; down and without a process afterwards."""
    folder = tmp_path_factory.mktemp("system")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OLIST")},
        **dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True)),
        "STACK_DIR": str(folder / "stack"),
        "DATA_DIR": str(folder / "data"),
    }
    run(environment, "devstack", "up")
    try:
        run(environment, "trainer", "synthesize", "--orders", str(ORDERS), "--out", str(folder / "data" / "dataset"))
        run(environment, "trainer", "prepare-data")
        address = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
        with httpx.Client(base_url=address, timeout=30) as gateway:
            ready = System(folder, environment, gateway)
            ready.run("trainer", "params-search", "--trials", "2")
            ready.run("trainer", "register-model")
            wait_until(lambda: gateway.get("/readyz").is_success, "the champion in the gateway", timeout=60)
            yield ready
    finally:
        run(environment, "devstack", "down")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; SeaweedFS also takes P+10000, so they stay below 50000."""
    found: list[int] = []
    for port in range(20_000 + os.getpid() % 20_000, 50_000, 7):
        with socket.socket() as candidate:
            if candidate.connect_ex(("127.0.0.1", port)):
                found.append(port)
        if len(found) == count:
            break
    return found
