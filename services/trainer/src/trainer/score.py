"""How good a forecast is, in days."""

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]


def scores(actual: Days, predicted: Days, lower: Days, upper: Days) -> dict[str, float]:
    """MAE, RMSE, bias (predicted - actual), share within 3 days, interval coverage, mean width; inputs (n,)."""
    error = predicted - actual
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
        "within_3_days": float((np.abs(error) <= 3).mean()),
        "interval_coverage": float(((lower <= actual) & (actual <= upper)).mean()),
        "interval_width_days": float((upper - lower).mean()),
    }
