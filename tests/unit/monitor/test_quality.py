import pandas as pd
import pytest

from monitor.windows.quality import Quality, quality_of


def frame(**columns: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="float64")


def test_errors_are_in_days_and_bias_is_predicted_minus_actual() -> None:
    rows = frame(prediction=[10, 10], lower_days=[5, 5], upper_days=[12, 12], actual_days=[8, 14])
    quality = quality_of(rows, baseline_days=9)
    assert quality == Quality(
        rows_with_actual=2,
        mae=3.0,
        rmse=pytest.approx(10**0.5),
        bias=-1.0,
        interval_coverage=0.5,
        baseline_mae=3.0,
    )


def test_rows_without_actual_do_not_count() -> None:
    rows = frame(prediction=[10, 10], lower_days=[5, 5], upper_days=[12, 12], actual_days=[None, 11])
    assert quality_of(rows, 10).rows_with_actual == 1
    assert quality_of(rows, 10).mae == 1.0


def test_without_any_actual_every_figure_is_none() -> None:
    rows = frame(prediction=[10], lower_days=[5], upper_days=[12], actual_days=[None])
    assert quality_of(rows, 10) == Quality(rows_with_actual=0)
