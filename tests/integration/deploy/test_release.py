"""The release workflow's own commands, run here: with stand-ins for the programs that reach AWS and the cluster."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
OVERLAY = "deploy/kubernetes/overlays/production"
JOBS: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
SECRETS = {
    "SECRETS_ENV": "hidden",
    "MLFLOW_ENV": "MLFLOW_BACKEND_STORE_URI=there",
    "KEYS_ENV": "A=b",
}
GIVEN = {"AWS_ROLE": "arn:aws:iam::1:role/release", "AWS_REGION": "sa-east-1", "CLUSTER": "delivery-time", **SECRETS}
STAND_INS = {
    "curl": """echo '{"value": "a-token-of-github"}'""",
    "jq": "sed -E 's/.*: \"(.*)\".*/\\1/'",
    "aws": 'echo "aws $*" >> "$CALLS"; printf "an-id\\ta-key\\ta-session\\n"',
    "kustomize": 'echo "kustomize $*" >> "$CALLS"',
    "kubectl": 'echo "kubectl $*" >> "$CALLS"; [[ "$*" != *"${REFUSES:-nothing at all}"* ]]',
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def step(job: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in JOBS[job]["steps"] if name in (each.get("name"), each.get("id")))
    return dict(found)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a step in a checkout's folder as GitHub does; what was called is in the file `calls`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, script in STAND_INS.items():
        (programs / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
        (programs / name).chmod(0o755)
    shutil.copytree(ROOT / OVERLAY, tmp_path / OVERLAY)
    files = {name: str(tmp_path / name.lower()) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "CALLS")}

    def call(found: dict[str, Any], **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {"PATH": f"{programs}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path), **files}
        asked = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "asks", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://us.example?a=b"}
        return subprocess.run(
            ["bash", "-e", "-c", found["run"]],
            cwd=tmp_path / found.get("working-directory", "."),
            env=own | asked | environment,
            capture_output=True,
            text=True,
        )

    return call


def test_the_deployment_runs_where_the_cluster_answers_and_proves_who_it_is() -> None:
    deploy = JOBS["deploy"]
    assert deploy["runs-on"] == ["self-hosted", "delivery-time"]
    assert deploy["permissions"]["id-token"] == "write"
    assert deploy["environment"] == "production"
    assert "--labels delivery-time" in (ROOT / "docs/aws.md").read_text()


def test_it_becomes_the_role_and_writes_the_secrets_for_nobody_else(run: Run, tmp_path: Path) -> None:
    done = run(step("deploy", "Become the role that may deploy"), **GIVEN)
    assert done.returncode == 0, done.stderr
    assert "--web-identity-token a-token-of-github" in (tmp_path / "calls").read_text()
    assert "::add-mask::a-key" in done.stdout
    kept = (tmp_path / "github_env").read_text().splitlines()
    assert {"AWS_ACCESS_KEY_ID=an-id", "AWS_SECRET_ACCESS_KEY=a-key", "AWS_SESSION_TOKEN=a-session"} <= set(kept)
    for name, value in (
        ("secrets.env", SECRETS["SECRETS_ENV"]),
        ("mlflow.env", SECRETS["MLFLOW_ENV"]),
        ("keys.env", SECRETS["KEYS_ENV"]),
    ):
        assert (tmp_path / OVERLAY / name).read_text() == value + "\n"
        assert (tmp_path / OVERLAY / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", GIVEN)
def test_it_says_what_the_environment_lacks(run: Run, name: str) -> None:
    done = run(step("deploy", "Become the role that may deploy"), **GIVEN | {name: ""})
    assert done.returncode == 1
    assert f"lacks {name} " in done.stdout


@pytest.mark.parametrize("refuses", ["nothing at all", "wait --for", "apply --kustomize . --selector"])
def test_it_migrates_before_it_rolls_out_and_rolls_nothing_out_on_old_tables(
    run: Run, tmp_path: Path, refuses: str
) -> None:
    done = run(step("deploy", "Migrate, then roll out"), IMAGES="ghcr.io/Us/Eta", TAG="v1", REFUSES=refuses)
    calls = (tmp_path / "calls").read_text()
    assert "image delivery-time/gateway=ghcr.io/us/eta/gateway:v1" in calls
    if refuses == "nothing at all":
        order = (
            "delete job migrate",
            "--selector !rolled-out",
            "wait --for=condition=complete",
            "apply --kustomize .\n",
        )
        assert [calls.index(each) for each in order] == sorted(calls.index(each) for each in order)
        waited = set(re.findall(r"rollout status \S+ deployment/(\w+)", calls))
        base = (ROOT / "deploy/kubernetes/base").glob("*.yaml")
        assert waited == {
            name for file in base for name in re.findall(r"kind: Deployment\nmetadata: { name: (\w+)", file.read_text())
        }
        assert done.returncode == 0
    else:
        assert done.returncode != 0
        assert "apply --kustomize .\n" not in calls
        assert "rollout status" not in calls


def test_names_of_images_are_in_small_letters(run: Run, tmp_path: Path) -> None:
    done = run(step("push", "name"), IMAGE="ghcr.io/Us/Eta/gateway")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "github_output").read_text() == "image=ghcr.io/us/eta/gateway\n"


def test_attestations_are_made_where_they_cost_nothing() -> None:
    (attest,) = (each for each in JOBS["push"]["steps"] if "attest" in each.get("uses", ""))
    assert attest["if"] == "${{ !github.event.repository.private }}"
