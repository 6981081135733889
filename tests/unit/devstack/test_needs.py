import pytest

from devstack.errors import StackError
from devstack.servers.process import Process
from devstack.supervision.supervisor import with_needs

PROCESSES = [
    Process("postgres", []),
    Process("valkey", []),
    Process("migrations", [], needs=("postgres",)),
    Process("gateway", [], needs=("migrations", "valkey")),
    Process("monitor", [], needs=("valkey",)),
]


@pytest.mark.parametrize(
    ("asked", "started"),
    [
        (["gateway"], ["postgres", "valkey", "migrations", "gateway"]),
        (["monitor", "postgres"], ["postgres", "valkey", "monitor"]),
        ([], ["postgres", "valkey", "migrations", "gateway", "monitor"]),
    ],
)
def test_a_process_brings_all_it_needs(asked: list[str], started: list[str]) -> None:
    assert [process.name for process in with_needs(PROCESSES, asked)] == started


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(StackError, match=r"'gatway'.*gateway"):
        with_needs(PROCESSES, ["gatway"])
