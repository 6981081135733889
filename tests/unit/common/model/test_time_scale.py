"""Spans follow from how long a shop's deliveries take."""

from itertools import pairwise

import pytest

from common.model.time_scale import TimeScale

SPANS = ("shortest", "floor", "too_recent", "settling", "horizon")


def test_at_a_median_of_ten_days_the_spans_are_those_measured_on_olist() -> None:
    scale = TimeScale.of_median(10.2)
    assert (scale.typical, scale.horizon, scale.shortest, scale.floor) == (10, 25, 0.5, 0.05)
    assert (scale.settling, scale.lost, scale.pace_window, scale.too_recent) == (45, 60, 22, 10)
    assert (scale.calibration, scale.look_back) == (90, 120)


@pytest.mark.parametrize(
    ("median", "typical"), [(32 / 1_440, 0.02), (1.0, 1.0), (9.0, 10.0), (92.0, 100.0), (0.0, 1e-6)]
)
def test_a_median_of_minutes_or_months_is_rounded_to_a_preferred_number(median: float, typical: float) -> None:
    assert TimeScale.of_median(median).typical == pytest.approx(typical)


def test_a_few_orders_more_or_less_change_nothing() -> None:
    assert TimeScale.of_median(9.4) == TimeScale.of_median(10.6)


@pytest.mark.parametrize("median", [0.02, 1.0, 10.0, 100.0])
def test_spans_grow_with_the_median_and_keep_their_order(median: float) -> None:
    scale, slower = TimeScale.of_median(median), TimeScale.of_median(2 * median)
    assert all(getattr(scale, name) < getattr(slower, name) for name in SPANS)
    assert scale.floor < scale.shortest < scale.typical < scale.horizon < scale.settling < scale.lost


def test_windows_of_whole_days_have_a_least_length() -> None:
    minutes = TimeScale.of_median(0.02)
    assert (minutes.pace_window, minutes.calibration, minutes.look_back) == (7, 30, 30)
    assert all(a <= b for a, b in pairwise(TimeScale(days).pace_window for days in (0.1, 1.0, 10.0, 100.0)))
