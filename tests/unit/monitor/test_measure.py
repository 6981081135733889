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
from monitor.windows.watched import WindowRows
from monitor.windows.windows import Window, window_of

MakeTable = Callable[[int], pd.DataFrame]
MakeRows = Callable[[pd.DataFrame], WindowRows]
RowOf = Callable[[pd.DataFrame], dict[str, Any]]

DATA_METRICS = (
    "prediction_drift",
    "num_drifted_columns",
    "value_range_share_in_range",
    "prediction_corr_with_features",
)


@pytest.fixture
def row_of(rows: MakeRows, window: Window, reference: Reference) -> RowOf:
    """The window's metrics, of a table of its rows."""
    return lambda table: measure(rows(table), window, reference, "backfill").row


def test_a_calm_window_has_every_metric_and_nothing_drifts(table: MakeTable, row_of: RowOf) -> None:
    row = row_of(table(500))
    assert row["num_drifted_columns"] == 0
    assert row["prediction_drift"] < drift_threshold(500)
    assert row["share_missing_values"] == 0
    assert row["value_range_share_in_range"] == pytest.approx(0.98, abs=0.02)
    assert 0 < row["prediction_corr_with_features"] < 1
    assert row["rows"] == row["rows_with_actual"] == 500
    assert row["mae"] < row["baseline_mae"]
    assert row["note"] is None


def test_the_row_fits_the_table(table: MakeTable, row_of: RowOf) -> None:
    columns = {column.name for column in ModelMetrics.__table__.columns}
    assert set(row_of(table(50))) == columns - {"id", "report_uri", "actual_seconds"}


@pytest.mark.parametrize("size", [100, 450])
def test_reference_against_reference_raises_few_false_alarms(size: int, reference: Reference) -> None:
    """False-alarm rate over 20 draws from the reference itself: measured below 2 %, one by chance is let pass."""
    draws = [
        report_on(reference.columns.sample(size, random_state=seed), reference, list(reference.watched.inputs), True)[1]
        for seed in range(20)
    ]
    alarms = [draw for draw in draws if draw.num_drifted_columns or draw.prediction_drift >= drift_threshold(size)]
    assert len(alarms) <= 1


def test_no_rows_give_a_row_of_nulls_with_the_reason(table: MakeTable, row_of: RowOf) -> None:
    row = row_of(table(0))
    assert row["rows"] == 0
    assert row["note"] == "no predictions"
    assert all(row[name] is None for name in (*DATA_METRICS, "share_missing_values", "mae", "interval_coverage"))


@pytest.mark.parametrize("count", [1, 29])
def test_few_rows_keep_quality_but_not_drift(count: int, table: MakeTable, row_of: RowOf) -> None:
    row = row_of(table(count))
    assert all(row[name] is None for name in DATA_METRICS)
    assert row["mae"] is not None
    assert f"prediction: {count} values, drift needs 30" in row["note"]


def test_a_window_of_nothing_but_nulls_says_so(table: MakeTable, row_of: RowOf) -> None:
    row = row_of(table(100).astype(object).where(lambda each: each.isna()))
    assert row["share_missing_values"] == 1.0
    assert row["note"] == "every value is missing; no actuals yet"


def test_columns_of_nulls_are_left_out_of_drift_and_named(table: MakeTable, row_of: RowOf) -> None:
    row = row_of(table(400).assign(destination_lat=np.nan, destination_lng=np.nan))
    assert row["num_drifted_columns"] == 0
    assert row["share_missing_values"] == pytest.approx(3 / 5)
    for name in ("destination_region", "destination_lat", "destination_lng"):
        assert f"{name}: 0 values" in row["note"]


def test_missing_values_are_a_share_of_all_values(table: MakeTable, row_of: RowOf) -> None:
    some = table(400)
    some.loc[:119, ["origin_postal_code", "destination_lat", "destination_lng"]] = np.nan
    assert row_of(some)["share_missing_values"] == pytest.approx(0.3 * 4 / 5)


def test_swapped_coordinates_drift_in_both(table: MakeTable, row_of: RowOf) -> None:
    swapped = table(400).rename(columns={"destination_lat": "destination_lng", "destination_lng": "destination_lat"})
    assert row_of(swapped)["num_drifted_columns"] >= 2


def test_requests_from_one_place_drift_in_region_and_point(table: MakeTable, row_of: RowOf) -> None:
    one_place = table(400).assign(destination_lat=-30.0, destination_lng=-51.2)
    assert row_of(one_place)["num_drifted_columns"] == 3


def test_codes_shifted_by_a_digit_drift(table: MakeTable, row_of: RowOf) -> None:
    shifted = table(400)
    shifted["origin_postal_code"] = shifted["origin_postal_code"].str[:-1].str.zfill(5)
    assert row_of(shifted)["num_drifted_columns"] == 1


def test_frozen_predictions_drift_and_have_no_correlation(table: MakeTable, row_of: RowOf) -> None:
    row = row_of(table(400).assign(prediction=9.0))
    assert row["prediction_drift"] > drift_threshold(400)
    assert row["prediction_corr_with_features"] is None
    assert "constant" in row["note"]


def test_predictions_out_of_range_are_counted_on_the_current_window(table: MakeTable, row_of: RowOf) -> None:
    high = table(400)
    high.loc[:99, "prediction"] = 200.0
    assert row_of(high)["value_range_share_in_range"] == pytest.approx(0.98 * 0.75, abs=0.02)


def test_weeks_the_model_learned_from_say_that_quality_flatters(
    table: MakeTable, rows: MakeRows, reference: Reference
) -> None:
    inside, before = window_of(reference.trained_until), window_of(reference.trained_from - timedelta(days=14))
    learned = "learned from orders of 2017-01-01 to 2017-12-31"
    notes = [measure(rows(table(100)), window, reference, "backfill").row["note"] for window in (inside, before)]
    assert learned in notes[0]
    assert learned not in (notes[1] or "")
