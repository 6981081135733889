"""How good forecasts were, in days. Every array is of shape (n,), n >= 1; the monitor and the trainer measure alike."""

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]


def mae(actual: Days, predicted: Days) -> float:
    """Mean absolute error."""
    return float(np.abs(predicted - actual).mean())


def rmse(actual: Days, predicted: Days) -> float:
    """Root mean squared error."""
    return float(np.sqrt(((predicted - actual) ** 2).mean()))


def bias(actual: Days, predicted: Days) -> float:
    """Mean of predicted minus actual: positive where deliveries came sooner than predicted."""
    return float((predicted - actual).mean())


def coverage(actual: Days, lower: Days, upper: Days) -> float:
    """Share of actuals within their interval, bounds included."""
    return float(((lower <= actual) & (actual <= upper)).mean())


def width(lower: Days, upper: Days) -> float:
    """Mean width of the intervals."""
    return float((upper - lower).mean())
