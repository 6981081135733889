"""What a model has to beat."""

import numpy as np
from catboost import CatBoostRegressor
from numpy.typing import NDArray

from common.orders.fields import Orders
from trainer.data.history import History

Days = NDArray[np.float64]


def constant_median(known: History, asked: Orders) -> Days:
    """The median of the known deliveries for each of n orders."""
    return np.full(len(asked), np.median(known.days))


def original_recipe(known: History, asked: Orders, seed: int = 0) -> Days:
    """The original program's recipe: its three features as they come, RMSE loss, 400 trees, CatBoost's defaults."""
    model = CatBoostRegressor(
        loss_function="RMSE",
        iterations=400,
        random_seed=seed,
        allow_writing_files=False,
        verbose=False,
        thread_count=2,
    )
    model.fit(_columns(known.orders), known.days)
    found: Days = model.predict(_columns(asked))
    return found


def _columns(orders: Orders) -> Days:
    return np.column_stack([orders.seller_zip_code_prefix, orders.customer_lat, orders.customer_lng])
