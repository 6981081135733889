"""Rendered and run: every container of the production overlay starts with exactly the variables, the user, the mounts
and the read-only root that its pod has, is probed as the kubelet does, trains, predicts, and ends when it is asked to.

The servers are the embedded ones; a role's keys stand in for the role. docs/aws.md walks the same way.
"""

import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import httpx
import numpy as np
import pytest

from common.database.access.roles import SERVICES, role
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import ObjectStoreSettings
from devstack.servers import postgres, seaweedfs, valkey
from devstack.stack import BUCKET, Stack
from devstack.supervision.child import running
from support.kubernetes.cluster import SECRET, Cluster, fill_in, roles, with_shop
from support.kubernetes.database import DATABASES, ROLES, asked, make_roles
from support.kubernetes.manifests import FOLDER, copied, rendered
from support.stack_fixtures import free_settings
from support.waiting import wait_until

MISSING = [program for program in ("kubectl", "bwrap") if shutil.which(program) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"NOT RUN: needs {' and '.join(MISSING)} (bwrap is Debian's bubblewrap)"),
    pytest.mark.timeout(300),
]

SERVING = ("mlflow", "gateway", "console", "scorer", "monitor", "retrainer")
serving = pytest.mark.parametrize("pod", SERVING)

SHOP = """
name = "small"
country = "DE"
time_zone = "Europe/Berlin"

[orders]
source = "s3://delivery-time/sources/orders.csv"
"""
ORDER = {"origin_lat": 48.1, "origin_lng": 11.6, "destination_lat": 50.1, "destination_lng": 11.6}
REFUSED = ("Read-only file system", "Permission denied", "Operation not permitted")


def orders(count: int = 600) -> bytes:
    """Two hundred days of a shop: an order takes a day, and another for each 80 km."""
    rng, text = np.random.default_rng(0), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["order_id", "purchase_timestamp", "delivered_timestamp", *ORDER])
    for number in range(count):
        bought = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=200 * number / count)
        north = rng.uniform(0.05, 5)
        arrived = bought + timedelta(days=float((1 + north * 111 / 80) * np.exp(0.25 * rng.standard_normal())))
        writer.writerow([f"order-{number}", bought, arrived.replace(microsecond=0), 48.1, 11.6, 48.1 + north, 11.6])
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Everything rolled out, and trained once by the job's containers."""
    folder = tmp_path_factory.mktemp("cluster")
    stack = Stack(free_settings(folder / "stack"))
    stack.create()
    with ExitStack() as started:
        started.callback(stack.discard_temp)
        for server in (postgres, valkey, seaweedfs):
            started.enter_context(running(server.process(stack), stack.directory))
        make_the_databases(stack)
        with patch.dict("os.environ", stack.environment):
            ObjectStore(ObjectStoreSettings()).put(ObjectAddress(BUCKET, "sources/orders.csv"), orders())
        overlay = copied(folder)
        fill_in(overlay, stack)
        with_shop(overlay, SHOP)
        cluster = Cluster(rendered(overlay), roles(stack), folder / "pods")
        with cluster.ended:
            roll_out(cluster)
            yield cluster


def make_the_databases(stack: Stack) -> None:
    """As on RDS: by the script, for the master account. What the embedded stack has made of them goes first."""
    port, password = stack.settings.postgres_port, stack.credentials.postgres_superuser_password
    gone = [f"DROP DATABASE IF EXISTS {name}" for name in DATABASES] + [f"DROP ROLE IF EXISTS {name}" for name in ROLES]
    asked(port, "postgres", password, "postgres", *gone)
    make_roles(port, "postgres", password, SECRET)


def roll_out(cluster: Cluster) -> None:
    """In the order of docs/deploy.md: the tables, then what serves, all at once, and a training beside it."""
    cluster.run("migrate", 0)
    cluster.run("mlflow", 0)
    for pod in SERVING:
        cluster.start(pod)
    cluster.run("train", 0)
    cluster.run("train", 1)
    cluster.wait_started("mlflow")
    cluster.run("train", 2)
    cluster.run("train", 3)


def test_every_container_of_every_pod_was_started_and_those_that_serve_go_on(cluster: Cluster) -> None:
    started = {pod: [each.container.name for each in found] for pod, found in cluster.started.items()}
    assert started == {pod: [each.name for each in cluster.containers(pod)] for pod in cluster.manifests.pods}
    assert {pod for pod, found in cluster.started.items() if found[-1].process.poll() is None} == set(SERVING)


@serving
def test_every_probe_is_answered(cluster: Cluster, pod: str) -> None:
    (*_, container) = cluster.started[pod]
    probes = {kind: probe for kind, probe in container.container.spec.items() if kind.endswith("Probe")}
    assert "livenessProbe" in probes
    for kind, probe in probes.items():
        wait_until(lambda probe=probe: container.answers(probe), 60, f"{pod}'s {kind}: {container.log()[-2000:]}")


@serving
def test_a_container_has_its_user_no_rights_and_a_read_only_root(cluster: Cluster, pod: str) -> None:
    tried = (
        "id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; touch /tried || touch /app/tried || touch /etc/tried"
    )
    done = cluster.started[pod][-1].execute(["sh", "-c", tried])
    assert done.stdout.split() == ["10001", "CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
    assert done.stderr.count("Read-only file system") == 3


@serving
def test_nothing_was_written_outside_of_the_mounts_and_what_was_fits(cluster: Cluster, pod: str) -> None:
    for container in cluster.started[pod]:
        assert not [line for line in container.log().splitlines() if any(word in line for word in REFUSED)]
    for volume in cluster.manifests.pods[pod]["spec"]["volumes"]:
        if "emptyDir" in volume:
            assert cluster.disk(pod, volume["name"]) < in_bytes(volume["emptyDir"]["sizeLimit"]), volume["name"]
    limit = cluster.started[pod][-1].container.spec["resources"]["limits"]["memory"]
    assert cluster.memory(pod) < in_bytes(limit)


def in_bytes(quantity: str) -> int:
    return int(quantity[:-2]) * {"Mi": 2**20, "Gi": 2**30}[quantity[-2:]]


@serving
def test_prometheus_finds_what_the_annotations_say(cluster: Cluster, pod: str) -> None:
    notes = cluster.manifests.pods[pod]["metadata"].get("annotations", {})
    ports = {number: free for (owner, _), (number, free) in cluster.ports.items() if owner == pod}
    if notes.get("prometheus.io/scrape") == "true":
        address = f"http://127.0.0.1:{ports[int(notes['prometheus.io/port'])]}{notes['prometheus.io/path']}"
        assert httpx.get(address).is_success
    else:
        assert pod in ("mlflow", "console")


def test_mlflow_answers_by_its_name_in_the_cluster_and_by_no_other(cluster: Cluster) -> None:
    address = f"http://127.0.0.1:{cluster.ports['mlflow', 'http'][1]}/api/2.0/mlflow/experiments/search?max_results=1"
    for host, code in (("mlflow:5000", 200), ("mlflow.delivery-time.svc.cluster.local:5000", 200), ("evil:5000", 403)):
        assert httpx.get(address, headers={"Host": host}, auth=("reader", SECRET)).status_code == code, host
    assert httpx.get(address, headers={"Host": "mlflow:5000"}).status_code == 401


def test_each_service_is_given_its_own_role_and_the_trainer_alone_signs(cluster: Cluster) -> None:
    given = {pod: cluster.containers(pod)[-1].environment for pod in cluster.manifests.pods}
    for pod, service in {"retrainer": "trainer", "train": "trainer", **{each: each for each in SERVICES[:4]}}.items():
        assert f"//{role(service)}:" in given[pod]["DATABASE_URL"], pod
    assert {pod for pod, found in given.items() if "TRAINER_SIGNING_KEY" in found} == {"retrainer", "train"}
    assert {pod for pod, found in given.items() if "//reader:" in found.get("REGISTRY_URL", "")} == {
        "gateway",
        "scorer",
    }


def test_the_trained_model_is_served_to_whoever_has_a_key(cluster: Cluster) -> None:
    (gateway,) = cluster.started["gateway"]
    made = gateway.execute(["python", "-m", "gateway.cli", "keys", "create", "smoke"])
    assert made.returncode == 0, made.stderr
    address = f"http://127.0.0.1:{gateway.ports['http']}"
    wait_until(lambda: httpx.get(f"{address}/readyz").is_success)
    assert httpx.post(f"{address}/delivery_time", json=ORDER).status_code == 401
    key = {"Authorization": f"Bearer {made.stdout.strip()}"}
    wait_until(lambda: httpx.post(f"{address}/delivery_time", json=ORDER, headers=key).is_success)
    answer = httpx.post(f"{address}/delivery_time", json=ORDER, headers=key).json()
    assert 1 < answer["delivery_time_days"] < 8


def test_every_pod_ends_in_the_time_that_it_is_given(cluster: Cluster) -> None:
    """Last, for nothing serves after it."""
    for pod, stopped in cluster.stop().items():
        spec = cluster.started[pod][-1].container.spec
        before = spec.get("lifecycle", {}).get("preStop", {"exec": {"command": ["sleep", "0"]}})["exec"]["command"]
        assert before[0] == "sleep"
        grace = cluster.started[pod][-1].container.grace_seconds
        assert float(before[1]) + stopped.seconds < grace - 1, f"{pod}: {stopped}"
        assert stopped.code in (0, 143), f"{pod}: {stopped}"


def test_the_base_renders_by_itself() -> None:
    assert rendered(FOLDER / "base").pods.keys() == {*SERVING, "migrate", "train"}
