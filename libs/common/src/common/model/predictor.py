"""From orders to days: features, trees, the sellers' history, the interval and the delivery pace, for one or many."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.bundle import Servable
from common.model.features import features, features_of_one
from common.model.pace import Level, PaceTable
from common.model.residuals import LOWER, UPPER
from common.model.working_time import WorkingTime
from common.orders.fields import Order, Orders
from common.orders.moments import naive_utc

Raw = Callable[[NDArray[np.float32]], Floats]
"""Model columns (n, features) to raw outputs (n, 2): the log of scaled working days, and SPREAD_WEIGHT times the log of
its spread."""

SPREAD_WEIGHT = 0.1
"""The trees learn both outputs at once; the small weight lets the forecast shape them."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """n predictions: days from purchase to delivery with their 90 % interval, arrays of shape (n,)."""

    days: Floats
    lower_days: Floats
    upper_days: Floats
    seller_known: Bools


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction, in days."""

    days: float
    lower_days: float
    upper_days: float
    seller_known: bool


class Predictor:
    """Predicts with one model version. Immutable: a new version, or a new pace, is a new predictor."""

    def __init__(self, model: Servable, raw: Raw | None = None, pace: PaceTable | None = None) -> None:
        """raw: replaces the numpy trees where bulk speed counts, e.g. `CatBoost.predict` of the same bundle.

        pace: the present one; by default the model's own, from its training date.
        """
        self.version = model.version
        self.manifest = model.manifest
        self.pace = pace or model.pace
        self._model = model
        self._places = model.places
        self._row = model.trees.predict_row
        self._raw = raw or model.trees.predict
        self._level = Level(self.pace)
        self._calendar = WorkingTime(map(date.fromisoformat, model.manifest.holidays))
        self._centre = model.manifest.centre
        self._lower, self._upper = model.residuals.at(LOWER), model.residuals.at(UPPER)

    @property
    def pace_day(self) -> date:
        """The day of the newest pace in use."""
        return self.pace.last

    def with_pace(self, pace: PaceTable) -> "Predictor":
        """The same model with another pace."""
        return Predictor(self._model, self._raw, pace)

    def with_present_pace(self, pace: PaceTable | None) -> "Predictor":
        """The same model with this pace if it knows a later day than the model's own, else with the model's own."""
        present = pace if pace and pace.last > self._model.pace.last else self._model.pace
        return self if present is self.pace else self.with_pace(present)

    def predict(self, orders: Orders) -> Predictions:
        """Predict n valid orders (see `common.orders.fields` for the ranges)."""
        forecast, spread = self._forecast(orders)
        start = self._calendar.start(orders.purchase_timestamp)
        lower = self._calendar.days(start, np.exp(forecast + self._lower * spread))
        upper = self._calendar.days(start, np.exp(forecast + self._upper * spread))
        days = np.clip(self._calendar.days(start, np.exp(forecast + self._centre)), lower, upper)
        return Predictions(days, lower, upper, self._places.known[orders.seller_zip_code_prefix])

    def promise(self, orders: Orders, share: float) -> Floats:
        """Days within which a share (0..1) of orders like each of the n is delivered."""
        forecast, spread = self._forecast(orders)
        worked = np.exp(forecast + self._model.residuals.at(share) * spread)
        return self._calendar.days(self._calendar.start(orders.purchase_timestamp), worked)

    def predict_one(self, order: Order, purchase: datetime) -> Prediction:
        """Predict one valid order bought at a moment; the same numbers as `predict`, for a fraction of its cost."""
        seller, moment = order.seller_zip_code_prefix, naive_utc(purchase)
        values, state, same_state = features_of_one(order, moment, self._places)
        raw, raw_spread = self._row(np.array(values, dtype=np.float32)).tolist()
        level = self._level.of_one(moment, state, same_state)
        forecast = raw + self._model.seller_effect.item(seller) + math.log(level)
        spread = math.exp(raw_spread / SPREAD_WEIGHT)
        start = self._calendar.start_of_one(moment)
        lower = self._calendar.days_of_one(start, math.exp(forecast + self._lower * spread))
        upper = self._calendar.days_of_one(start, math.exp(forecast + self._upper * spread))
        days = min(max(self._calendar.days_of_one(start, math.exp(forecast + self._centre)), lower), upper)
        return Prediction(days, lower, upper, self._places.known.item(seller))

    def _forecast(self, orders: Orders) -> tuple[Floats, Floats]:
        """Log of working days, and its spread, each (n,)."""
        inputs = features(orders, self._places)
        raw = self._raw(inputs.columns)
        forecast = raw[:, 0] + self._model.seller_effect[orders.seller_zip_code_prefix]
        level = self._level.of(orders.purchase_timestamp, inputs.customer_state, inputs.same_state)
        return forecast + np.log(level), np.exp(raw[:, 1] / SPREAD_WEIGHT)
