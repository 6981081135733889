"""Where the demo runs: the embedded stack's processes, or the containers that Compose keeps up (STACK=compose)."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Select

from common.database.session import Database
from common.errors import DeliveryTimeError
from common.settings import DatabaseSettings, load
from devstack.environment import stack_environment
from devstack.supervision.state import is_up

ONCE = ("--rm", "--no-deps", "--no-TTY")
COMPOSE_COMMANDS = {
    "trainer": ("run", *ONCE, "trainer"),
    "monitor": ("exec", "--no-TTY", "monitor", "python", "-m", "monitor.cli"),
}


class NoComposeStack(DeliveryTimeError):
    """The containers that the demo should run in are not there; the message says what to run."""


class DemoStack(Protocol):
    """A stack that is up. data: DATA_DIR, as its commands see it."""

    gateway: str
    data: str

    def run(self, *arguments: str) -> int:
        """Run one of the project's commands as a user of this stack would; its exit code."""

    def read(self, name: str) -> bytes:
        """A file of DATA_DIR, whole."""

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[list[str]]:
        """What a query on the database gives, as text; nothing where there is none."""


class EmbeddedStack:
    """Processes of this machine; everything is reached by the environment."""

    def __init__(self) -> None:
        os.environ.update(stack_environment())
        self.gateway = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
        self.data = os.environ.get("DATA_DIR", "data_store")

    def run(self, *arguments: str) -> int:
        program, *rest = arguments
        return subprocess.run([Path(sys.executable).with_name(program), *rest]).returncode

    def read(self, name: str) -> bytes:
        return (Path(self.data) / name).read_bytes()

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[list[str]]:
        with Database(load(DatabaseSettings)).transaction() as session:
            return [["" if value is None else str(value) for value in row] for row in session.execute(query)]


class ComposeStack:
    """Containers of this folder's compose.yaml; addresses and keys are those that Compose itself reads from .env."""

    def __init__(self) -> None:
        if "gateway" not in compose("ps", "--services", "--status", "running").split():
            raise NoComposeStack("no gateway runs here: make env && docker compose up --build --wait")
        services = json.loads(compose("config", "--format", "json"))["services"]
        settings = services["gateway"]["environment"]
        self.gateway, self.data = published(services["gateway"]), "/data"
        account = settings["REGISTRY_URL"].rpartition("@")[0]
        mlflow = published(services["mlflow"]).removeprefix("http://")
        kept = ("OBJECT_STORE_ACCESS_KEY", "OBJECT_STORE_SECRET_KEY", "REGISTRY_TRUSTED_KEYS")
        os.environ.update(
            {name: settings[name] for name in kept}
            | {"OBJECT_STORE_ENDPOINT": published(services["seaweedfs"]), "REGISTRY_URL": f"{account}@{mlflow}"}
        )

    def run(self, *arguments: str) -> int:
        service, *rest = arguments
        return subprocess.run(["docker", "compose", *COMPOSE_COMMANDS[service], *rest]).returncode

    def read(self, name: str) -> bytes:
        return compose("run", *ONCE, "--entrypoint", "cat", "trainer", f"{self.data}/{name}").encode()

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[list[str]]:
        plain = query.compile(compile_kwargs={"literal_binds": True})
        shell = ("psql", "--username", "postgres", "--dbname", "delivery_time", "--csv", "--tuples-only")
        return list(csv.reader(compose("exec", "--no-TTY", "postgres", *shell, "--command", str(plain)).splitlines()))


def compose(*arguments: str) -> str:
    """What a `docker compose` command prints; NoComposeStack if it fails or there is no Docker."""
    try:
        done = subprocess.run(["docker", "compose", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise NoComposeStack("STACK=compose needs Docker, and there is no `docker` here") from None
    if done.returncode:
        raise NoComposeStack(f"`docker compose {arguments[0]}` failed: {done.stderr.strip()}")
    return done.stdout


def published(service: dict[str, Any]) -> str:
    """The address of a service's port on this host."""
    (port,) = service["ports"]
    return f"http://{port['host_ip']}:{port['published']}"


@contextmanager
def running() -> Iterator[DemoStack]:
    """The stack that STACK names. The embedded one is started if need be, and stopped afterwards if so."""
    if os.environ.get("STACK", "embedded") == "compose":
        yield ComposeStack()
        return
    devstack, was_up = Path(sys.executable).with_name("devstack"), is_up()
    try:
        subprocess.run([devstack, "up"], check=True)
        yield EmbeddedStack()
    finally:
        if not was_up:
            subprocess.run([devstack, "down"], check=True)
