"""Fit a model on what was known at a cut-off.

The model sees log(working days / level), where the level is the delivery pace of the day (see `common.model.pace`):
trees cannot extrapolate a level that they have not seen, dividing by it can.

Two models of one half of the orders each forecast the other half. What these forecasts miss by tells how slow each
seller is and how wide the spread, and misses beyond CLIP teach no more than CLIP: a median is asked for, not a mean.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from catboost import CatBoostRegressor, Pool
from numpy.typing import NDArray

from common.errors import InvalidInput
from common.model.features import FEATURE_NAMES, Features, features
from common.model.pace import Level, PaceTable, pace_table
from common.model.predictor import SPREAD_WEIGHT
from common.model.residuals import Residuals, residuals
from common.model.working_time import WorkingTime
from common.orders.places import Places
from trainer.data.history import DAY, History, as_datetime
from trainer.model.params import Params
from trainer.model.public_holidays import public_holidays
from trainer.model.seller_history import seller_effect

LOSS = "MultiRMSE"
"""Two outputs: the forecast, and the log of its spread. One model for forecast and interval."""

CLIP = 0.5
"""Log days; 0.3 to 0.7 differ little."""

LEAST_SPREAD = 0.1
"""Log days; a smaller miss was luck."""

SETTLING_DAYS = 10
"""Orders bought in the last days before the cut-off do not teach: only their fast deliveries are known."""

CALIBRATION_DAYS = 90
"""Length of the window before the cut-off whose orders calibrate, forecast by a model that has not seen them."""

BORDERS = 64
"""Splits tried per feature: 32 to 254 make no difference but in time."""

FEWEST_TO_LEARN = 200
"""With fewer labels before the calibration window, the model's own residuals stand in."""

RECENT_SHARE = 0.5
"""Weight of the recent residuals against those of the whole history: the recent ones alone swing with every shock."""

LATE_WIDENING = 1.3
"""The model has seen the long-run residuals, so they are too small; and a shock makes deliveries late, never early.
From the backtest: without it 7 % of deliveries lie above the interval, with it 5 %."""

SHORTEST_DAYS = 0.05
"""Working days; a shorter delivery counts as so long, for the logarithm's sake."""

LOST_AFTER_DAYS = (60, 180)
"""Orders of this age that have not arrived tell the share that never does."""

ADAPTATION = 0.5
"""Share of the calibration window's median residual that the point forecast follows. 0.4 to 0.6 differ little."""

STEP_TO_MEAN = 0.03
"""Log days from the median towards the mean: adds 0.3 % to the MAE, and takes 1 % off the RMSE."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """A fitted model with all that a bundle keeps. seller_effect: (100000,), log days. centre, holidays: see
    `Manifest`."""

    catboost: CatBoostRegressor
    seller_effect: Values
    residuals: Residuals
    centre: float
    params: Params
    cutoff: np.datetime64
    holidays: list[date]
    learned: History


@dataclass(frozen=True)
class Table:
    """A history with its model columns and level, computed once for many fits."""

    history: History
    places: Places
    pace: PaceTable
    features: Features
    log_level: Values
    holidays: list[date]
    calendar: WorkingTime

    @classmethod
    def of(cls, history: History, places: Places, until: np.datetime64) -> "Table":
        """Features and the causal delivery pace up to the day of `until`."""
        found = features(history.orders, places)
        purchase = history.orders.purchase_timestamp
        pace = pace_table(
            purchase, history.delivered, found.customer_state, found.same_state, as_datetime(until).date()
        )
        level = Level(pace).of(purchase, found.customer_state, found.same_state)
        holidays = public_holidays(as_datetime(purchase[0]).date(), as_datetime(until).date())
        return cls(history, places, pace, found, np.log(level), holidays, WorkingTime(holidays))

    @cached_property
    def target(self) -> Values:
        """log(working days / level), NaN while under way."""
        return self.log_worked(self.history.days) - self.log_level

    def log_worked(self, days: Values, chosen: NDArray[np.bool_] | slice = slice(None)) -> Values:
        """log of the working days in as many days from the purchase of the chosen orders on."""
        start = self.calendar.start(self.history.orders.purchase_timestamp[chosen])
        return np.log(np.maximum(self.calendar.worked(start, days), SHORTEST_DAYS))


def fit(table: Table, cutoff: np.datetime64, params: Params, seed: int = 0) -> Model:
    """The model, its sellers' history and its calibration at a cut-off; InvalidInput if nothing was known by then."""
    learned = teaching(table, cutoff, params)
    if not learned.any():
        raise InvalidInput(f"no delivery was known {SETTLING_DAYS} days before {cutoff}: choose a later cut-off")
    model, effect = fit_forecast(table, learned, cutoff, params, seed)
    found, centre = _calibrate(table, (model, effect), cutoff, params, seed)
    return Model(model, effect, found, centre, params, cutoff, table.holidays, table.history.where(learned))


def teaching(table: Table, cutoff: np.datetime64, params: Params) -> NDArray[np.bool_]:
    """Which orders a model may learn from at the cut-off."""
    start, end = cutoff - params.history_days * DAY, cutoff - SETTLING_DAYS * DAY
    return table.history.known_at(cutoff) & table.history.bought_in(start, end)


def fit_forecast(
    table: Table, learned: NDArray[np.bool_], cutoff: np.datetime64, params: Params, seed: int
) -> tuple[CatBoostRegressor, Values]:
    """CatBoost's model and the sellers' effect."""
    forecast = cross_forecast(table, learned, seed)
    model = fit_trees(table, targets(table, forecast), learned, cutoff, params, seed)
    return model, effect_of_sellers(table, forecast, learned, cutoff)


def fit_trees(
    table: Table,
    wanted: Values,
    learned: NDArray[np.bool_],
    cutoff: np.datetime64,
    params: Params,
    seed: int,
    threads: int = 2,
    **fitting: Any,
) -> CatBoostRegressor:
    """CatBoost's model of the learned orders' `targets`; `fitting` goes to CatBoost's `fit`."""
    age = (cutoff - table.history.orders.purchase_timestamp[learned]) / DAY
    weight = 0.5 ** (age / params.half_life_days)
    pool = Pool(table.features.columns[learned], wanted[learned], weight=weight, feature_names=list(FEATURE_NAMES))
    model = _regressor(LOSS, seed, threads, **params.catboost)
    model.fit(pool, **fitting)
    return model


def cross_forecast(table: Table, learned: NDArray[np.bool_], seed: int) -> Values:
    """Forecast of all N orders' target, by models that have not learned from them: each half of the learned orders by
    a model of the other half, further orders by the mean of both."""
    first = learned & (np.random.default_rng(seed).random(len(learned)) < 0.5)
    by_half = []
    for half in (first, learned & ~first):
        if not half.any():
            return np.full(len(learned), table.target[learned].mean())
        model = _regressor("RMSE", seed, 2, iterations=80, depth=6, learning_rate=0.15)
        model.fit(table.features.columns[half], table.target[half])
        by_half.append(model.predict(table.features.columns))
    return np.select([first, learned], [by_half[1], by_half[0]], (by_half[0] + by_half[1]) / 2)


def targets(table: Table, forecast: Values) -> Values:
    """What the trees learn, (N, 2): the target near its forecast, and SPREAD_WEIGHT * log of how far it lies off."""
    miss = table.target - forecast
    spread = np.log(np.maximum(np.abs(miss), LEAST_SPREAD))
    return np.column_stack([forecast + np.clip(miss, -CLIP, CLIP), SPREAD_WEIGHT * spread])


def effect_of_sellers(table: Table, forecast: Values, learned: NDArray[np.bool_], cutoff: np.datetime64) -> Values:
    """Sellers' effect, (100000,), log days, from what the learned orders' forecasts miss by."""
    orders = table.history.orders
    age = (cutoff - orders.purchase_timestamp[learned]) / DAY
    miss = np.clip((table.target - forecast)[learned], -CLIP, CLIP)
    return seller_effect(orders.seller_zip_code_prefix[learned], miss, age)


def _calibrate(
    table: Table, fitted: tuple[CatBoostRegressor, Values], cutoff: np.datetime64, params: Params, seed: int
) -> tuple[Residuals, float]:
    """Residuals of all that the model learned from, blended with those of the window before the cut-off, forecast by
    a model that had not seen it; and the centre of the point forecast."""
    long_run, spread = _residuals(table, fitted, teaching(table, cutoff, params), cutoff, never=0.0)
    start = cutoff - CALIBRATION_DAYS * DAY
    window, earlier = table.history.bought_in(start, cutoff), teaching(table, start, params)
    if earlier.sum() < FEWEST_TO_LEARN or not window.any():
        return long_run, STEP_TO_MEAN
    before = fit_forecast(table, earlier, start, params, seed)
    recent, _ = _residuals(table, before, window, cutoff, never_share(table.history, cutoff))
    widened = np.where(long_run.quantiles > 0, LATE_WIDENING * long_run.quantiles, long_run.quantiles)
    blended = Residuals(RECENT_SHARE * recent.quantiles + (1 - RECENT_SHARE) * widened)
    return blended, ADAPTATION * recent.at(0.5) * float(np.median(spread)) + STEP_TO_MEAN


def never_share(history: History, cutoff: np.datetime64) -> float:
    """Share of orders that never arrive, as seen at the cut-off."""
    youngest, oldest = LOST_AFTER_DAYS
    old = history.bought_in(cutoff - oldest * DAY, cutoff - youngest * DAY)
    return float((~history.known_at(cutoff)[old]).mean()) if old.any() else 0.0


def _residuals(
    table: Table,
    fitted: tuple[CatBoostRegressor, Values],
    window: NDArray[np.bool_],
    cutoff: np.datetime64,
    never: float,
) -> tuple[Residuals, Values]:
    """Residuals of the orders in the window, as known at the cut-off, and their spread."""
    model, effect = fitted
    orders = table.history.orders
    known = table.history.known_at(cutoff)[window]
    raw = model.predict(table.features.columns[window], prediction_type="RawFormulaVal")
    age = (cutoff - orders.purchase_timestamp[window]) / DAY
    reached = table.log_worked(np.where(known, table.history.days[window], age), window)
    forecast = raw[:, 0] + effect[orders.seller_zip_code_prefix[window]] + table.log_level[window]
    spread = np.exp(raw[:, 1] / SPREAD_WEIGHT)
    return residuals((reached - forecast) / spread, known, never), spread


def _regressor(loss: str, seed: int, threads: int, **params: Any) -> CatBoostRegressor:
    return CatBoostRegressor(
        loss_function=loss,
        random_seed=seed,
        allow_writing_files=False,
        verbose=False,
        thread_count=threads,
        border_count=BORDERS,
        **params,
    )
