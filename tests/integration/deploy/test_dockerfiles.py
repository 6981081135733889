"""The Dockerfiles keep their word, read without Docker."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKERFILES = sorted([*ROOT.glob("services/*/Dockerfile"), *ROOT.glob("deploy/*/Dockerfile")])
NAMES = [path.parent.name for path in DOCKERFILES]


def test_every_service_has_one() -> None:
    assert {path.parent for path in ROOT.glob("services/*/pyproject.toml")} <= {path.parent for path in DOCKERFILES}


@pytest.mark.parametrize("path", DOCKERFILES, ids=NAMES)
def test_it_builds_on_pinned_images_from_the_lock_and_runs_without_rights(path: Path) -> None:
    text = path.read_text()
    stages = re.findall(r"^FROM \S+ AS (\S+)", text, re.M)
    bases = {base for base in re.findall(r"^FROM (\S+)", text, re.M) if base not in stages}
    assert bases == {"ghcr.io/astral-sh/uv:0.13.9", "python:3.11-slim-bookworm"}
    assert "--constraint requirements.lock" in text
    assert "USER 10001:10001" in text
    assert "org.opencontainers.image.revision" in text
    assert "HEALTHCHECK" in text or path.parent.name == "trainer"


@pytest.mark.parametrize("path", DOCKERFILES, ids=NAMES)
def test_what_is_served_comes_from_earlier_stages_without_their_tools(path: Path) -> None:
    final = path.read_text().split(f"AS {path.parent.name}\n")[1].split("\nFROM ")[0]
    assert "apt-get" not in final
    assert "uv " not in final


def test_the_context_holds_what_images_are_built_from_and_nothing_else() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in ignore if line.startswith("!")]
    assert ignore[1] == "*"
    assert set(allowed) == {
        "requirements.lock",
        "pyproject.toml",
        "libs/common",
        "libs/devstack/src/devstack/mlflow_login.py",
        "services",
        "docs/runbook.md",
        "notebooks",
        "build/champion",
    }


@pytest.mark.parametrize("path", DOCKERFILES, ids=NAMES)
def test_what_it_copies_is_in_the_context(path: Path) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    text = path.read_text().replace("\\\n", " ")
    mounted = re.findall(r"type=bind,source=([^, ]+)", text)
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(\S+) \S+$", text, re.M)
    for source in (*mounted, *copied):
        assert any(source == each or source.startswith(f"{each}/") for each in allowed), source


def test_python_and_uv_are_those_of_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.search(r"^uv==(\S+)", lock, re.M)
    assert pinned
    assert all(f"astral-sh/uv:{pinned[1]} " in path.read_text() for path in DOCKERFILES)
