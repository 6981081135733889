"""The system as containers: what `make up` does for the embedded stack, Compose does here, under a name of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx

from devstack.servers.ports import pick_free

ROOT = Path(__file__).parents[2]
PUBLISHED = ("GATEWAY_PORT", "CONSOLE_PORT", "MLFLOW_PORT", "S3_PORT", "PROMETHEUS_PORT")
MODULES = {"monitor": "monitor.cli", "scorer": "scorer.cli", "gateway": "gateway.cli"}


@dataclass(frozen=True)
class ComposeSystem:
    """Containers of one Compose project, its ports free ones of this host."""

    environment: dict[str, str]
    secrets: dict[str, str]
    gateway: httpx.Client = field(repr=False)

    def compose(self, *arguments: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """A finished `docker compose` command; fails the test with its output."""
        return compose(self.environment, *arguments, check=check, timeout=timeout)

    def run(self, name: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of the project's commands in a container of its service."""
        command = ["python", "-m", MODULES[name]] if name in MODULES else []
        return self.compose("run", "--rm", "--no-deps", "--no-TTY", name, *command, *arguments, check=check)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The services' addresses and keys, as this host reaches them."""
        postgres = self.address_of("postgres")
        return {
            "DATABASE_URL": f"postgresql+psycopg2://delivery_time:{self.secrets['DATABASE_PASSWORD']}"
            f"@{postgres}:5432/delivery_time",
            "OBJECT_STORE_ENDPOINT": f"http://127.0.0.1:{self.environment['S3_PORT']}",
            "OBJECT_STORE_ACCESS_KEY": self.secrets["OBJECT_STORE_ACCESS_KEY"],
            "OBJECT_STORE_SECRET_KEY": self.secrets["OBJECT_STORE_SECRET_KEY"],
        }

    def address_of(self, service: str) -> str:
        """The address of a service's container in the inner network, which Linux routes from the host."""
        found = "{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}}\n{{end}}"
        container = self.compose("ps", "--quiet", service).stdout.strip()
        networks = subprocess.run(
            ["docker", "inspect", "--format", found, container], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        return next(line.split()[1] for line in networks if line.startswith(f"{self.project}_servers "))

    @property
    def project(self) -> str:
        return self.environment["COMPOSE_PROJECT_NAME"]


def compose(
    environment: dict[str, str], *arguments: str, check: bool = True, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["docker", "compose", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
    )
    assert not check or done.returncode == 0, f"docker compose {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done


@contextmanager
def composed(folder: Path, name: str) -> Iterator[ComposeSystem]:
    """Everything but Grafana, up and healthy inside the block; containers, networks and volumes gone afterwards."""
    secrets = folder / "env"
    subprocess.run(["make", "--silent", "env", f"ENV_FILE={secrets}"], cwd=ROOT, check=True, capture_output=True)
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in ("OLIST_DIR", "GATEWAY_BIND_ADDRESS", "S3_BIND_ADDRESS")
        },
        **{name: str(pick_free()) for name in PUBLISHED},
        "COMPOSE_PROJECT_NAME": name,
        "COMPOSE_ENV_FILES": str(secrets),
    }
    services = compose(environment, "config", "--services").stdout.split()
    address = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
    try:
        compose(environment, "up", "--detach", "--wait", *(service for service in services if service != "grafana"))
        pairs = (line.split("=", 1) for line in secrets.read_text().splitlines())
        with httpx.Client(base_url=address, timeout=30) as gateway:
            yield ComposeSystem(environment, dict(pairs), gateway)
    finally:
        compose(environment, "--profile", "*", "down", "--volumes", "--timeout", "5", check=False)
