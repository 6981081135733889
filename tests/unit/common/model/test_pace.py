"""The delivery pace remembers slow orders, and knows nothing of the future."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from common.model.pace import (
    EXPONENT,
    GROUPS,
    HORIZON_DAYS,
    SHORTEST_DAYS,
    Level,
    PaceTable,
    pace_table,
    restricted_geometric_mean,
)
from common.orders.places import STATES

SP, AM = STATES.index("SP"), STATES.index("AM")
START = np.datetime64("2018-01-01", "s")
DAY = np.timedelta64(86_400, "s")


def steady(days_to_deliver: float, orders: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Purchases over 50 days, half of them in São Paulo from there, each delivered after `days_to_deliver`."""
    purchase = START + (np.linspace(0, 50, orders) * 86_400).astype("timedelta64[s]")
    in_sp = np.arange(orders) % 2 == 0
    delivered = purchase + np.timedelta64(int(days_to_deliver * 86_400), "s")
    return purchase, delivered, np.where(in_sp, SP, AM).astype(np.int8), in_sp


def test_without_censoring_the_mean_is_the_geometric_one_between_the_bounds() -> None:
    durations = np.array([0.1, 10.0, 50.0])
    expected = (SHORTEST_DAYS * 10 * HORIZON_DAYS) ** (1 / 3)
    assert restricted_geometric_mean(durations, np.ones(3, dtype=bool)) == pytest.approx(expected)


def test_an_order_still_under_way_makes_the_pace_slower_than_its_age() -> None:
    durations = np.array([4.0, 6.0, 5.0])
    delivered = np.array([True, True, False])
    assert restricted_geometric_mean(durations, delivered) > restricted_geometric_mean(
        durations, np.ones(3, dtype=bool)
    )


def test_a_steady_flow_has_its_own_pace_in_every_group() -> None:
    table = pace_table(*steady(8.0), until=date(2018, 2, 19))
    groups = dict(zip(GROUPS, table.pace[-1], strict=True))
    for name in ("SP", "rest", "same state", "other state"):
        assert groups[name] == pytest.approx(8.0, abs=0.01)
    assert table.last == date(2018, 2, 19)


def test_the_pace_of_a_day_depends_on_nothing_later() -> None:
    purchase, delivered, state, same = steady(8.0)
    whole = pace_table(purchase, delivered, state, same, until=date(2018, 2, 10))
    cut = START + 30 * DAY
    seen = purchase < cut
    known = np.where(delivered < cut, delivered, np.datetime64("NaT"))
    past = pace_table(purchase[seen], known[seen], state[seen], same[seen], until=date(2018, 1, 31))
    np.testing.assert_array_equal(past.pace, whole.pace[: len(past.pace)])


def test_a_table_comes_back_from_its_rows_and_a_missing_day_repeats_the_one_before() -> None:
    table = PaceTable(date(2018, 1, 1), np.full((3, len(GROUPS)), 9.0), np.full((3, len(GROUPS)), 40))
    rows = [row for row in table.rows() if row[0] != date(2018, 1, 2)]
    back = PaceTable.of_rows(rows)
    np.testing.assert_array_equal(back.pace, table.pace)
    assert back.first == table.first
    with pytest.raises(ValueError, match="no row"):
        PaceTable.of_rows([])


def test_the_level_takes_the_purchase_days_pace_and_the_nearest_beyond_the_table() -> None:
    pace = np.tile(np.array([[4.0], [9.0]]), (1, len(GROUPS)))
    level = Level(PaceTable(date(2018, 1, 1), pace, np.ones_like(pace, dtype=np.int64)))
    purchase = np.array(["2017-05-01", "2018-01-01", "2018-01-02", "2018-09-09"], dtype="datetime64[s]")
    factors = level.of(purchase, np.full(4, SP, dtype=np.int8), np.array([True, False, True, False]))
    np.testing.assert_allclose(factors, np.array([4, 4, 9, 9.0]) ** (2 * EXPONENT))
    assert level.of_one(datetime(2018, 1, 2, tzinfo=UTC), AM, True) == pytest.approx(9 ** (2 * EXPONENT))
