"""The stack serves root and ordinary users alike; Postgres never runs as root."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from devstack.errors import CannotRun
from devstack.servers import postgres, unprivileged
from devstack.stack import Stack
from devstack.supervision.child import running
from integration.devstack.commanded_stack import Commanded
from support.stack_fixtures import free_settings


@pytest.fixture
def as_ordinary_user(other: Commanded) -> Commanded:
    """The same stack commanded by a user who is not root: root's suite enters a user namespace for it."""
    return replace(other, prefix=unprivileged.NAMESPACE if os.geteuid() == 0 else ())


def test_an_ordinary_user_brings_servers_up_and_down(as_ordinary_user: Commanded) -> None:
    as_ordinary_user.up("postgres", "valkey")
    status = as_ordinary_user.devstack("status")
    assert status.returncode == 0, status.stdout
    assert as_ordinary_user.devstack("down").returncode == 0
    assert as_ordinary_user.living() == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name) / "stack"


def test_root_without_user_namespaces_runs_postgres_as_nobody(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unprivileged, "_namespaces_work", lambda: False)
    stack = Stack(free_settings(open_folder))
    stack.create()
    with running(postgres.process(stack), stack.directory) as server:
        user = psutil.Process(server.pid).username()
    stack.discard_temp()
    assert user == ("nobody" if os.geteuid() == 0 else psutil.Process().username())


def test_root_without_user_namespaces_in_a_closed_folder_learns_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unprivileged, "_namespaces_work", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tmp_path.chmod(0o700)
    with pytest.raises(CannotRun, match="closed to other users"):
        unprivileged.account(tmp_path)
