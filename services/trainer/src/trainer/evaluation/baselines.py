"""What a model has to beat."""

import numpy as np
from catboost import CatBoostRegressor

from common.arrays import Floats
from common.orders.fields import Orders
from trainer.data.history import History


def constant_median(known: History, orders: Orders) -> Floats:
    """The median of the known deliveries for each of n orders, in days."""
    return np.full(len(orders), np.median(known.days))


def three_fact_baseline(known: History, orders: Orders, seed: int = 0) -> Floats:
    """CatBoost on three facts as they come (zip prefix, latitude, longitude): RMSE loss, 400 trees, its defaults.

    The mean where facts or days do not differ, as CatBoost refuses to learn from them.
    """
    facts = _columns(known.orders)
    if np.ptp(known.days) == 0 or not np.ptp(facts, axis=0).any():
        return np.full(len(orders), known.days.mean())
    model = CatBoostRegressor(
        loss_function="RMSE",
        iterations=400,
        random_seed=seed,
        allow_writing_files=False,
        verbose=False,
        thread_count=2,
    )
    model.fit(facts, known.days)
    days: Floats = model.predict(_columns(orders))
    return days


def _columns(orders: Orders) -> Floats:
    return np.column_stack([orders.seller_zip_code_prefix, orders.customer_lat, orders.customer_lng])
