"""The gateway starts in Kubernetes: with just the variables that manifests, image and cluster give it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from devstack.servers.ports import pick_free
from support.waiting import wait_until

ROOT = Path(__file__).parents[3]
BASE, PRODUCTION = ROOT / "deploy/kubernetes/base", ROOT / "deploy/kubernetes/overlays/production"


def manifest(kind: str, name: str) -> dict[str, Any]:
    documents = [each for path in BASE.glob("*.yaml") for each in yaml.safe_load_all(path.read_text())]
    return next(each for each in documents if (each["kind"], each.get("metadata", {}).get("name")) == (kind, name))


def assignments(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.M))


def service_links() -> dict[str, str]:
    """What Kubernetes adds for each Service of the namespace, unless the pod says no."""
    links = {}
    for name, port in (("GATEWAY", 80), ("MLFLOW", 5000)):
        links |= {f"{name}_SERVICE_HOST": "10.96.14.7", f"{name}_SERVICE_PORT": str(port)}
        links |= {f"{name}_PORT": f"tcp://10.96.14.7:{port}", f"{name}_PORT_{port}_TCP": f"tcp://10.96.14.7:{port}"}
    return links


def pod_environment() -> dict[str, str]:
    """The variables of a gateway's container, by name, with the values that stand in the repository."""
    pod = manifest("Deployment", "gateway")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    image = (ROOT / "services/gateway/Dockerfile").read_text().split(" AS gateway\n")[1].split("COPY")[0]
    sources = {
        "configMapRef": assignments((PRODUCTION / "settings.env").read_text()),
        "secretRef": assignments((PRODUCTION / "secrets.env.example").read_text()),
    }
    given = {name: value for source in container["envFrom"] for kind in source for name, value in sources[kind].items()}
    return {
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_PORT": "tcp://10.96.0.1:443",
        **(service_links() if pod.get("enableServiceLinks", True) else {}),
        **dict(re.findall(r"([A-Z_]+)=(\S+)", image)),
        **given,
        **{each["name"]: each["value"] for each in container.get("env", [])},
    }


@pytest.fixture
def here(service_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Values in place of those that only exist in the cluster."""
    servers = ("DATABASE_URL", "QUEUE_URL", "OBJECT_STORE_ENDPOINT", "OBJECT_STORE_REGION", "OBJECT_STORE_BUCKET")
    return {
        **{name: service_env[name] for name in servers},
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "REGISTRY_URL": "http://127.0.0.1:9",
        "REGISTRY_CACHE_DIR": str(tmp_path),
        "GATEWAY_PORT": str(pick_free()),
        "GATEWAY_HOST": "127.0.0.1",
    }


@pytest.fixture
def answering(here: dict[str, str], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A gateway with the variables of its pod, and whatever the test adds; its address."""
    given = pod_environment()
    environment = {name: here.get(name, value) for name, value in given.items()} | request.param
    # The pod's role stands for the object store's keys.
    environment["OBJECT_STORE_ENDPOINT"] = given["OBJECT_STORE_ENDPOINT"]
    port = environment["GATEWAY_PORT"] if environment["GATEWAY_PORT"].isdigit() else "8090"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway.cli", "serve"], env=environment, stderr=log)
    address = f"http://127.0.0.1:{port}/livez"

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            return httpx.get(address).is_success
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, what="the gateway")
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("answering", [{}, service_links()], indirect=True, ids=["as rendered", "with service links"])
def test_the_gateway_starts_with_the_variables_of_its_pod(answering: str) -> None:
    assert httpx.get(answering).is_success


@pytest.mark.parametrize("path", sorted(BASE.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_no_pod_takes_variables_from_the_names_of_services(path: Path) -> None:
    text = path.read_text()
    assert text.count("enableServiceLinks: false") == text.count("automountServiceAccountToken: false") or (
        path.stem == "accounts"
    )
