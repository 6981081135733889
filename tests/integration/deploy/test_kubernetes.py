"""The Kubernetes manifests: valid against the schemas, complete, and with the least rights. Never applied here."""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from redis import Redis

from common.servers import queue
from common.settings import QueueSettings
from devstack import services

REPOSITORY = Path(__file__).parents[3]
ROOT = REPOSITORY / "deploy/kubernetes"
SCHEMA = "1.34"
CLASSES_OF_OTHERS = {"keda.sh/v1alpha1", "kustomize.config.k8s.io/v1beta1"}
BASE = ROOT / "base"
PRODUCTION = ROOT / "overlays/production"


def documents(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("**/*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if "kind" in document:
                yield f"{path.stem}/{document['kind']}/{document.get('metadata', {}).get('name')}", document


DOCUMENTS = dict(documents(ROOT))
PODS = {
    name: found["spec"]["jobTemplate"]["spec"]["template"] if found["kind"] == "CronJob" else found["spec"]["template"]
    for name, found in DOCUMENTS.items()
    if found["kind"] in ("Deployment", "Job", "CronJob")
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_manifest_is_valid(name: str) -> None:
    import kubernetes_validate  # seconds, for every process that collects tests

    document = DOCUMENTS[name]
    if document["apiVersion"] not in CLASSES_OF_OTHERS:
        kubernetes_validate.validate(document, SCHEMA, strict=True)


@pytest.mark.parametrize("folder", [BASE, PRODUCTION], ids=["base", "production"])
def test_kustomize_names_every_file_and_every_file_is_there(folder: Path) -> None:
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    named = [*kustomization["resources"], *kustomization.get("configurations", [])]
    named += [patch["path"] for patch in kustomization.get("patches", [])]
    assert all((folder / entry).exists() for entry in named)
    assert {path.name for path in folder.glob("*.yaml")} == {Path(n).name for n in named if ".yaml" in n} | {
        "kustomization.yaml"
    }


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_root_no_token_and_a_read_only_root(name: str) -> None:
    pod = PODS[name]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"]["drop"] == ["ALL"]
        assert container["resources"]["requests"]["cpu"]
        assert container["resources"]["limits"]["memory"]


WORKERS = {"scorer": "scorer", "monitor": "monitor", "retrainer": "trainer"}
"""Deployments of workers, and the images that they run."""


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_checked_by_the_same_command_everywhere_and_answers_prometheus(name: str) -> None:
    command = ["python", "-m", "common.worker.health"]
    pod = PODS[f"{name}/Deployment/{name}"]
    (container,) = pod["spec"]["containers"]
    assert container["livenessProbe"]["exec"]["command"] == command
    assert {"name": "WORKER_METRICS_PORT", "value": "9108"} in container["env"]
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == "9108"
    assert name in str(dict(documents(BASE))["network/NetworkPolicy/to-workers"]["spec"]["podSelector"])
    image = (REPOSITORY / "services" / WORKERS[name] / "Dockerfile").read_text()
    assert "WORKER_HEARTBEAT_FILE=/tmp/heartbeat" in image
    service = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"][name]
    assert service["environment"]["WORKER_METRICS_PORT"] == "9108"
    assert service.get("healthcheck", {}).get("test") == ["CMD", *command] or json.dumps(command) in image
    assert f"names: [{name}], type: A, port: 9108" in (REPOSITORY / "prometheus/prometheus.yml").read_text()
    assert services.HEALTH[1:] == command[1:]


@pytest.mark.parametrize("name", [name for name in PODS if "/Deployment/" in name])
def test_a_deployment_has_a_probe(name: str) -> None:
    (container,) = PODS[name]["spec"]["containers"]
    assert "livenessProbe" in container


def test_images_are_ours_and_the_overlay_gives_each_a_tag() -> None:
    used = {
        container["image"]
        for pod in PODS.values()
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    }
    kustomization = yaml.safe_load((PRODUCTION / "kustomization.yaml").read_text())
    assert used == {image["name"] for image in kustomization["images"]}
    assert all(image["newTag"] != "latest" for image in kustomization["images"])


def test_selectors_find_pods() -> None:
    labels = [pod["metadata"]["labels"] for pod in PODS.values()]
    for name, document in DOCUMENTS.items():
        if document["kind"] in ("Service", "PodDisruptionBudget"):
            selector = document["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= each.items() for each in labels), name


def test_settings_are_those_of_compose() -> None:
    compose = set(yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["x-settings"])
    only_here = {"MLFLOW_ARTIFACTS", "MLFLOW_BACKEND_STORE_URI", "QUEUE_ADDRESS", "QUEUE_PASSWORD"}
    for file in ("settings.env", "secrets.env.example"):
        names = {line.split("=")[0] for line in (PRODUCTION / file).read_text().splitlines()}
        assert names - only_here <= compose


def test_whatever_reads_the_shop_s_source_finds_its_file_if_there_is_one() -> None:
    readers = {name: pod["spec"] for name, pod in PODS.items() if "trainer" in str(pod["spec"])}
    assert len(readers) == 2
    for pod in readers.values():
        assert {"name": "shop", "configMap": {"name": "shop", "optional": True}} in pod["volumes"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert {"name": "shop", "mountPath": "/shop", "readOnly": True} in container["volumeMounts"]


def test_scorers_follow_the_lists_in_which_chunks_of_every_priority_wait(
    service_env: dict[str, str],
) -> None:
    wakes = queue.Queue(QueueSettings(url=service_env["QUEUE_URL"]))
    with Redis.from_url(service_env["QUEUE_URL"], decode_responses=True) as valkey:
        valkey.flushdb()
        for priority in (queue.URGENT, queue.PATIENT):
            assert wakes.send(queue.SCORE_CHUNK, uuid4(), priority)
        lists = {key for key in valkey.scan_iter() if valkey.type(key) == "list"}
        valkey.flushdb()
    scaled = DOCUMENTS["scorer/ScaledObject/scorer"]["spec"]
    assert {trigger["metadata"]["listName"] for trigger in scaled["triggers"]} == lists
    assert scaled["minReplicaCount"] < scaled["maxReplicaCount"]
    authentication = DOCUMENTS["scorer/TriggerAuthentication/queue"]
    for trigger in scaled["triggers"]:
        assert (trigger["type"], trigger["authenticationRef"]["name"]) == ("redis", authentication["metadata"]["name"])


def test_keda_finds_the_secret_under_the_name_that_kustomize_gives_it() -> None:
    (reference,) = yaml.safe_load((BASE / "references.yaml").read_text())["nameReference"]
    assert reference["kind"] == "Secret"
    for place in reference["fieldSpecs"]:
        (user,) = (document for document in DOCUMENTS.values() if document["kind"] == place["kind"])
        assert user["spec"]["secretTargetRef"][0]["name"] == "secrets"
        assert place["path"] == "spec/secretTargetRef/name"


def test_nothing_is_allowed_on_the_network_that_is_not_written_down() -> None:
    nobody = DOCUMENTS["network/NetworkPolicy/nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_worker_waits_for_the_retrainings_that_the_monitor_asks_for() -> None:
    (worker,) = PODS["retrainer/Deployment/retrainer"]["spec"]["containers"]
    assert (worker["image"], worker["args"]) == ("delivery-time/trainer", ["worker"])
    label = PODS["retrainer/Deployment/retrainer"]["metadata"]["labels"]["app"]
    base = dict(documents(BASE))
    for policy in ("to-mlflow", "from-services-to-mlflow", "to-servers"):
        assert label in str(base[f"network/NetworkPolicy/{policy}"]["spec"]), policy


def test_mlflow_answers_by_every_name_that_the_cluster_has_for_it() -> None:
    (container,) = PODS["mlflow/Deployment/mlflow"]["spec"]["containers"]
    (allowed,) = (part for part in container["args"] if part.startswith("--allowed-hosts="))
    namespace = yaml.safe_load((BASE / "kustomization.yaml").read_text())["namespace"]
    for domain in ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"):
        for host in (f"mlflow{domain}", f"mlflow{domain}:5000"):
            assert any(fnmatch(host, name) for name in allowed.partition("=")[2].split(",")), host
