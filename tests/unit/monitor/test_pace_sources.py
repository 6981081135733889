"""No owner's part in the delivery pace grows far beyond its usual one, whatever it sends."""

import numpy as np
import pytest

from common.model.time_scale import TimeScale
from monitor.pace.cells import Cells
from monitor.pace.sources import FREE_SHARE, GROWTH, NO_OWNER, SourcedDay, Sources, bounded

CELLS = Cells(("south", "other region", "same region"), TimeScale(10.0), 1)
WINDOW = CELLS.scale.pace_window
SHOP, APP, THIEF = "shop", "app", "thief"


def day_of(day: int, *orders: int) -> SourcedDay:
    """So many orders of each owner, in two cells of orders under way and one of delivered ones."""
    cells, counts, owners = [], [], []
    for owner, count in enumerate(orders):
        halves = (count // 2, count - count // 2)
        cells += [0, 1, CELLS._first_arrived]
        counts += [*halves, count]
        owners += [owner] * 3
    return SourcedDay(day, *(np.array(column, dtype=np.int64) for column in (cells, counts, owners)))


def counted(sources: Sources, last: int) -> int:
    """Orders under way that count, of the last days."""
    return sum(int(day.orders[CELLS.are_waiting(day.cells)].sum()) for day in sources.days[-last:])


def test_a_flood_of_one_who_was_never_there_counts_as_a_tenth() -> None:
    days = [day_of(day, 100, 0) for day in range(80)] + [day_of(80, 100, 50_000)]
    sources = bounded(days, [SHOP, THIEF], CELLS, frozenset())
    (held,) = sources.held
    assert (held.owner, held.usual, held.bound) == (THIEF, 0.0, FREE_SHARE)
    honest = 100 * WINDOW
    assert counted(sources, WINDOW) - honest == pytest.approx(honest * FREE_SHARE / (1 - FREE_SHARE), rel=0.01)


def test_several_at_once_make_each_other_no_room() -> None:
    days = [day_of(day, 100, 0, 0) for day in range(80)] + [day_of(80, 100, 50_000, 50_000)]
    sources = bounded(days, [SHOP, THIEF, APP], CELLS, frozenset())
    assert {held.owner for held in sources.held} == {THIEF, APP}
    assert counted(sources, WINDOW) < 100 * WINDOW * 1.3


def test_a_flood_that_goes_on_for_weeks_counts_no_more() -> None:
    days = [day_of(day, 100, 0) for day in range(80)] + [day_of(80 + day, 100, 50_000) for day in range(21)]
    sources = bounded(days, [SHOP, THIEF], CELLS, frozenset())
    assert counted(sources, WINDOW) < 100 * WINDOW * 1.2


def test_an_owner_may_double_its_usual_part() -> None:
    days = [day_of(day, 80, 20) for day in range(80)] + [day_of(80 + day, 80, 5_000) for day in range(10)]
    (held,) = bounded(days, [SHOP, APP], CELLS, frozenset()).held
    assert (held.owner, held.usual) == (APP, pytest.approx(0.2))
    assert held.bound == pytest.approx(GROWTH * 0.2)


def test_who_usually_has_half_is_never_held_though_the_other_falls_silent() -> None:
    days = [day_of(day, 60, 40) for day in range(80)] + [day_of(80 + day, 60, 0) for day in range(30)]
    assert not bounded(days, [SHOP, APP], CELLS, frozenset()).held


def test_one_who_sells_on_two_days_a_week_is_not_held_on_them() -> None:
    days = [day_of(day, 100, 0 if day % 7 < 5 else 100) for day in range(100)]
    assert not bounded(days, [SHOP, APP], CELLS, frozenset()).held


def test_who_was_said_to_grow_grows() -> None:
    days = [day_of(day, 100, 0) for day in range(80)] + [day_of(80, 100, 50_000)]
    sources = bounded(days, [SHOP, THIEF], CELLS, frozenset({THIEF}))
    assert not sources.held
    assert counted(sources, 1) == 50_100


def test_who_takes_over_from_another_counts_once_that_one_is_silent() -> None:
    days = [day_of(day, 100, 0) for day in range(80)] + [day_of(80 + day, 0, 100) for day in range(WINDOW + 1)]
    assert bounded(days[:85], [SHOP, APP], CELLS, frozenset()).held
    last = bounded(days, [SHOP, APP], CELLS, frozenset()).days[-1]
    assert last.orders[CELLS.are_waiting(last.cells)].sum() == 100


def test_a_shop_that_switches_keys_on_is_not_held_and_the_next_owner_is() -> None:
    days = [day_of(day, 100, 0, 0) for day in range(80)] + [day_of(80 + day, 0, 100, 0) for day in range(50)]
    assert not bounded(days, [NO_OWNER, SHOP, THIEF], CELLS, frozenset()).held
    days += [day_of(130, 0, 100, 50_000)]
    (held,) = bounded(days, [NO_OWNER, SHOP, THIEF], CELLS, frozenset()).held
    assert held.owner == THIEF


def test_a_shop_of_one_owner_and_a_young_log_are_left_alone() -> None:
    alone = [day_of(day, 10 * day) for day in range(60)]
    assert bounded(alone, [SHOP], CELLS, frozenset()).days[-1].orders.sum() == 2 * 590
    young = [day_of(day, 100, 3_000) for day in range(WINDOW)]
    assert not bounded(young, [SHOP, APP], CELLS, frozenset()).held
    assert bounded([], [SHOP, APP], CELLS, frozenset()) == Sources([], ())


def test_what_is_left_out_is_left_out_of_every_cell_alike() -> None:
    days = [day_of(day, 100, 0) for day in range(80)] + [day_of(80, 100, 50_000)]
    last = bounded(days, [SHOP, THIEF], CELLS, frozenset()).days[-1]
    first, second, arrived = last.orders.tolist()
    assert abs(first - second) <= 1
    assert abs(first + second - arrived) <= 1
