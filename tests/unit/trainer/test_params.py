"""What is remembered, and for how long, follows from how long the shop's deliveries take."""

import pytest

from common.model.time_scale import TimeScale
from trainer.model.params import FEWEST_TREES, Params

MINUTES, DAYS, MONTHS = TimeScale(0.02), TimeScale(10.0), TimeScale(80.0)


def test_where_deliveries_take_months_orders_teach_for_years() -> None:
    usual, slow = Params.usual(50_000, DAYS), Params.usual(50_000, MONTHS)
    assert (usual.history_days, usual.half_life_days) == (730, 240.0)
    assert (slow.history_days, slow.half_life_days) == (8 * 730, 8 * 240.0)


def test_where_they_take_minutes_habits_last_as_long_as_where_they_take_days() -> None:
    assert Params.usual(50_000, MINUTES) == Params.usual(50_000, DAYS)


@pytest.mark.parametrize(("deliveries", "trees"), [(100, FEWEST_TREES), (5_000, 75), (1_000_000, 150)])
def test_few_deliveries_get_few_trees(deliveries: int, trees: int) -> None:
    assert Params.usual(deliveries, DAYS).iterations == trees


def test_few_deliveries_get_shallow_trees() -> None:
    assert Params.usual(5_000, DAYS).depth < Params.usual(50_000, DAYS).depth == Params().depth
