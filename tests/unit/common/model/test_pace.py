"""The delivery pace remembers slow orders, and knows nothing of the future."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from common.model.pace import EXPONENT, RELATIONS, Durations, Level, PaceTable, pace_table, restricted_geometric_mean
from common.model.time_scale import TimeScale

NEAR, FAR = 0, 1
GROUPS = ("near", "far", *RELATIONS)
SCALE = TimeScale(10.0)
START = np.datetime64("2018-01-01", "s")
DAY = np.timedelta64(86_400, "s")


def steady(days_to_deliver: float, orders: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Purchases over 50 days, half of them from and to the near region, each delivered after `days_to_deliver`."""
    purchase = START + (np.linspace(0, 50, orders) * 86_400).astype("timedelta64[s]")
    near = np.arange(orders) % 2 == 0
    delivered = purchase + np.timedelta64(int(days_to_deliver * 86_400), "s")
    return purchase, delivered, np.where(near, NEAR, FAR).astype(np.int8), near


def filled(days: float, first: date, groups: tuple[str, ...] = GROUPS, rows: int = 1) -> PaceTable:
    return PaceTable(groups, first, np.full((rows, len(groups)), days), np.full((rows, len(groups)), 40))


def test_without_censoring_the_mean_is_the_geometric_one_between_the_bounds() -> None:
    durations = np.array([0.1, 10.0, 50.0])
    expected = (SCALE.shortest * 10 * SCALE.horizon) ** (1 / 3)
    assert restricted_geometric_mean(Durations(durations, np.ones(3, dtype=bool)), SCALE) == pytest.approx(expected)


def test_an_order_still_under_way_makes_the_pace_slower_than_its_age() -> None:
    durations = np.array([4.0, 6.0, 5.0])
    under_way, arrived = np.array([True, True, False]), np.ones(3, dtype=bool)
    slower = restricted_geometric_mean(Durations(durations, under_way), SCALE)
    assert slower > restricted_geometric_mean(Durations(durations, arrived), SCALE)


@pytest.mark.parametrize("typical", [10.0, 0.02, 100.0], ids=["days", "minutes", "months"])
def test_a_steady_flow_has_its_own_pace_in_every_group(typical: float) -> None:
    days = 0.8 * typical
    table = pace_table(*steady(days), GROUPS, TimeScale(typical), until=date(2018, 2, 19))
    assert table.groups == GROUPS
    if typical < 50:
        assert table.pace[-1] == pytest.approx(np.full(4, days), abs=0.01 * typical)
    else:  # none has arrived after fifty days: the pace is between their age and the horizon
        assert ((table.pace[-1] > 10) & (table.pace[-1] <= 250)).all()
    assert table.last == date(2018, 2, 19)


def test_the_pace_of_a_day_depends_on_nothing_later() -> None:
    purchase, delivered, group, same = steady(8.0)
    whole = pace_table(purchase, delivered, group, same, GROUPS, SCALE, until=date(2018, 2, 10))
    cut = START + 30 * DAY
    seen = purchase < cut
    known = np.where(delivered < cut, delivered, np.datetime64("NaT"))
    past = pace_table(purchase[seen], known[seen], group[seen], same[seen], GROUPS, SCALE, until=date(2018, 1, 31))
    np.testing.assert_array_equal(past.pace, whole.pace[: len(past.pace)])


def test_a_table_comes_back_from_its_rows_and_a_missing_day_repeats_the_one_before() -> None:
    table = filled(9.0, date(2018, 1, 1), rows=3)
    rows = [row for row in table.rows() if row[0] != date(2018, 1, 2)]
    back = PaceTable.of_rows(rows)
    np.testing.assert_array_equal(back.pace, table.pace)
    assert (back.first, back.groups) == (table.first, GROUPS)
    with pytest.raises(ValueError, match="no row"):
        PaceTable.of_rows([])


def test_the_pace_of_another_models_groups_is_not_taken() -> None:
    own, other = filled(9.0, date(2018, 1, 1)), filled(25.0, date(2018, 1, 9), ("around 1, 2", *RELATIONS))
    both = PaceTable.of_rows([*own.rows(), *other.rows()])
    assert other.of_groups(GROUPS) is None
    assert PaceTable.of_rows([*other.rows(), *own.rows()], GROUPS[:2]).same_as(own.of_groups(GROUPS[:2]))
    chosen = both.of_groups(GROUPS)
    assert chosen is not None
    assert chosen.groups == GROUPS
    assert chosen.pace[0].tolist() == [9.0] * 4


def test_a_group_without_orders_yet_has_the_pace_of_the_others() -> None:
    day = date(2018, 1, 1)
    rows = [(day, "near", 4.0, 40), (day, "far", np.nan, 0), *((day, relation, 4.0, 40) for relation in RELATIONS)]
    assert PaceTable.of_rows(rows).present() == dict.fromkeys(GROUPS, 4.0)


def test_the_level_takes_the_purchase_days_pace_and_the_nearest_beyond_the_table() -> None:
    pace = np.tile(np.array([[4.0], [9.0]]), (1, len(GROUPS)))
    table = PaceTable(GROUPS, date(2018, 1, 1), pace, np.ones_like(pace, dtype=np.int64))
    level = Level(table, np.array([FAR, NEAR, NEAR], dtype=np.int8))
    purchase = np.array(["2017-05-01", "2018-01-01", "2018-01-02", "2018-09-09"], dtype="datetime64[s]")
    factors = level.of(purchase, np.array([0, 1, 0, -1]), np.array([True, False, True, False]))
    np.testing.assert_allclose(factors, np.array([4, 4, 9, 9.0]) ** (2 * EXPONENT))
    assert level.of_one(datetime(2018, 1, 2, tzinfo=UTC), 1, True) == pytest.approx(9 ** (2 * EXPONENT))


def test_the_level_is_of_the_region_s_group_and_of_the_relation() -> None:
    paces = np.array([[4.0, 9.0, 16.0, 25.0]])
    level = Level(PaceTable(GROUPS, date(2018, 1, 1), paces, np.ones((1, 4), dtype=np.int64)), np.array([FAR, NEAR]))
    moment = datetime(2018, 1, 1, tzinfo=UTC)
    found = [level.of_one(moment, region, same) for region in (0, -1) for same in (False, True)]
    assert found == pytest.approx([product**EXPONENT for product in (9 * 16, 9 * 25, 4 * 16, 4 * 25)])
