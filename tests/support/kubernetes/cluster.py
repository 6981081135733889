"""The production overlay on this machine: filled in as docs/aws.md says, rendered, and run on embedded servers."""

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from common.servers.signatures import SigningKey
from devstack.servers.ports import pick_free
from devstack.stack import BUCKET, MLFLOW_BUCKET, REGION, Stack
from support.kubernetes.kubelet import Container, containers, volume_files
from support.kubernetes.manifests import Manifests
from support.kubernetes.sandbox import Running, Stopped, start
from support.waiting import wait_until

SECRET = "s3cret-of-all"
SIGNING = "5e" * 32


def fill_in(overlay: Path, stack: Stack) -> None:
    """The values that only exist once there are servers. Those here know no TLS."""
    postgres, queue = (f"127.0.0.1:{port}" for port in (stack.settings.postgres_port, stack.settings.valkey_port))
    for path in overlay.glob("*.env"):
        text = path.read_text().replace("rediss://:PASSWORD", f"redis://:{stack.credentials.queue_password}")
        text = (
            re.sub(r"(?<=[:=])PASSWORD", SECRET, text)
            .replace("SIGNING_KEY=", f"SIGNING_KEY={SIGNING}")
            .replace("HOST:5432", postgres)
            .replace("HOST:6379", queue)
        )
        path.write_text(re.sub(r"\?(sslmode|ssl_cert_reqs)=\S*", "", text))
    here = {
        "OBJECT_STORE_ENDPOINT": stack.object_store_endpoint,
        "OBJECT_STORE_REGION": REGION,
        "OBJECT_STORE_BUCKET": BUCKET,
        "MLFLOW_ARTIFACTS": f"s3://{MLFLOW_BUCKET}",
        "REGISTRY_TRUSTED_KEYS": SigningKey(SIGNING).public,
    }
    settings = (overlay / "settings.env").read_text()
    for name, value in here.items():
        settings, count = re.subn(rf"^{name}=.*$", f"{name}={value}", settings, flags=re.M)
        assert count == 1, name
    (overlay / "settings.env").write_text(settings)


def with_shop(overlay: Path, shop: str) -> None:
    """Take the lines of kustomization.yaml that are for a shop of one's own."""
    (overlay / "shop.toml").write_text(shop)
    path = overlay / "kustomization.yaml"
    usual, own = "  - { name: settings, envs: [settings.env] }\n", r"^  # (- \{ name: (?:settings|shop),)"
    path.write_text(re.sub(own, r"  \1", path.read_text().replace(usual, ""), flags=re.M))


def roles(stack: Stack) -> dict[str, dict[str, str]]:
    """What on AWS the role of a service account is for: the object store's keys, by account."""
    keys = stack.credentials
    return {
        "services": {"OBJECT_STORE_ACCESS_KEY": keys.access_key, "OBJECT_STORE_SECRET_KEY": keys.secret_key},
        "mlflow": {
            "AWS_ACCESS_KEY_ID": keys.mlflow_access_key,
            "AWS_SECRET_ACCESS_KEY": keys.mlflow_secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "MLFLOW_S3_ENDPOINT_URL": stack.object_store_endpoint,
        },
    }


@dataclass
class Cluster:
    """Pods by name, one of each kind. Names of Services and ports of containers are ports of this machine."""

    manifests: Manifests
    roles: dict[str, dict[str, str]]
    folder: Path
    started: dict[str, list[Running]] = field(default_factory=dict)
    ended: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.ports = {
            (pod, port["name"]): (port["containerPort"], pick_free())
            for pod, template in self.manifests.pods.items()
            for container in template["spec"]["containers"]
            for port in container.get("ports", ())
        }

    def containers(self, pod: str) -> list[Container]:
        """With what its role gives it."""

        def here(text: str) -> str:
            text = re.sub(r"(?<=http://)([^/@\s]+@)?([a-z]+)(?::\d+)?(?![\w:.@])", self._service, text)
            for (name, _), (number, free) in self.ports.items():
                text = re.sub(rf"\b{number}\b", str(free), text) if name == pod else text
            return text

        found = containers(self.manifests, pod, here)
        for container in found:
            container.environment.update(self.roles[container.account])
        return found

    def _service(self, found: "re.Match[str]") -> str:
        """`NAME`, after whoever logs in there, as the Service of that name leads to its pods."""
        service = self.manifests.named("Service", found[2])["spec"]
        (pod,) = (
            name
            for name, template in self.manifests.pods.items()
            if service["selector"].items() <= template["metadata"]["labels"].items()
        )
        return f"{found[1] or ''}127.0.0.1:{self.ports[pod, service['ports'][0]['targetPort']][1]}"

    def start(self, pod: str, index: int = -1) -> Running:
        """Start one container of a pod, by default the last, which serves."""
        container = self.containers(pod)[index]
        ports = {name: free for (owner, name), (_, free) in self.ports.items() if owner == pod}
        running = start(container, self._volumes(pod), self.folder, ports)
        self.started.setdefault(pod, []).append(running)
        self.ended.callback(running.end)
        return running

    def run(self, pod: str, index: int) -> Running:
        """Start a container and wait for its end, which must be a good one."""
        running = self.start(pod, index)
        assert running.process.wait(120) == 0, f"{pod}/{running.container.name}: {running.log()}"
        return running

    def _volumes(self, pod: str) -> dict[str, Path]:
        folders = {}
        for volume in self.manifests.pods[pod]["spec"].get("volumes", ()):
            folders[volume["name"]] = folder = self.folder / pod / volume["name"]
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in volume_files(self.manifests, volume).items():
                (folder / name).write_text(text)
        return folders

    def wait_started(self, pod: str) -> None:
        """Wait as long as the kubelet does for a container to have started; not at all where it asks for nothing."""
        running = self.started[pod][-1]
        if probe := running.container.spec.get("startupProbe"):
            patience = probe["periodSeconds"] * probe["failureThreshold"]
            wait_until(lambda: running.process.poll() is not None or running.answers(probe), patience, pod)

    def stop(self) -> dict[str, Stopped]:
        """Ask every pod that serves to end, all at once."""
        serving = [pod[-1] for pod in self.started.values() if pod[-1].process.poll() is None]
        asked_at = time.monotonic()
        for running in serving:
            running.ask_to_stop()
        return {running.container.pod: running.stopped(asked_at) for running in serving}

    def memory(self, pod: str) -> int:
        """Bytes that a pod's processes have at present, what they share counted once."""
        first = psutil.Process(self.started[pod][-1].pid)
        return sum(process.memory_full_info().pss for process in (first, *first.children(recursive=True)))

    def disk(self, pod: str, volume: str) -> int:
        """Bytes in a volume."""
        return sum(path.stat().st_size for path in (self.folder / pod / volume).rglob("*") if path.is_file())
