"""From orders to days: the bundle's features, trees and interval, for one order or many."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from common.bundle import Bundle
from common.features import features
from common.orders import Orders

Raw = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""Model columns (n, features) to raw outputs (n, 3)."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """n predictions: days from purchase to delivery with their 90 % interval, arrays of shape (n,)."""

    days: NDArray[np.float64]
    lower_days: NDArray[np.float64]
    upper_days: NDArray[np.float64]
    seller_known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction, in days."""

    days: float
    lower_days: float
    upper_days: float
    seller_known: bool


class Predictor:
    """Predicts with one model version. Immutable: a new version is a new predictor."""

    def __init__(self, bundle: Bundle, raw: Raw | None = None) -> None:
        """`raw` replaces the numpy trees where bulk speed counts, e.g. `CatBoost.predict` of the same bundle."""
        self.version = bundle.version
        self.manifest = bundle.manifest
        self._centroids = bundle.centroids
        self._raw = raw or bundle.trees.predict

    def predict(self, orders: Orders) -> Predictions:
        """Predict n valid orders (see `common.orders` for the ranges)."""
        quantiles = np.maximum(np.sort(self._raw(features(orders, self._centroids)), axis=1), 0.0)
        known = np.isfinite(self._centroids.lat[orders.seller_zip_code_prefix])
        return Predictions(quantiles[:, 1], quantiles[:, 0], quantiles[:, 2], known)

    def predict_one(
        self, seller_zip_code_prefix: int, customer_lat: float, customer_lng: float, purchase: datetime
    ) -> Prediction:
        """Predict one valid order."""
        many = self.predict(Orders.single(seller_zip_code_prefix, customer_lat, customer_lng, purchase))
        return Prediction(
            float(many.days[0]), float(many.lower_days[0]), float(many.upper_days[0]), bool(many.seller_known[0])
        )
