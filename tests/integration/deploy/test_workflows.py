"""Workflows and hooks: pinned, with the least permissions, and calling what is there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.gateway_fixtures import Gateway

ROOT = Path(__file__).parents[3]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
BIN = Path(sys.executable).parent


def jobs(name: str) -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(WORKFLOWS[name].read_text())["jobs"])


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_commit_and_jobs_end_some_time(name: str) -> None:
    for uses in re.findall(r"uses: (\S+)", WORKFLOWS[name].read_text()):
        assert uses.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses), uses
    assert all("timeout-minutes" in job or "uses" in job for job in jobs(name).values())


NEWER_THAN_NODE_20 = {
    "actions/attest-build-provenance": (3,),
    "actions/cache": (5,),
    "actions/checkout": (5,),
    "actions/setup-python": (6,),
    "aquasecurity/trivy-action": (0, 35),
    "docker/build-push-action": (7,),
    "docker/login-action": (4,),
    "docker/setup-buildx-action": (4,),
}
"""The first releases for Node 24, the only one that GitHub's runners have; of Trivy's, the first with a Trivy that was
not withdrawn after the compromise of March 2026. The commits were read off the repositories' tags in November 2026."""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_of_releases_that_runners_can_still_run(name: str) -> None:
    pinned = re.findall(r"uses: ([\w-]+/[\w-]+)@\w{40} # v([\d.]+)$", WORKFLOWS[name].read_text(), re.M)
    assert len(pinned) == len(re.findall(r"uses: (?!\./)", WORKFLOWS[name].read_text()))
    for action, release in pinned:
        assert tuple(map(int, release.split("."))) >= NEWER_THAN_NODE_20[action], (action, release)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_more(name: str) -> None:
    assert yaml.safe_load(WORKFLOWS[name].read_text())["permissions"] == {"contents": "read"}


def test_zizmor_finds_nothing() -> None:
    command = [BIN / "zizmor", "--offline", "--min-severity", "medium", "--no-progress", ROOT / ".github/workflows"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_targets_that_workflows_call_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    called = set(re.findall(r"run: make ([a-z-]+)", "".join(path.read_text() for path in WORKFLOWS.values())))
    assert called
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in called)


def test_nothing_is_pushed_before_the_tests_and_nothing_deployed_before_the_push() -> None:
    release = jobs("release")
    assert (release["push"]["needs"], release["deploy"]["needs"]) == ("tests", "push")


def test_a_release_pushes_the_image_of_every_service_and_the_overlay_runs_just_these() -> None:
    """A new member of the workspace with a Dockerfile stops here until it is released and deployed."""
    members = [root for pattern in workspace() for root in ROOT.glob(pattern)]
    folders = [*members, ROOT / "deploy/mlflow"]
    built = {
        folder.name: f"{folder.relative_to(ROOT)}/Dockerfile" for folder in folders if (folder / "Dockerfile").exists()
    }
    matrix = jobs("release")["push"]["strategy"]["matrix"]["include"]
    assert {entry["image"]: entry["dockerfile"] for entry in matrix} == built
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"].values()
    assert set(built.values()) == {service["build"]["dockerfile"] for service in compose if "build" in service}
    overlay = yaml.safe_load((ROOT / "deploy/kubernetes/overlays/production/kustomization.yaml").read_text())
    assert {image["name"] for image in overlay["images"]} == {f"delivery-time/{name}" for name in built}
    (rollout,) = re.findall(r"for image in ([a-z ]+); do", WORKFLOWS["release"].read_text())
    assert set(rollout.split()) == set(built)


def workspace() -> list[str]:
    """The folders of the workspace's members, as patterns."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        members: list[str] = tomllib.load(file)["tool"]["uv"]["workspace"]["members"]
    return members


@pytest.mark.parametrize(("path", "code"), [("/delivery_time", 0), ("/readyz", 1)])
def test_a_release_that_gives_no_right_answer_fails(gateway: Gateway, path: str, code: int) -> None:
    (step,) = (step for step in jobs("release")["deploy"]["steps"] if step.get("name") == "The API's answer is right")
    script = step["run"].split("python -c '")[1].rstrip("'\n")
    script = script.replace("http://127.0.0.1:8090/delivery_time", gateway.url + path)
    asked = subprocess.run([sys.executable, "-c", script], input="no key is asked for", capture_output=True, text=True)
    assert asked.returncode == code, asked.stderr


def test_hooks_run_tools_of_the_lock() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"ruff", "ruff-format", "mypy", "secrets", "commit-msg"}
    for hook in hooks:
        program = hook["entry"].split()[0]
        assert (BIN / Path(program).name).exists() if program.startswith(".venv") else (ROOT / program).exists()


def test_the_secrets_hook_refuses_a_key(tmp_path: Path) -> None:
    leak = tmp_path / "settings.py"
    leak.write_text('aws_key = "AKIA' + 'QXZ7M4PL2RTVWY9K"\n')
    hook = [ROOT / ".githooks/secrets", leak]
    environment = os.environ | {"BIN": str(BIN)}
    assert subprocess.run(hook, capture_output=True, env=environment).returncode == 1
    leak.write_text('aws_key = None\npassword = "s3cret"\n')
    assert subprocess.run(hook, capture_output=True, env=environment).returncode == 0
