from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.database.tables import ModelMetrics
from monitor.windows.evidently_report import drift_threshold, report_on
from monitor.windows.measure import measure
from monitor.windows.reference import Reference
from monitor.windows.watched import INPUTS
from monitor.windows.windows import Window, window_of

MakeRows = Callable[[int], pd.DataFrame]

DATA_METRICS = (
    "prediction_drift",
    "num_drifted_columns",
    "value_range_share_in_range",
    "prediction_corr_with_features",
)


def row_of(rows: pd.DataFrame, window: Window, reference: Reference) -> dict[str, Any]:
    return measure(rows, window, reference, "backfill").row


def test_a_calm_window_has_every_metric_and_nothing_drifts(
    rows: MakeRows, window: Window, reference: Reference
) -> None:
    row = row_of(rows(500), window, reference)
    assert row["num_drifted_columns"] == 0
    assert row["prediction_drift"] < drift_threshold(500)
    assert row["share_missing_values"] == 0
    assert row["value_range_share_in_range"] == pytest.approx(0.98, abs=0.02)
    assert 0 < row["prediction_corr_with_features"] < 1
    assert row["rows"] == row["rows_with_actual"] == 500
    assert row["mae"] < row["baseline_mae"]
    assert row["note"] is None


def test_the_row_fits_the_table(rows: MakeRows, window: Window, reference: Reference) -> None:
    table = {column.name for column in ModelMetrics.__table__.columns}
    assert set(row_of(rows(50), window, reference)) == table - {"id", "report_uri", "actual_seconds"}


@pytest.mark.parametrize("size", [100, 450])
def test_reference_against_reference_raises_few_false_alarms(size: int, window: Window, reference: Reference) -> None:
    """False-alarm rate over 20 draws from the reference itself: measured below 2 %, one by chance is let pass."""
    draws = [
        report_on(reference.columns.sample(size, random_state=seed), reference, list(INPUTS), True)[1]
        for seed in range(20)
    ]
    alarms = [draw for draw in draws if draw.num_drifted_columns or draw.prediction_drift >= drift_threshold(size)]
    assert len(alarms) <= 1


def test_no_rows_give_a_row_of_nulls_with_the_reason(rows: MakeRows, window: Window, reference: Reference) -> None:
    row = row_of(rows(0), window, reference)
    assert row["rows"] == 0
    assert row["note"] == "no predictions"
    assert all(row[name] is None for name in (*DATA_METRICS, "share_missing_values", "mae", "interval_coverage"))


@pytest.mark.parametrize("count", [1, 29])
def test_few_rows_keep_quality_but_not_drift(count: int, rows: MakeRows, window: Window, reference: Reference) -> None:
    row = row_of(rows(count), window, reference)
    assert all(row[name] is None for name in DATA_METRICS)
    assert row["mae"] is not None
    assert f"prediction: {count} values, drift needs 30" in row["note"]


def test_a_window_of_nothing_but_nulls_says_so(rows: MakeRows, window: Window, reference: Reference) -> None:
    nothing = rows(100) * np.nan
    row = row_of(nothing, window, reference)
    assert row["share_missing_values"] == 1.0
    assert row["note"] == "every value is missing; no actuals yet"


def test_a_column_of_nulls_is_left_out_of_drift_and_named(rows: MakeRows, window: Window, reference: Reference) -> None:
    row = row_of(rows(400).assign(customer_lat=np.nan), window, reference)
    assert row["num_drifted_columns"] == 0
    assert row["share_missing_values"] == pytest.approx(1 / 4)
    assert "customer_lat: 0 values" in row["note"]


def test_missing_values_are_a_share_of_all_values(rows: MakeRows, window: Window, reference: Reference) -> None:
    some = rows(400)
    some.loc[:119, ["seller_zip_code_prefix", "customer_lat", "customer_lng"]] = np.nan
    assert row_of(some, window, reference)["share_missing_values"] == pytest.approx(0.3 * 3 / 4)


def test_swapped_coordinates_drift_in_both(rows: MakeRows, window: Window, reference: Reference) -> None:
    swapped = rows(400).rename(columns={"customer_lat": "customer_lng", "customer_lng": "customer_lat"})
    assert row_of(swapped, window, reference)["num_drifted_columns"] == 2


def test_requests_from_one_place_drift(rows: MakeRows, window: Window, reference: Reference) -> None:
    one_state = rows(400).assign(customer_lat=-30.0, customer_lng=-51.2)
    assert row_of(one_state, window, reference)["num_drifted_columns"] == 2


def test_prefixes_shifted_by_a_digit_drift(rows: MakeRows, window: Window, reference: Reference) -> None:
    shifted = rows(400)
    shifted["seller_zip_code_prefix"] = shifted["seller_zip_code_prefix"] // 10
    assert row_of(shifted, window, reference)["num_drifted_columns"] == 1


def test_frozen_predictions_drift_and_have_no_correlation(rows: MakeRows, window: Window, reference: Reference) -> None:
    row = row_of(rows(400).assign(prediction=9.0), window, reference)
    assert row["prediction_drift"] > drift_threshold(400)
    assert row["prediction_corr_with_features"] is None
    assert "constant" in row["note"]


def test_predictions_out_of_range_are_counted_on_the_current_window(
    rows: MakeRows, window: Window, reference: Reference
) -> None:
    high = rows(400)
    high.loc[:99, "prediction"] = 200.0
    assert row_of(high, window, reference)["value_range_share_in_range"] == pytest.approx(0.98 * 0.75, abs=0.02)


def test_weeks_the_model_learned_from_say_that_quality_flatters(
    rows: MakeRows, window: Window, reference: Reference
) -> None:
    inside, before = window_of(reference.trained_until), window_of(reference.trained_from - timedelta(days=14))
    learned = "learned from orders of 2017-01-01 to 2017-12-31"
    assert learned in row_of(rows(100), inside, reference)["note"]
    assert learned not in (row_of(rows(100), before, reference)["note"] or "")
