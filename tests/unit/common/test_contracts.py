"""The layers of pyproject.toml hold: an import across them fails `make check`."""

import re
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
ROOMS = next(re.findall(r"\w+", " ".join(each["layers"])) for each in CONTRACTS if each.get("containers") == ["common"])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The packages without their code, under the contracts of the real ones."""
    config = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(re.sub(r"^ignore_imports = .*$", "", config, flags=re.M))
    for package in (*PACKAGES, *(f"common/{room}" for room in ROOMS)):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for service in ("gateway", "scorer"):
        (tmp_path / service / "cli.py").touch()
    return tmp_path


def checked(tree: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=tree, env={"PYTHONPATH": "."}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("gateway/routes.py", "scorer", "a service imports common, never another service"),
        ("common/orders/fields.py", "gateway", "a service imports common, never another service"),
        ("monitor/replay.py", "devstack", "a service imports common, never another service"),
        ("common/orders/fields.py", "common.model", "in common,"),
        ("common/servers/objects.py", "common.database", "in common,"),
        ("scorer/worker.py", "scorer.cli", "nothing imports a command line"),
        ("dashboards/system.py", "trainer", "the dashboards read the rules of the monitor alone"),
    ],
)
def test_an_import_across_the_layers_is_refused(tree: Path, module: str, imported: str, contract: str) -> None:
    assert checked(tree).returncode == 0, checked(tree).stdout
    (tree / module).write_text(f"import {imported}\n")
    refused = checked(tree)
    assert refused.returncode == 1
    (broken,) = (line for line in refused.stdout.splitlines() if line.endswith("BROKEN"))
    assert broken.startswith(contract)


def test_no_folder_has_more_modules_than_a_glance_takes_in() -> None:
    modules = [file for room in ("libs", "services", "tools", "tests") for file in (ROOT / room).rglob("*.py")]
    counted = Counter(file.parent.relative_to(ROOT) for file in modules if file.name != "__init__.py")
    assert {str(folder): count for folder, count in counted.items() if count > MOST_MODULES} == {}
