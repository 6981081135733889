"""Containers as the kubelet starts them: command, variables and mounts, from rendered manifests and Dockerfiles."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from support.kubernetes.images import Image
from support.kubernetes.manifests import Document, Manifests

CLUSTER = {
    "KUBERNETES_SERVICE_HOST": "10.100.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_PORT": "tcp://10.100.0.1:443",
}
GRACE_SECONDS = 30
"""Kubernetes' own, where a pod names none."""


@dataclass(frozen=True)
class Container:
    """A container of a pod. mounts: volume and whether it is read-only, by path."""

    pod: str
    account: str
    user: int
    grace_seconds: int
    spec: Document
    command: list[str]
    environment: dict[str, str]
    folder: str
    mounts: dict[str, tuple[str, bool]]

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.spec.get("ports", ())}


def containers(manifests: Manifests, pod: str, here: Callable[[str], str] = str) -> list[Container]:
    """A pod's containers in the order of their start: first those that prepare it. here: see `loopback`."""
    spec = manifests.pods[pod]["spec"]
    return [
        _container(manifests, pod, spec, each, here) for each in (*spec.get("initContainers", ()), *spec["containers"])
    ]


def _container(
    manifests: Manifests, pod: str, spec: Document, container: Document, here: Callable[[str], str]
) -> Container:
    image, container = Image.of(container["image"]), json.loads(here(json.dumps(container)))
    given = {
        **CLUSTER,
        **dict(service_links(manifests)),
        **image.environment,
        **dict(_variables(manifests, container)),
        "HOSTNAME": f"{pod}-0",
    }
    environment = {name: here(value) for name, value in given.items()}
    command = container.get("command", image.entrypoint)
    arguments = container.get("args", [] if "command" in container else image.command)
    return Container(
        pod=pod,
        account=spec["serviceAccountName"],
        user=spec["securityContext"]["runAsUser"],
        grace_seconds=spec.get("terminationGracePeriodSeconds", GRACE_SECONDS),
        spec=container,
        command=[_expanded(part, environment) for part in (*command, *arguments)],
        environment=environment,
        folder=container.get("workingDir", image.folder),
        mounts={
            each["mountPath"]: (each["name"], each.get("readOnly", False)) for each in container.get("volumeMounts", ())
        },
    )


def service_links(manifests: Manifests) -> Iterator[tuple[str, str]]:
    """What Kubernetes adds for each Service of the namespace, unless the pod says no."""
    for service in manifests.of_kind("Service"):
        name = service["metadata"]["name"].upper().replace("-", "_")
        port = service["spec"]["ports"][0]["port"]
        yield f"{name}_SERVICE_HOST", "10.100.14.7"
        yield f"{name}_SERVICE_PORT", str(port)
        yield f"{name}_PORT", f"tcp://10.100.14.7:{port}"
        yield f"{name}_PORT_{port}_TCP", f"tcp://10.100.14.7:{port}"


def _variables(manifests: Manifests, container: Document) -> Iterator[tuple[str, str]]:
    """Those that the manifests give; what they refer to must be there, as for the kubelet."""
    for source in container.get("envFrom", ()):
        ((kind, reference),) = source.items()
        yield from _values(manifests, kind, reference["name"]).items()
    for variable in container.get("env", ()):
        if "value" in variable:
            yield variable["name"], variable["value"]
        else:
            ((kind, reference),) = variable["valueFrom"].items()
            yield variable["name"], _values(manifests, kind, reference["name"])[reference["key"]]


def _values(manifests: Manifests, kind: str, name: str) -> dict[str, str]:
    if kind.startswith("configMap"):
        return dict(manifests.named("ConfigMap", name)["data"])
    return {key: b64decode(value).decode() for key, value in manifests.named("Secret", name)["data"].items()}


def _expanded(text: str, environment: dict[str, str]) -> str:
    """`$(NAME)` is a variable of the container; any other such text stays."""
    return re.sub(r"\$\((\w+)\)", lambda found: environment.get(found[1], found[0]), text)


def volume_files(manifests: Manifests, volume: dict[str, Any]) -> dict[str, str]:
    """What a volume holds from the start: the files of a ConfigMap, else nothing."""
    if "configMap" not in volume:
        return {}
    names = [each["metadata"]["name"] for each in manifests.of_kind("ConfigMap")]
    name = volume["configMap"]["name"]
    if volume["configMap"].get("optional") and name not in names:
        return {}
    return dict(manifests.named("ConfigMap", name)["data"])
