"""Where data ends, and which data it is."""

from dataclasses import replace

import numpy as np
import pytest

from support.model_fixtures import made_up_data, made_up_history
from trainer.data.history import end_of

WRONG = np.datetime64("2019-06-01T00:00:00", "s")


def test_data_ends_with_its_newest_event() -> None:
    history = made_up_history(2_000)
    newest = max(np.nanmax(history.delivered), history.orders.purchase_timestamp.max())
    assert newest - end_of(history) < np.timedelta64(30, "D")


def test_one_wrong_date_does_not_decide_where_data_ends() -> None:
    history = made_up_history(2_000)
    delivered = history.delivered.copy()
    delivered[np.flatnonzero(~np.isnat(delivered))[7]] = WRONG
    assert end_of(replace(history, delivered=delivered)) == end_of(history)


def test_the_fingerprint_tells_orders_apart_wherever_they_come_from() -> None:
    one, same, other = (made_up_data(200, seed) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_of_many_orders_the_same_sample_is_drawn_each_time_and_says_of_how_many() -> None:
    data = made_up_data(2_000)
    assert data.sample(2_000) is data
    assert data.extent == "2,000 orders"
    drawn = data.sample(500)
    assert len(drawn.history) == pytest.approx(500, abs=80)
    assert drawn.fingerprint == data.sample(500).fingerprint
    assert drawn.sample(100).extent.endswith("orders, a sample of 2,000")
