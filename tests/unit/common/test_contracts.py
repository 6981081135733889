"""The layers of pyproject.toml hold: an import across them fails `make check`."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES, CONTRACTS = CONFIG["root_packages"], CONFIG["contracts"]
MOST_MODULES = 14
MIGRATIONS = Path("libs/common/src/common/database/migrations/versions")
ROOMS = next(re.findall(r"\w+", " ".join(each["layers"])) for each in CONTRACTS if each.get("containers") == ["common"])


REFUSED = {
    "gateway.routes": "scorer",
    "monitor.replay": "devstack",
    "common.orders.places": "gateway",
    "common.orders.fields": "common.model",
    "common.servers.objects": "common.database",
    "scorer.worker": "scorer.cli",
    "dashboards.system": "trainer",
}
"""Modules, and what they must not import: a package above them or beside them, or a command line."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The packages without their code, under the contracts of the real ones."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in (*PACKAGES, *(f"common/{room}" for room in ROOMS), "gateway/log", "gateway/model"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for service in ("gateway", "scorer"):
        (tmp_path / service / "cli.py").touch()
    (tmp_path / "gateway/model/shadow.py").write_text("import gateway.log\n")
    return tmp_path


def checked(tree: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=tree, env={"PYTHONPATH": "."}, capture_output=True, text=True)


def test_each_import_across_the_layers_is_refused(tree: Path) -> None:
    assert checked(tree).returncode == 0, checked(tree).stdout
    for module, imported in REFUSED.items():
        (tree / f"{module.replace('.', '/')}.py").write_text(f"import {imported}\n")
    refused = checked(tree)
    assert refused.returncode == 1
    assert set(re.findall(r"- +(\S+) -> (\S+) \(l", refused.stdout)) == set(REFUSED.items())


def test_folders_that_import_each_other_are_refused(tree: Path) -> None:
    (tree / "gateway/log/sender.py").write_text("import gateway.model\n")
    assert "No cycles are allowed in gateway" in checked(tree).stdout


def test_no_folder_has_more_modules_than_a_glance_takes_in() -> None:
    modules = [file for room in ("libs", "services", "tools", "tests") for file in (ROOT / room).rglob("*.py")]
    counted = Counter(file.parent.relative_to(ROOT) for file in modules if file.name != "__init__.py")
    counted.pop(MIGRATIONS)  # a record, which only grows
    assert {str(folder): count for folder, count in counted.items() if count > MOST_MODULES} == {}
