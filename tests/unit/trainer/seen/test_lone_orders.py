"""A few orders of clocks that were never set decide on nothing."""

from dataclasses import replace

import numpy as np
import pytest

from support.model_fixtures import SHOP, made_up_history, made_up_places
from trainer.data.history import History, TrainingData
from trainer.map.draw import draw_map
from trainer.model.table import scale_of
from trainer.published.read import without_lone_begin

NEVER_SET = np.datetime64("2000-01-01", "s")


def with_the_first_at(moments: list[np.datetime64], orders: int = 900) -> History:
    history = made_up_history(orders)
    purchases = history.orders.purchase_timestamp.copy()
    purchases[: len(moments)] = moments
    return replace(history, orders=replace(history.orders, purchase_timestamp=purchases))


@pytest.mark.parametrize("lone", [1, 5])
def test_what_was_bought_years_before_all_others_is_left_out(lone: int) -> None:
    moments = [NEVER_SET + number * np.timedelta64(200, "D") for number in range(lone)]
    known = without_lone_begin(with_the_first_at(moments))
    assert len(known) == 900 - lone
    assert known.orders.purchase_timestamp.min() > np.datetime64("2017-01-01")


def test_a_shop_that_paused_keeps_its_first_orders() -> None:
    assert len(without_lone_begin(with_the_first_at([NEVER_SET] * 20))) == 900
    assert len(without_lone_begin(with_the_first_at([]))) == 900


def test_one_of_them_would_have_merged_the_groups_of_the_pace() -> None:
    lone, calm = with_the_first_at([NEVER_SET], 9_000), with_the_first_at([], 9_000)
    groups = [
        draw_map(TrainingData(history, SHOP, made_up_places()), scale_of(history)).pace_groups
        for history in (calm, lone, without_lone_begin(lone))
    ]
    assert groups[0] == groups[2] != groups[1]
