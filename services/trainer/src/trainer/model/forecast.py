"""The forecast: CatBoost's trees and the effects on top of them, learned from what was known at a cut-off.

The trees see log(working days / level), where the level is the delivery pace of the day (see `common.model.pace`):
trees cannot extrapolate a level that they have not seen, dividing by it can.

Two-fold cross-fitting: each half's model forecasts the other half. The errors give the effects and the spread;
they are clipped at CLIP because we predict a median, not a mean.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from catboost import CatBoostRegressor, Pool

from common.arrays import Bools, Floats
from common.errors import InvalidInput
from common.model.effects import Effects
from common.model.predictor import SPREAD_WEIGHT
from trainer.data.history import DAY
from trainer.model.effects import HALF_LIFE_DAYS, learn_effects
from trainer.model.params import Params
from trainer.model.table import TrainingTable

LOSS = "MultiRMSE"
"""Two outputs: the forecast, and the log of its spread. One model for forecast and interval."""

CLIP = 1.6
"""Median absolute errors; 1 to 2.3 differ little."""

LEAST_SPREAD = 0.1
"""Log days; a smaller error was luck."""

BORDERS = 64
"""Splits tried per feature: 32 to 254 differ only in time."""


@dataclass(frozen=True)
class Forecast:
    """CatBoost's model, and the effects on top of it."""

    catboost: CatBoostRegressor
    effects: Effects


def teaching(table: TrainingTable, cutoff: np.datetime64, params: Params) -> Bools:
    """Which orders a model may learn from at the cut-off."""
    start, end = cutoff - params.history_days * DAY, cutoff - span(table.scale.too_recent)
    return table.history.known_at(cutoff) & table.history.bought_in(start, end)


def fit_forecast(table: TrainingTable, learned: Bools, cutoff: np.datetime64, params: Params, seed: int) -> Forecast:
    """Fit the trees, and the effects, on the learned orders."""
    cross = cross_forecast(table, learned, seed)
    trees = fit_trees(table, targets(table, cross, learned), learned, cutoff, params, seed)
    return Forecast(trees, effects_of(table, cross, learned, cutoff))


def fit_trees(
    table: TrainingTable,
    wanted: Floats,
    learned: Bools,
    cutoff: np.datetime64,
    params: Params,
    seed: int,
    threads: int = 2,
    **fitting: Any,
) -> CatBoostRegressor:
    """CatBoost's model of the learned orders' `targets`; `fitting` goes to CatBoost's `fit`."""
    age = (cutoff - table.history.orders.purchase_timestamp[learned]) / DAY
    weight = 0.5 ** (age / params.half_life_days)
    pool = Pool(table.columns[learned], wanted[learned], weight=weight, feature_names=list(table.feature_names))
    model = _regressor(LOSS, seed, threads, **params.catboost)
    model.fit(pool, **fitting)
    return model


def cross_forecast(table: TrainingTable, learned: Bools, seed: int) -> Floats:
    """Forecast of all N orders' target by models that have not learned from them: each half of the learned orders by
    the other half's model, all further orders by the mean of both."""
    _must_differ(table, learned)
    first = learned & (np.random.default_rng(seed).random(len(learned)) < 0.5)
    by_half = []
    for half in (first, learned & ~first):
        if not half.any():
            return np.full(len(learned), table.target[learned].mean())
        model = _regressor("RMSE", seed, 2, iterations=80, depth=6, learning_rate=0.15)
        model.fit(table.columns[half], table.target[half])
        by_half.append(model.predict(table.columns))
    return np.select([first, learned], [by_half[1], by_half[0]], (by_half[0] + by_half[1]) / 2)


def targets(table: TrainingTable, cross: Floats, learned: Bools) -> Floats:
    """What the trees learn, (N, 2): the target, clipped to near its cross-forecast, and SPREAD_WEIGHT * log of the
    forecast's error."""
    error = table.target - cross
    spread = np.log(np.maximum(np.abs(error), LEAST_SPREAD))
    return np.column_stack([cross + _clipped(error, learned), SPREAD_WEIGHT * spread])


def effects_of(table: TrainingTable, cross: Floats, learned: Bools, cutoff: np.datetime64) -> Effects:
    """The effects, from the errors of the learned orders' cross-forecasts."""
    age = (cutoff - table.history.orders.purchase_timestamp[learned]) / DAY
    error = _clipped(table.target - cross, learned)[learned]
    return learn_effects(table.located, learned, error, age, HALF_LIFE_DAYS * table.scale.slowness)


def _clipped(error: Floats, learned: Bools) -> Floats:
    """The errors, to CLIP times the learned orders' median one."""
    most = CLIP * float(np.median(np.abs(error[learned])))
    return np.clip(error, -most, most)


def span(days: float) -> np.timedelta64:
    """That many days, to the second."""
    return np.timedelta64(round(days * 86_400), "s")


def _must_differ(table: TrainingTable, learned: Bools) -> None:
    """InvalidInput in place of CatBoost's refusal of orders that are all alike."""
    inputs, target = table.columns[learned], table.target[learned]
    if learned.any() and (np.ptp(target) == 0 or not np.ptp(np.nan_to_num(inputs, nan=-1.0), axis=0).any()):
        what = "took the same time" if np.ptp(target) == 0 else "have the same place and weekday"
        raise InvalidInput(f"all {len(target)} orders to learn from {what}: there is nothing to learn, widen the data")


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
