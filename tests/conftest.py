"""Fixtures that every test may use, and how several processes share the tests."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import NodeManager

pytest_plugins = ["support.stack_fixtures", "support.model_fixtures", "support.gateway_fixtures"]

NodeManager.EXIT_TIMEOUT = 60  # what an interrupted run gives its processes to stop their servers

TOGETHER = {
    "mlflow": (
        "tests/integration/trainer/test_lifecycle.py",
        "tests/integration/trainer/test_registered_model.py",
        "tests/integration/trainer/test_versions.py",
        "tests/integration/loop/",
        "tests/integration/scorer/test_hosts.py",
        "tests/integration/common/test_registry.py",
        "tests/integration/gateway/test_champion.py",
        "tests/integration/devstack/test_mlflow.py",
    ),
    "scorer": ("tests/integration/scorer/",),
    "monitor": ("tests/integration/monitor/", "tests/unit/monitor/"),
    "gateway": ("tests/integration/gateway/",),
    "e2e": ("tests/e2e/",),
    "console": ("tests/integration/console/",),
    "stack": ("tests/integration/devstack/",),
    "worker life": ("tests/integration/common/test_worker_life.py",),
}
"""Tests for one process: their servers start, or Evidently is imported, once for all of them. Longest first."""


def together(file: str) -> str:
    """The group of a file, which is its own if no other is named."""
    return next((group for group, paths in TOGETHER.items() if file.startswith(paths)), file)


class ByServers(LoadFileScheduling):
    """Gives whole groups to the processes."""

    def _split_scope(self, nodeid: str) -> str:
        return together(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServers:
    """How `--numprocesses` shares tests out."""
    return ByServers(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long groups first, so that none is begun when the other processes have nothing left to do."""
    rank = {group: number for number, group in enumerate(TOGETHER)}
    items.sort(key=lambda item: rank.get(together(item.nodeid.partition("::")[0]), len(rank)))
