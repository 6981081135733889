from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.database.alerts import Change
from common.database.tables import ModelMetrics
from monitor.alerts.window_rules import LABELS_COMPLETE, WINDOW_RULES, WindowRule
from monitor.windows.measure import measure
from monitor.windows.reference import Reference
from monitor.windows.watched import WindowRows
from monitor.windows.windows import Window
from support.monitored import calm_window

MakeTable = Callable[..., pd.DataFrame]
MakeRows = Callable[[pd.DataFrame], WindowRows]

WEEK = timedelta(days=7)
START = datetime(2018, 3, 5, tzinfo=UTC)
BY_NAME = {rule.name: rule for rule in WINDOW_RULES}


def change(rule: WindowRule, windows: list[ModelMetrics], is_open: bool = False) -> Change:
    """What a rule does to its alert, the windows given oldest first."""
    newest = rule.newest_values(windows[::-1], present=windows[-1].window_end)
    return rule.change_after([value for value, _ in newest], is_open) if len(newest) == rule.windows else None


def window(number: int, **values: Any) -> ModelMetrics:
    """The number-th week, calm where nothing else is said."""
    return calm_window(START + number * WEEK, WEEK, **values)


def weeks(coverage: list[float]) -> list[ModelMetrics]:
    """Weeks with these coverages, and the calm ones after them that let them settle."""
    settling = LABELS_COMPLETE // WEEK
    return [window(number, interval_coverage=value) for number, value in enumerate(coverage)] + [
        window(len(coverage) + number, interval_coverage=None) for number in range(settling)
    ]


def test_calm_windows_open_nothing() -> None:
    windows = [window(number) for number in range(10)]
    assert {change(rule, windows) for rule in WINDOW_RULES} == {None}
    assert {change(rule, windows, is_open=True) for rule in WINDOW_RULES} == {"close"}


def test_one_bad_window_is_not_enough() -> None:
    rule = BY_NAME["low-coverage"]
    assert change(rule, weeks([0.9, 0.9, 0.7])) is None
    assert change(rule, weeks([0.9, 0.7, 0.7])) == "open"


def test_between_the_limits_an_alert_stays_as_it_is() -> None:
    rule = BY_NAME["low-coverage"]
    wobbling = weeks([0.79, 0.81, 0.79, 0.81, 0.82])
    assert change(rule, wobbling, is_open=True) is None
    assert change(rule, wobbling) is None
    assert change(rule, weeks([0.7, 0.84, 0.85]), is_open=True) == "close"


def test_windows_that_cannot_be_judged_are_passed_over() -> None:
    rule = BY_NAME["missing-values"]
    windows = [window(0, share_missing_values=0.3), window(1, share_missing_values=None), window(2)]
    windows[2].share_missing_values = 0.3
    assert change(rule, windows) == "open"


def test_quality_waits_until_the_slow_deliveries_are_in() -> None:
    fresh = [window(number, interval_coverage=0.5) for number in range(2)]
    assert change(BY_NAME["low-coverage"], fresh) is None


def test_a_window_most_of_whose_orders_are_under_way_is_judged_after_45_days_at_last() -> None:
    bad = [window(number, rows_with_actual=300, interval_coverage=0.5) for number in range(2)]
    calm = [window(2 + number, interval_coverage=None) for number in range(7)]
    assert change(BY_NAME["low-coverage"], bad + calm[:4]) is None
    assert change(BY_NAME["low-coverage"], bad + calm) == "open"


def test_few_actuals_say_nothing_about_quality() -> None:
    windows = weeks([0.5, 0.5])
    for few in windows:
        few.rows_with_actual = 10
    assert change(BY_NAME["low-coverage"], windows) is None


def test_the_newest_window_that_can_be_judged_comes_first() -> None:
    windows = weeks([0.7, 0.75])
    newest, before = BY_NAME["low-coverage"].newest_values(windows[::-1], present=windows[-1].window_end)
    assert newest == (0.75, START + 2 * WEEK)
    assert before == (0.7, START + WEEK)


@pytest.mark.parametrize("rule", WINDOW_RULES, ids=lambda rule: rule.name)
def test_closing_asks_for_more_than_not_opening(rule: WindowRule) -> None:
    assert not rule.beyond(rule.closes)
    assert rule.message.format(value=1.5, limit=rule.opens)


FAULTS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "input-drift/swapped": lambda table: table.rename(
        columns={"destination_lat": "destination_lng", "destination_lng": "destination_lat"}
    ),
    "input-drift/one place": lambda table: table.assign(destination_lat=-30.0, destination_lng=-51.2),
    "input-drift/shifted code": lambda table: table.assign(
        origin_postal_code=table["origin_postal_code"].str[:-1].str.zfill(5)
    ),
    "missing-values/30 % nulls": lambda table: table.where(pd.Series(np.arange(len(table)) % 10 >= 3)),
    "predictions-frozen/frozen": lambda table: table.assign(prediction=9.0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_right_alert_opens_within_two_windows_of_a_fault(
    fault: str, table: MakeTable, rows: MakeRows, reference: Reference
) -> None:
    rule = BY_NAME[fault.split("/")[0]]
    windows = [window(0), window(1)]
    for number in (2, 3):
        week = Window(START + number * WEEK, START + (number + 1) * WEEK)
        faulty = rows(FAULTS[fault](table(400, seed=number)))
        windows.append(ModelMetrics(**measure(faulty, week, reference, "live").row))
    assert change(rule, windows) == "open"


def test_calm_traffic_opens_nothing_in_ten_windows(table: MakeTable, rows: MakeRows, reference: Reference) -> None:
    windows = []
    for number in range(10):
        week = Window(START + number * WEEK, START + (number + 1) * WEEK)
        windows.append(ModelMetrics(**measure(rows(table(150, seed=number)), week, reference, "live").row))
    assert not [
        rule.name for rule in WINDOW_RULES for newest in range(2, 11) if change(rule, windows[:newest]) == "open"
    ]
