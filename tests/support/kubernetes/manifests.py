"""The manifests as `kubectl kustomize` renders them."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/kubernetes"
PRODUCTION = "overlays/production"

Document = dict[str, Any]


@dataclass(frozen=True)
class Manifests:
    """Rendered documents, by kind and name."""

    documents: tuple[Document, ...]

    def of_kind(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    def named(self, kind: str, name: str) -> Document:
        (found,) = (each for each in self.of_kind(kind) if each["metadata"]["name"] == name)
        return found

    @cached_property
    def pods(self) -> dict[str, Document]:
        """The pods' templates, by the name of what makes them."""
        return {
            each["metadata"]["name"]: each["spec"].get("jobTemplate", each)["spec"]["template"]
            for each in self.of_kind("Deployment", "Job", "CronJob")
        }


def copied(folder: Path) -> Path:
    """A copy of all manifests, whose overlay has the examples of its secrets for secrets; the overlay's folder."""
    overlay = shutil.copytree(FOLDER, folder / "kubernetes") / PRODUCTION
    for example in overlay.glob("*.env.example"):
        shutil.copy(example, example.with_suffix(""))
    return overlay


def rendered(folder: Path) -> Manifests:
    """What `kubectl apply --kustomize` would send; skips the test where there is no kubectl."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("NOT RUN: there is no kubectl to render the manifests with")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Manifests(tuple(yaml.safe_load_all(done.stdout)))
