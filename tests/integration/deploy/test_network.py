"""The network policies as a plugin enforces them: every pair that must talk may, and no other pair."""

import re
import shutil
from itertools import product
from pathlib import Path

import pytest

from support.kubernetes.manifests import Manifests, copied, rendered
from support.kubernetes.network import Peer, may_talk

ROOT = Path(__file__).parents[3]
NAMESPACE = "delivery-time"
pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="NOT RUN: needs kubectl")

NAMES = Peer("10.20.9.9", "kube-system", {"k8s-app": "kube-dns"})
OUTSIDE = {
    "postgres": (Peer("10.20.0.10"), 5432),
    "queue": (Peer("10.20.16.10"), 6379),
    "https": (Peer("52.216.0.1"), 443),
    "http": (Peer("52.216.0.1"), 80),
    "another's postgres": (Peer("10.99.0.10"), 5432),
    "the node's credentials": (Peer("169.254.169.254"), 80),
    "a node": (Peer("10.20.0.20"), 22),
}
STRANGERS = {
    "ingress": Peer("10.20.1.1", "traefik", {"app.kubernetes.io/name": "traefik"}),
    "prometheus": Peer("10.20.1.2", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    "keda": Peer("10.20.1.3", "keda", {"app": "keda-operator"}),
    "another pod": Peer("10.20.1.4", "default", {"app": "gateway"}),
    "a pod without a name here": Peer("10.20.1.5", NAMESPACE, {}),
}
SOLVER = Peer("10.20.1.6", NAMESPACE, {"acme.cert-manager.io/http01-solver": "true"})

SERVERS = {"postgres", "queue", "https", "mlflow"}
MAY = {
    "gateway": SERVERS,
    "console": SERVERS | {"gateway"},
    "scorer": SERVERS,
    "monitor": SERVERS,
    "retrainer": SERVERS,
    "trainer": SERVERS - {"queue"},
    "mlflow": {"postgres", "https"},
    "migrate": {"postgres"},
    "ingress": {"gateway", "console", "solver"},
    "prometheus": {"gateway", "scorer's metrics", "monitor's metrics", "retrainer's metrics"},
}
"""Who may talk to whom; whoever is not named may to nobody. By the label `app`."""

SERVER_OF = {
    "DatabaseSettings": "postgres",
    "QueueSettings": "queue",
    "ObjectStoreSettings": "https",
    "RegistrySettings": "mlflow",
    "ConsoleSettings": "gateway",
}


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return rendered(copied(tmp_path_factory.mktemp("overlay")))


@pytest.fixture(scope="module")
def pods(manifests: Manifests) -> dict[str, Peer]:
    """By the label `app`, each with an address of the cluster's network."""
    found = {}
    for number, template in enumerate(manifests.pods.values()):
        labels = template["metadata"]["labels"]
        ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][-1].get("ports", ())}
        found[labels["app"]] = Peer(f"10.20.2.{number + 1}", NAMESPACE, labels, ports)
    return found


@pytest.fixture(scope="module")
def targets(pods: dict[str, Peer]) -> dict[str, tuple[Peer, int]]:
    """Whatever listens, by the name that MAY has for it."""
    listening = {
        app if name == "http" else f"{app}'s {name}": (pod, port)
        for app, pod in pods.items()
        for name, port in pod.ports.items()
    }
    unnamed = {"a pod without a name here": (STRANGERS["a pod without a name here"], 80)}
    return OUTSIDE | listening | unnamed | {"solver": (SOLVER, 8089)}


def test_whoever_must_talk_may_and_nobody_else(
    manifests: Manifests, pods: dict[str, Peer], targets: dict[str, tuple[Peer, int]]
) -> None:
    policies, wrong = manifests.of_kind("NetworkPolicy"), []
    for (source, peer), (target, (other, port)) in product((STRANGERS | pods).items(), targets.items()):
        is_ours = NAMESPACE in (peer.namespace, other.namespace)
        if is_ours and source != target:
            may, should = may_talk(policies, peer, other, port), target in MAY.get(source, ())
            wrong += [f"{source} {'may' if may else 'may not'} talk to {target}"] if may != should else []
    assert not wrong


def test_everybody_may_ask_for_names_and_by_no_other_port(manifests: Manifests, pods: dict[str, Peer]) -> None:
    policies = manifests.of_kind("NetworkPolicy")
    for pod in pods.values():
        assert may_talk(policies, pod, NAMES, 53, "UDP")
        assert may_talk(policies, pod, NAMES, 53, "TCP")
        assert not may_talk(policies, pod, NAMES, 9153)
        assert not may_talk(policies, pod, Peer("8.8.8.8"), 53, "UDP")


@pytest.mark.parametrize("app", ["gateway", "console", "scorer", "monitor", "trainer", "retrainer"])
def test_a_pod_may_reach_what_its_settings_name_and_nothing_else(app: str) -> None:
    service = {"retrainer": "trainer"}.get(app, app)
    code = "".join(path.read_text() for path in (ROOT / f"services/{service}/src").rglob("*.py"))
    loaded = {name for name in re.findall(r"\bload\((\w+)\)", code) if name in SERVER_OF}
    waits_for_no_task = {"queue"} if app == "trainer" else set()
    assert MAY[app] == {SERVER_OF[name] for name in loaded} - waits_for_no_task


def test_workloads_are_what_the_table_names(pods: dict[str, Peer]) -> None:
    assert pods.keys() | {"ingress", "prometheus"} == MAY.keys()
