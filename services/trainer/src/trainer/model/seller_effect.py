"""How much slower the sellers of a zip prefix are than their place explains."""

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from common.orders.places import ZIP_PREFIXES

HALF_LIFE_DAYS = 75.0
"""Sellers' habits change: the age over which a delivery's weight halves. 60 to 180 differ little."""

PRIOR_DELIVERIES = 8.0
"""Weight of the prior that a seller is like all others. 5 to 20 differ little."""


def seller_effect(zip_code_prefix: NDArray[np.int64], residual: Floats, age_days: Floats) -> Floats:
    """Smoothed mean residual per zip prefix, (100000,), from n residuals of a model that did not learn from them.

    Prefixes without history get 0.
    """
    weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
    total = np.bincount(zip_code_prefix, weight * residual, ZIP_PREFIXES)
    return total / (np.bincount(zip_code_prefix, weight, ZIP_PREFIXES) + PRIOR_DELIVERIES)
