"""Promises are counted by on-time share, and missed ones alarm only beyond what chance allows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from common.database.tables import ModelMetrics
from common.orders.orders import Orders
from monitor.alerts.kept_promises import KEPT_PROMISES, shortfall
from monitor.windows.promises import kept_promises, promised_in
from monitor.windows.watched import WindowRows


def rows(actual: list[float], upper: list[float], further: list[dict[str, object] | None]) -> WindowRows:
    days = pd.DataFrame({"actual_days": actual, "upper_days": upper})
    orders = Orders(np.full(len(actual), np.datetime64("2018-03-01", "s")), {}, {})
    return WindowRows(orders, days, promised_in(further))


def test_promises_are_counted_where_they_were_given_and_the_order_has_arrived() -> None:
    window = rows(
        [5.0, 9.0, np.nan, 30.0],
        [20.0, 20.0, 20.0, 20.0],
        [
            {"promises": [[0.9, 8.0], [0.5, 4.0]]},
            {"promises": [[0.9, 8.0]], "origin_id": "a"},
            {"promises": [[0.9, 1]]},
            None,
        ],
    )
    assert kept_promises(window) == {
        "0.5": {"promises": 1, "kept": 0},
        "0.9": {"promises": 2, "kept": 1},
        "0.95": {"promises": 3, "kept": 2},
    }


def test_without_an_arrival_there_is_nothing_to_count() -> None:
    assert kept_promises(rows([np.nan], [20.0], [None])) == {}
    assert shortfall(ModelMetrics(promises={})) is None
    assert shortfall(ModelMetrics(promises=None)) is None


@pytest.mark.parametrize(
    ("promises", "kept", "expected"), [(1_000, 900, 0.0), (1_000, 871, 3.06), (100, 87, 1.0), (1_000, 950, -5.27)]
)
def test_a_miss_is_measured_by_the_error_of_a_sample_of_its_size(promises: int, kept: int, expected: float) -> None:
    window = ModelMetrics(promises={"0.9": {"promises": promises, "kept": kept}})
    assert shortfall(window) == pytest.approx(expected, abs=0.01)


def test_of_very_many_orders_a_miss_too_small_to_notice_is_none() -> None:
    counted = {"0.9": {"promises": 1_000_000, "kept": 885_000}}
    assert shortfall(ModelMetrics(promises=counted)) == 0.0
    assert (shortfall(ModelMetrics(promises=counted | {"0.8": {"promises": 1_000_000, "kept": 779_000}})) or 0) > 50


@pytest.mark.parametrize(("arrived", "days", "judged"), [(969, 20, 0), (970, 20, 1), (970, 13, 0), (100, 45, 1)])
def test_a_window_is_judged_once_nearly_all_its_orders_have_arrived(arrived: int, days: int, judged: int) -> None:
    """The missing ones are those whose promises are broken."""
    end = datetime(2018, 3, 1, tzinfo=UTC)
    promises = {"0.9": {"promises": 1_000, "kept": 800}}
    window = ModelMetrics(window_end=end, rows=1_000, rows_with_actual=arrived, promises=promises)
    assert len(KEPT_PROMISES.newest_values([window], end + timedelta(days=days))) == judged


def test_the_share_that_is_missed_most_counts_and_tiny_samples_do_not() -> None:
    window = ModelMetrics(
        promises={
            "0.5": {"promises": 1_000, "kept": 500},
            "0.8": {"promises": 1_000, "kept": 700},
            "0.9": {"promises": 20, "kept": 0},
        }
    )
    assert shortfall(window) == pytest.approx(7.9, abs=0.01)


def test_two_windows_in_a_row_open_the_alert_and_one_does_not() -> None:
    assert KEPT_PROMISES.change_after([3.5, 3.1], is_open=False) == "open"
    assert KEPT_PROMISES.change_after([3.5, 1.0], is_open=False) is None
    assert KEPT_PROMISES.change_after([1.0, 2.0], is_open=True) == "close"
