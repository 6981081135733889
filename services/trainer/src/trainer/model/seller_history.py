"""How much slower the sellers of a zip prefix are than their place explains."""

import numpy as np
from numpy.typing import NDArray

from common.orders.places import ZIP_PREFIXES

HALF_LIFE_DAYS = 75.0
"""A seller's habits change: a delivery's weight halves with every so many days of age. 60 to 180 differ little."""

PRIOR_DELIVERIES = 8.0
"""Weight of the belief that a seller is like all others. 5 to 20 differ little."""


def seller_effect(
    zip_code_prefix: NDArray[np.int64], residual: NDArray[np.float64], age_days: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Smoothed mean residual per zip prefix, (100000,), from n residuals of a model that did not learn from them.

    Prefixes without history get 0.
    """
    weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
    total = np.bincount(zip_code_prefix, weight * residual, ZIP_PREFIXES)
    return total / (np.bincount(zip_code_prefix, weight, ZIP_PREFIXES) + PRIOR_DELIVERIES)
