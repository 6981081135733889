import pytest

from devstack.table import duration, table


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert table(("process", "pid"), [("valkey", "12"), ("seaweedfs", "7")]) == (
        "process    pid\nvalkey     12\nseaweedfs  7"
    )


@pytest.mark.parametrize(("seconds", "said"), [(42.9, "42 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_a_duration_reads_as_a_person_says_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said
