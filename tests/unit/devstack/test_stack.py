import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.environment import stack_environment
from devstack.errors import CannotRun, NotSetUp
from devstack.services import processes
from devstack.stack import LONGEST_SOCKET_NAME, LONGEST_SOCKET_PATH, Stack
from support.stack_fixtures import free_settings


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(free_settings(tmp_path / "it's a folder"))
    made.create()
    yield made
    made.discard_temp()
    assert not made.temp.exists()


def test_the_env_file_gives_back_what_was_written_even_with_spaces_and_quotes(stack: Stack) -> None:
    assert stack_environment(stack) == stack.environment


def test_a_shell_reads_the_env_file_too(stack: Stack) -> None:
    read = subprocess.run(
        ["bash", "-c", '. "$0"; echo "$REGISTRY_CACHE_DIR"', stack.env_file], capture_output=True, text=True, check=True
    )
    assert read.stdout.strip() == stack.environment["REGISTRY_CACHE_DIR"]


def test_a_folder_without_a_stack_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(NotSetUp, match="make up"):
        stack_environment(Stack(free_settings(tmp_path)))


def test_sockets_stay_within_the_length_the_kernel_allows_and_apart_for_each_stack(tmp_path: Path) -> None:
    deep = [Stack(free_settings(tmp_path / ("long" * 30) / name)) for name in ("one", "two")]
    near = Stack(free_settings(Path("/srv/stack")))
    assert near.temp == near.directory / "tmp"
    assert all(len(str(stack.temp)) + LONGEST_SOCKET_NAME < LONGEST_SOCKET_PATH for stack in deep)
    assert deep[0].temp != deep[1].temp


def test_a_folder_of_sockets_that_another_user_made_first_is_refused(tmp_path: Path) -> None:
    stack = Stack(free_settings(tmp_path / ("long" * 30)))
    stack.temp.symlink_to(tmp_path)
    try:
        with pytest.raises(CannotRun, match="STACK_DIR"):
            stack.create()
    finally:
        stack.temp.unlink()


def test_each_service_is_given_its_own_keys_alone(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    monkeypatch.setenv("GATEWAY_RATE", "7")
    given = {process.name: process.env for process in processes(stack)}
    addresses = [given[name]["DATABASE_URL"] for name in ("gateway", "console", "scorer-1", "monitor", "trainer")]
    assert len({*addresses, stack.database_url}) == 6
    assert {name for name, env in given.items() if "TRAINER_SIGNING_KEY" in env} == {"trainer", "migrations"}
    assert {name for name, env in given.items() if "AWS_SECRET_ACCESS_KEY" in env} == {"trainer", "migrations"}
    assert given["gateway"]["GATEWAY_RATE"] == "7"
    reading = {name for name, env in given.items() if env["REGISTRY_URL"].startswith("http://reader:")}
    assert reading == {"gateway", "scorer-1"}
