"""The Kubernetes manifests: valid against the schemas, complete, and with the least rights. Never applied here."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.errors import InvalidSettings
from common.settings import (
    DatabaseSettings,
    ModeSettings,
    ObjectStoreSettings,
    QueueSettings,
    RegistrySettings,
    load,
)
from devstack import services
from devstack.servers import mlflow_server
from gateway.settings import GatewaySettings
from trainer.commands.models import NOT_PROMOTED

REPOSITORY = Path(__file__).parents[3]
ROOT = REPOSITORY / "deploy/kubernetes"
SCHEMA = "1.34"
KUSTOMIZE = {"kustomize.config.k8s.io/v1beta1", "kustomize.config.k8s.io/v1alpha1"}
CLASSES_OF_OTHERS = KUSTOMIZE | {"keda.sh/v1alpha1", "monitoring.coreos.com/v1"}
DEPLOY_DOC = (REPOSITORY / "docs/deploy.md").read_text()
BASE = ROOT / "base"
PROMETHEUS = ROOT / "components/prometheus"
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


@pytest.mark.parametrize("folder", [BASE, PRODUCTION, PROMETHEUS], ids=lambda folder: folder.name)
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
    assert pod["enableServiceLinks"] is False, "GATEWAY_PORT=tcp://... would be a setting"
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


ENVIRONMENT = ("settings.env", "secrets.env.example")


def test_settings_are_documented_ones() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (REPOSITORY / "docs/settings.md").read_text(), re.M))
    of_mlflow = {"MLFLOW_ARTIFACTS"}
    for file in ENVIRONMENT:
        names = {line.split("=")[0] for line in (PRODUCTION / file).read_text().splitlines()}
        assert names - of_mlflow <= documented | {"REGISTRY_URL", "MLFLOW_TRACKING_URI"}


def test_the_overlay_s_settings_are_taken_with_a_role_in_place_of_keys_and_an_open_password_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [(PRODUCTION / file).read_text() for file in ENVIRONMENT[:2]]
    for name, value in re.findall(r"^([A-Z_]+)=(.*)$", "\n".join(texts), re.M):
        monkeypatch.setenv(name, value.replace("PASSWORD", "s3cret"))
    for group in (
        DatabaseSettings,
        QueueSettings,
        ObjectStoreSettings,
        RegistrySettings,
        GatewaySettings,
        ModeSettings,
    ):
        load(group)
    monkeypatch.setenv("QUEUE_URL", "rediss://:PASSWORD@host:6379/0")
    with pytest.raises(InvalidSettings, match="well-known"):
        load(QueueSettings)


def test_no_pod_but_mlflow_s_knows_mlflow_s_database() -> None:
    assert [name for name, pod in PODS.items() if "'secretRef': {'name': 'mlflow'}" in str(pod)] == [
        "mlflow/Deployment/mlflow"
    ]
    assert "MLFLOW_BACKEND_STORE_URI=" in (PRODUCTION / "mlflow.env.example").read_text()
    assert "'name': 'secrets'" not in str(PODS["mlflow/Deployment/mlflow"])
    assert "MLFLOW_BACKEND" not in (PRODUCTION / "secrets.env.example").read_text()


def test_each_pod_is_given_the_keys_of_its_own_service_alone() -> None:
    names = {line.split("=")[0] for line in (PRODUCTION / "keys.env.example").read_text().splitlines()}
    given: dict[str, set[str]] = {}
    for name, pod in PODS.items():
        service = name.rpartition("/")[2]
        given[service] = set(re.findall(r"'name': 'keys', 'key': '(\w+)'", str(pod)))
        assert "'secretRef': {'name': 'keys'}" not in str(pod)
    trainer = {"TRAINER_DATABASE_URL", "REGISTRY_WRITER_URL", "TRAINER_SIGNING_KEY"}
    assert given == {
        "gateway": {"GATEWAY_DATABASE_URL", "REGISTRY_READER_URL"},
        "scorer": {"SCORER_DATABASE_URL", "REGISTRY_READER_URL"},
        "monitor": {"MONITOR_DATABASE_URL", "REGISTRY_WRITER_URL"},
        "console": {"CONSOLE_DATABASE_URL", "REGISTRY_WRITER_URL"},
        "retrainer": trainer,
        "train": trainer,
        "mlflow": set(),
        "migrate": set(),
    }
    assert set.union(*given.values()) == names


def test_whatever_reads_the_shop_s_source_finds_its_file_if_there_is_one() -> None:
    readers = {name: pod["spec"] for name, pod in PODS.items() if "trainer" in str(pod["spec"])}
    assert len(readers) == 2
    for pod in readers.values():
        assert {"name": "shop", "configMap": {"name": "shop", "optional": True}} in pod["volumes"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert {"name": "shop", "mountPath": "/shop", "readOnly": True} in container["volumeMounts"]


def test_what_keeps_a_pod_from_being_moved_does_not_hold_for_one_that_is_not_ready() -> None:
    budgets = [document for document in DOCUMENTS.values() if document["kind"] == "PodDisruptionBudget"]
    assert len(budgets) == 2
    assert all(budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow" for budget in budgets)


def test_the_tables_are_migrated_before_anything_that_uses_them_is_rolled_out() -> None:
    label = {"rolled-out": "after-migration"}
    for name, document in dict(documents(BASE)).items():
        is_rolled_out = document.get("metadata", {}).get("labels", {}).items() >= label.items()
        assert is_rolled_out == (document["kind"] == "Deployment"), name
    for text_ in ((REPOSITORY / ".github/workflows/release.yml").read_text(), DEPLOY_DOC):
        steps = ("delete job migrate", "--selector '!rolled-out'", "job/migrate", "apply --kustomize .\n")
        places = [text_.index(step) for step in steps]
        assert places == sorted(places)


def test_a_second_roll_out_finds_the_migration_s_place_free() -> None:
    assert DOCUMENTS["migrate/Job/migrate"]["spec"]["ttlSecondsAfterFinished"] <= 600


def test_a_candidate_that_the_gate_refuses_is_not_trained_once_more() -> None:
    (rule,) = DOCUMENTS["train/CronJob/train"]["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [NOT_PROMOTED])
    assert PODS["train/CronJob/train"]["spec"]["restartPolicy"] == "Never"


def test_mlflow_s_tables_are_upgraded_before_it_starts_on_every_way_to_run_it() -> None:
    pod = PODS["mlflow/Deployment/mlflow"]["spec"]
    (upgrade,) = pod["initContainers"]
    services_ = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]
    assert upgrade["args"] == services_["mlflow-migrate"]["command"] == ["python", "-c", mlflow_server.UPGRADE]
    assert services_["mlflow"]["depends_on"]["mlflow-migrate"]["condition"] == "service_completed_successfully"
    assert {each["tolerationSeconds"] for each in pod["tolerations"]} == {30}


def test_alerts_have_an_address_to_go_to() -> None:
    assert "MONITOR_WEBHOOK_URL=" in (PRODUCTION / "secrets.env.example").read_text().splitlines()


def test_no_deployment_waits_for_a_download_before_it_starts() -> None:
    """A release waits for its roll-out: whatever is slow outside of the cluster would fail it."""
    waits = {name for name, pod in PODS.items() if "initContainers" in pod["spec"] and "/Deployment/" in name}
    assert waits == {"mlflow/Deployment/mlflow"}


def test_images_may_come_from_a_private_registry_whose_name_the_overlay_gives() -> None:
    for account in ("services", "mlflow"):
        assert DOCUMENTS[f"accounts/ServiceAccount/{account}"]["imagePullSecrets"] == [{"name": "registry"}]
    for image in yaml.safe_load((PRODUCTION / "kustomization.yaml").read_text())["images"]:
        assert image["newName"] == image["name"].replace("delivery-time/", "ghcr.io/owner/delivery-time/")
        assert image["newName"] == image["newName"].lower()


def test_a_pod_asks_for_the_disk_that_it_uses() -> None:
    for name, pod in PODS.items():
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            assert container["resources"]["requests"]["ephemeral-storage"], name


def test_nothing_is_allowed_on_the_network_that_is_not_written_down() -> None:
    nobody = DOCUMENTS["network/NetworkPolicy/nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_worker_waits_for_the_retrainings_that_the_monitor_asks_for() -> None:
    (worker,) = PODS["retrainer/Deployment/retrainer"]["spec"]["containers"]
    assert (worker["image"], worker["args"]) == ("delivery-time/trainer", ["worker"])


def test_mlflow_answers_by_every_name_that_the_cluster_has_for_it() -> None:
    (container,) = PODS["mlflow/Deployment/mlflow"]["spec"]["containers"]
    (allowed,) = (part for part in container["args"] if part.startswith("--allowed-hosts="))
    namespace = yaml.safe_load((BASE / "kustomization.yaml").read_text())["namespace"]
    for domain in ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"):
        for host in (f"mlflow{domain}", f"mlflow{domain}:5000"):
            assert any(fnmatch(host, name) for name in allowed.partition("=")[2].split(",")), host
