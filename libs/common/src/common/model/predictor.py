"""From orders to days: features, trees, the sellers' history, the interval and the delivery pace, for one or many."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from common.model.bundle import Bundle
from common.model.features import features, features_of_one
from common.model.pace import Level, PaceTable
from common.model.residuals import LOWER, UPPER
from common.model.working_time import WorkingTime
from common.orders.fields import Order, Orders
from common.orders.moments import naive_utc

Raw = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""Model columns (n, features) to raw outputs (n, 2): the log of scaled working days, and SPREAD_WEIGHT times the log of
its spread."""

SPREAD_WEIGHT = 0.1
"""The trees learn both outputs at once, and the forecast shall shape them."""

Days = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Predictions:
    """n predictions: days from purchase to delivery with their 90 % interval, arrays of shape (n,)."""

    days: Days
    lower_days: Days
    upper_days: Days
    seller_known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction, in days."""

    days: float
    lower_days: float
    upper_days: float
    seller_known: bool


class Predictor:
    """Predicts with one model version. Immutable: a new version, or a new pace, is a new predictor."""

    def __init__(self, bundle: Bundle, raw: Raw | None = None, pace: PaceTable | None = None) -> None:
        """`raw` replaces the numpy trees where bulk speed counts, e.g. `CatBoost.predict` of the same bundle.

        `pace` is the present one; without it, the bundle's from its training date.
        """
        self.version = bundle.version
        self.manifest = bundle.manifest
        self.pace = pace or bundle.pace
        self._bundle = bundle
        self._places = bundle.places
        self._row = bundle.trees.predict_row
        self._raw = raw or bundle.trees.predict
        self._level = Level(self.pace)
        self._calendar = WorkingTime(map(date.fromisoformat, bundle.manifest.holidays))
        self._centre = bundle.manifest.centre
        self._lower, self._upper = bundle.residuals.at(LOWER), bundle.residuals.at(UPPER)

    @property
    def pace_day(self) -> date:
        """The day of the newest pace in use."""
        return self.pace.last

    def with_pace(self, pace: PaceTable) -> "Predictor":
        """The same model with another pace."""
        return Predictor(self._bundle, self._raw, pace)

    def with_newer_pace(self, pace: PaceTable | None) -> "Predictor":
        """The same model with this pace if it knows a later day than its own, else this very predictor."""
        return self.with_pace(pace) if pace and pace.last > self.pace_day else self

    def predict(self, orders: Orders) -> Predictions:
        """Predict n valid orders (see `common.orders.fields` for the ranges)."""
        forecast, spread = self._forecast(orders)
        start = self._calendar.start(orders.purchase_timestamp)
        lower = self._calendar.days(start, np.exp(forecast + self._lower * spread))
        upper = self._calendar.days(start, np.exp(forecast + self._upper * spread))
        days = np.clip(self._calendar.days(start, np.exp(forecast + self._centre)), lower, upper)
        return Predictions(days, lower, upper, self._places.known[orders.seller_zip_code_prefix])

    def promise(self, orders: Orders, share: float) -> Days:
        """Days within which a share (0..1) of orders like each of the n is delivered."""
        forecast, spread = self._forecast(orders)
        worked = np.exp(forecast + self._bundle.residuals.at(share) * spread)
        return self._calendar.days(self._calendar.start(orders.purchase_timestamp), worked)

    def predict_one(self, order: Order, purchase: datetime) -> Prediction:
        """Predict one valid order bought at a moment; the same numbers as `predict`, for a fraction of its cost."""
        seller, moment = order.seller_zip_code_prefix, naive_utc(purchase)
        values, state, same_state = features_of_one(order, moment, self._places)
        raw, raw_spread = self._row(np.array(values, dtype=np.float32)).tolist()
        level = self._level.of_one(moment, state, same_state)
        forecast = raw + self._bundle.seller_effect.item(seller) + math.log(level)
        spread = math.exp(raw_spread / SPREAD_WEIGHT)
        start = self._calendar.start_of_one(moment)
        lower = self._calendar.days_of_one(start, math.exp(forecast + self._lower * spread))
        upper = self._calendar.days_of_one(start, math.exp(forecast + self._upper * spread))
        days = min(max(self._calendar.days_of_one(start, math.exp(forecast + self._centre)), lower), upper)
        return Prediction(days, lower, upper, self._places.known.item(seller))

    def _forecast(self, orders: Orders) -> tuple[Days, Days]:
        """Log of working days, and its spread, each (n,)."""
        found = features(orders, self._places)
        raw = self._raw(found.columns)
        forecast = raw[:, 0] + self._bundle.seller_effect[orders.seller_zip_code_prefix]
        level = self._level.of(orders.purchase_timestamp, found.customer_state, found.same_state)
        return forecast + np.log(level), np.exp(raw[:, 1] / SPREAD_WEIGHT)
