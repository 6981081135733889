"""The whole system, started as a user starts it: every server and service, synthetic data, a trained champion.

STACK says as what: `embedded` (processes, the default), `compose` (containers), `image` (the champion's image alone).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devstack.servers.ports import pick_free
from e2e.compose_system import ComposeSystem, composed
from support.waiting import wait_until

STACK = os.environ.get("STACK", "embedded")
OTHERS = {
    "embedded": ["compose/*", "image/*"],
    "compose": ["test_embedded.py", "image/*"],
    "image": ["test_*.py", "compose/*"],
}
collect_ignore_glob = OTHERS[STACK]

ORDERS = 6_000
PORTS = ("POSTGRES_PORT", "VALKEY_PORT", "S3_PORT", "MLFLOW_PORT", "GATEWAY_PORT", "CONSOLE_PORT")


@dataclass(frozen=True)
class System:
    """A running stack: its folder, its environment, and how to talk to it."""

    folder: Path
    environment: dict[str, str]
    gateway: httpx.Client

    @property
    def settings(self) -> dict[str, str]:
        """The environment that the stack's services run in."""
        printed = run(self.environment, "devstack", "run", "--", "env").stdout
        return dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)

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


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System | ComposeSystem]:
    """Up, with a champion trained on synthetic orders; down and without a process afterwards."""
    folder = tmp_path_factory.mktemp("system")
    with composed(folder, "delivery-time-test") if STACK == "compose" else embedded(folder) as ready:
        dataset = "/data/dataset" if STACK == "compose" else str(folder / "data" / "dataset")
        ready.run("trainer", "synthesize", "--orders", str(ORDERS), "--out", dataset)
        ready.run("trainer", "prepare-data")
        wait_until(
            lambda: "params-search" in ready.gateway.get("/readyz").text, 60, what="the gateway to say what to run"
        )
        ready.run("trainer", "params-search", "--trials", "2")
        ready.run("trainer", "register-model")
        wait_until(lambda: ready.gateway.get("/readyz").is_success, 60, what="the champion in the gateway")
        yield ready


@contextmanager
def embedded(folder: Path) -> Iterator[System]:
    """The embedded stack in a folder and on ports of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OLIST")},
        **{name: str(pick_free()) for name in PORTS},
        "STACK_DIR": str(folder / "stack"),
        "DATA_DIR": str(folder / "data"),
    }
    run(environment, "devstack", "up")
    try:
        address = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
        with httpx.Client(base_url=address, timeout=30) as gateway:
            yield System(folder, environment, gateway)
    finally:
        run(environment, "devstack", "down")
