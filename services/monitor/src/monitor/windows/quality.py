"""How good predictions were, once the actuals are known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from common.model.quality import bias, coverage, mae, rmse


@dataclass(frozen=True)
class Quality:
    """Errors in days; coverage is the share of actuals inside the predicted interval. None without actuals."""

    rows_with_actual: int
    mae: float | None = None
    rmse: float | None = None
    bias: float | None = None
    interval_coverage: float | None = None
    baseline_mae: float | None = None


def quality_of(rows: pd.DataFrame, baseline_days: float) -> Quality:
    """Quality of a window's rows (see `monitor.windows.watched`); the baseline predicts `baseline_days` for each.

    bias is predicted minus actual: positive means promised later than delivered.
    """
    known = rows.dropna(subset=["prediction", "actual_days"])
    if known.empty:
        return Quality(rows_with_actual=0)
    actual, predicted = known["actual_days"].to_numpy(), known["prediction"].to_numpy()
    return Quality(
        rows_with_actual=len(known),
        mae=mae(actual, predicted),
        rmse=rmse(actual, predicted),
        bias=bias(actual, predicted),
        interval_coverage=coverage(actual, known["lower_days"].to_numpy(), known["upper_days"].to_numpy()),
        baseline_mae=mae(actual, np.full(len(actual), baseline_days)),
    )
