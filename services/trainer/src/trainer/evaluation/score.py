"""The metrics of a forecast, by the names under which they are logged."""

import numpy as np

from common.arrays import Floats
from common.model.quality import bias, coverage, mae, rmse, width


def scores(
    actual: Floats, predicted: Floats, lower: Floats | None = None, upper: Floats | None = None
) -> dict[str, float]:
    """MAE, RMSE, bias (predicted - actual), R2, share within 3 days; with bounds also coverage and mean width.

    All inputs are of shape (n,), in days.
    """
    error = predicted - actual
    scatter = float(((actual - actual.mean()) ** 2).sum())
    metrics = {
        "mae": mae(actual, predicted),
        "rmse": rmse(actual, predicted),
        "bias": bias(actual, predicted),
        "r2": 1 - float((error**2).sum()) / scatter if scatter else 0.0,
        "within_3_days": float((np.abs(error) <= 3).mean()),
    }
    if lower is None or upper is None:
        return metrics
    return metrics | {"interval_coverage": coverage(actual, lower, upper), "interval_width_days": width(lower, upper)}
