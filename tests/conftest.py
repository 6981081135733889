"""Fixtures that every test may use, and which tests stay together when several processes share them."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import NodeManager

pytest_plugins = ["support.stack_fixtures", "support.model_fixtures", "support.gateway_fixtures"]

NodeManager.EXIT_TIMEOUT = 60  # what an interrupted run gives its processes to stop their servers


class ByServers(LoadFileScheduling):
    """Files stay whole, as their servers start once each; so does `e2e`, for which a whole system starts."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServers:
    """How `--numprocesses` shares tests out."""
    return ByServers(config, log)
