"""How good forecasts were, in days. Every array is of shape (n,), n >= 1; the monitor and the trainer measure alike."""

import numpy as np

from common.arrays import Floats


def mae(actual: Floats, predicted: Floats) -> float:
    """Mean absolute error."""
    return float(np.abs(predicted - actual).mean())


def rmse(actual: Floats, predicted: Floats) -> float:
    """Root mean squared error."""
    return float(np.sqrt(((predicted - actual) ** 2).mean()))


def bias(actual: Floats, predicted: Floats) -> float:
    """Mean of predicted minus actual: positive where deliveries came sooner than predicted."""
    return float((predicted - actual).mean())


def coverage(actual: Floats, lower: Floats, upper: Floats) -> float:
    """Share of actuals within their interval, bounds included."""
    return float(((lower <= actual) & (actual <= upper)).mean())


def width(lower: Floats, upper: Floats) -> float:
    """Mean width of the intervals."""
    return float((upper - lower).mean())
