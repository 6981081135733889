"""Stacks of servers only, each in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.devstack.commanded_stack import SERVERS, Commanded, commanded


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """Three servers, up."""
    each = commanded(tmp_path_factory.mktemp("up"))
    each.up(*SERVERS)
    yield each
    each.devstack("down")
    assert each.living() == []


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Commanded]:
    """A stack that is not up yet."""
    each = commanded(tmp_path)
    yield each
    each.devstack("down")
    assert each.living() == []
