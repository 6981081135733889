"""What a model has to beat."""

import numpy as np
from catboost import CatBoostRegressor

from common.arrays import Floats
from common.orders.names import ZIP_CODE_PREFIX
from common.orders.orders import Orders
from trainer.data.history import History


def constant_median(known: History, orders: Orders) -> Floats:
    """The median of the known deliveries for each of n orders, in days."""
    return np.full(len(orders), np.median(known.days))


def three_fact_baseline(known: History, orders: Orders, seed: int = 0) -> Floats | None:
    """CatBoost on three facts as they come (origin's postal code as a number, destination's latitude and longitude):
    RMSE loss, 400 trees, its defaults. None for a shop without these facts.

    The mean where facts or days do not differ, as CatBoost refuses to learn from them.
    """
    facts, asked = _columns(known.orders), _columns(orders)
    if facts is None or asked is None:
        return None
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
    days: Floats = model.predict(asked)
    return days


def _columns(orders: Orders) -> Floats | None:
    lat, lng = orders.numbers.get("destination_lat"), orders.numbers.get("destination_lng")
    code: Floats | None = orders.numbers.get(ZIP_CODE_PREFIX)
    if code is None and (codes := orders.texts.get("origin_postal_code")) is not None:
        if not all(text.isdecimal() for text in codes.values):
            return None
        code = codes.gather(np.array([float(text) for text in codes.values]), np.nan)
    return None if code is None or lat is None or lng is None else np.column_stack([code, lat, lng])
