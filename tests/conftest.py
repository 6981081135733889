"""Fixtures that every test may use, and which tests stay together when several processes share them."""

import pytest

pytest_plugins = ["stack_fixtures", "model_fixtures", "gateway_fixtures"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files stay whole, as their servers start once each; so does the whole system that `e2e` starts."""
    for item in items:
        folder, file = item.path.parent, item.path
        item.add_marker(pytest.mark.xdist_group("e2e" if "e2e" in folder.parts else file.as_posix()))
