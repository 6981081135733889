"""How good a forecast is, in days."""

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]


def scores(actual: Days, predicted: Days, lower: Days | None = None, upper: Days | None = None) -> dict[str, float]:
    """MAE, RMSE, bias (predicted - actual), R2, share within 3 days; with bounds also coverage and mean width.

    All inputs are of shape (n,), in days.
    """
    error = predicted - actual
    scatter = float(((actual - actual.mean()) ** 2).sum())
    found = {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
        "r2": 1 - float((error**2).sum()) / scatter if scatter else 0.0,
        "within_3_days": float((np.abs(error) <= 3).mean()),
    }
    if lower is None or upper is None:
        return found
    return found | {
        "interval_coverage": float(((lower <= actual) & (actual <= upper)).mean()),
        "interval_width_days": float((upper - lower).mean()),
    }
