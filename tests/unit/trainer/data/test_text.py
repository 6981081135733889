from datetime import datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.data.synthetic.text import ids, timestamps


@settings(deadline=None)
@given(st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=20))
def test_timestamps_read_as_python_writes_them(seconds: list[int]) -> None:
    expected = [str(datetime(1970, 1, 1) + timedelta(seconds=second)) for second in seconds]  # noqa: DTZ001
    assert timestamps(np.array(seconds)).to_list() == expected


def test_a_moment_that_has_not_come_is_null() -> None:
    present = np.array([True, False] * 9)
    column = timestamps(np.arange(18), present)
    assert column.is_not_null().to_list() == present.tolist()


def test_ids_are_distinct_and_look_like_the_original_s() -> None:
    column = ids("order", np.arange(100_000), seed=1)
    assert column.n_unique() == 100_000
    assert column.str.contains("^[0-9a-f]{32}$").all()


def test_ids_differ_by_kind_and_by_seed_and_repeat_for_the_same() -> None:
    first = [ids(kind, np.arange(5), seed)[0] for kind, seed in (("order", 1), ("customer", 1), ("order", 2))]
    assert len(set(first)) == 3
    assert ids("order", np.arange(5), 1).to_list() == ids("order", np.arange(5), 1).to_list()
