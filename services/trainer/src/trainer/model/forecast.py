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
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.errors import InvalidInput
from common.model.effects import Effects, Usual
from common.model.predictor import SPREAD_WEIGHT
from trainer.data.history import DAY
from trainer.model.effects import HALF_LIFE_DAYS, learn_effects
from trainer.model.params import Params
from trainer.model.table import TrainingTable
from trainer.model.usual import Inputs, inputs_of

LOSS = "MultiRMSE"
"""Two outputs: the forecast, and the log of its spread. One model for forecast and interval."""

CLIP = 1.6
"""Median absolute errors; 1 to 2.3 differ little."""

LEAST_SPREAD = 0.1
"""Log days; a smaller error was luck."""

LEAST_SEEN = 0.4
"""An order that took as long as few could have taken to be known counts up to 2.5 times as much."""

FEW_DELIVERIES_LONG = 10.0

BORDERS = 64
"""Splits tried per feature: 32 to 254 differ only in time."""


@dataclass(frozen=True)
class Forecast:
    """CatBoost's model, what it sees of texts, and the effects on top of it."""

    catboost: CatBoostRegressor
    usual: Usual
    effects: Effects

    def raw(self, table: TrainingTable, chosen: Bools) -> Floats:
        """CatBoost's raw outputs for the chosen orders, (n, 2)."""
        located = table.located.where(chosen)
        usual = self.usual.of(located.origin, located.destination, located.categories)
        columns = np.column_stack([table.columns[chosen], *usual]) if usual else table.columns[chosen]
        raw: Floats = self.catboost.predict(columns, prediction_type="RawFormulaVal")
        return raw


def teaching(table: TrainingTable, cutoff: np.datetime64, params: Params) -> Bools:
    """Which orders a model may learn from at the cut-off."""
    start, end = cutoff - params.history_days * DAY, cutoff - span(table.scale.too_recent)
    return table.history.known_at(cutoff) & table.history.bought_in(start, end)


def fit_forecast(table: TrainingTable, learned: Bools, cutoff: np.datetime64, params: Params, seed: int) -> Forecast:
    """Fit the trees, and the effects, on the learned orders."""
    inputs = inputs_of(table, learned, weights(table, cutoff, params), seed)
    cross = cross_forecast(table, inputs, learned, seed)
    trees = fit_trees(table, inputs, targets(table, cross, learned), learned, cutoff, params, seed)
    return Forecast(trees, inputs.usual, effects_of(table, cross, learned, cutoff, params))


def weights(table: TrainingTable, cutoff: np.datetime64, params: Params) -> Floats:
    """What each of all N orders counts: half for each half-life of its age, and more the less likely it was known."""
    return _recency(table, cutoff, params, params.half_life_days)


def _recency(table: TrainingTable, cutoff: np.datetime64, params: Params, half_life: float) -> Floats:
    """Half for each half-life of an order's age, over the share of orders that are old enough to have arrived if they
    took as long: else what is known would be what was fast (inverse probability of censoring: Robins & Rotnitzky 1992).
    In full where the orders span few typical deliveries; where they span many, little is missing, and that is noise.
    """
    start, end = cutoff - params.history_days * DAY, cutoff - span(table.scale.too_recent)
    age = (cutoff - table.history.orders.purchase_timestamp) / DAY
    recent = 0.5 ** (age / half_life)
    asked = table.history.bought_in(start, end)
    by_age = np.argsort(age[asked], kind="stable")
    older = np.append(np.cumsum(recent[asked][by_age][::-1])[::-1], 0.0)
    if not older[0]:
        return recent
    days = np.nan_to_num(table.history.days, nan=0.0)
    seen = older[np.searchsorted(age[asked][by_age], days)] / older[0]
    span_of_all = age[asked].max() - age[asked].min()
    power = min(1.0, FEW_DELIVERIES_LONG * table.scale.typical / max(span_of_all, 1.0))
    return recent / np.maximum(seen, LEAST_SEEN) ** power


def fit_trees(
    table: TrainingTable,
    inputs: Inputs,
    wanted: Floats,
    learned: Bools,
    cutoff: np.datetime64,
    params: Params,
    seed: int,
    threads: int = 2,
    **fitting: Any,
) -> CatBoostRegressor:
    """CatBoost's model of the learned orders' `targets`; `fitting` goes to CatBoost's `fit`."""
    weight = weights(table, cutoff, params)[learned]
    pool = Pool(inputs.columns[learned], wanted[learned], weight=weight, feature_names=list(inputs.names))
    model = _regressor(LOSS, seed, threads, **params.catboost)
    model.fit(pool, **fitting)
    return model


def cross_forecast(table: TrainingTable, inputs: Inputs, learned: Bools, seed: int) -> Floats:
    """Forecast of all N orders' target by models that have not learned from them: each half of the learned orders by
    the other half's model, all further orders by the mean of both."""
    _must_differ(inputs.columns[learned], table.target[learned])
    by_half = []
    for half in (inputs.first, learned & ~inputs.first):
        if not half.any():
            return np.full(len(learned), table.target[learned].mean())
        model = _regressor("RMSE", seed, 2, iterations=80, depth=6, learning_rate=0.15)
        model.fit(inputs.columns[half], table.target[half])
        by_half.append(model.predict(inputs.columns))
    return np.select([inputs.first, learned], [by_half[1], by_half[0]], (by_half[0] + by_half[1]) / 2)


def targets(table: TrainingTable, cross: Floats, learned: Bools) -> Floats:
    """What the trees learn, (N, 2): the target, clipped to near its cross-forecast, and SPREAD_WEIGHT * log of the
    forecast's error."""
    error = table.target - cross
    spread = np.log(np.maximum(np.abs(error), LEAST_SPREAD))
    return np.column_stack([cross + _clipped(error, learned), SPREAD_WEIGHT * spread])


def effects_of(table: TrainingTable, cross: Floats, learned: Bools, cutoff: np.datetime64, params: Params) -> Effects:
    """The effects, from the errors of the learned orders' cross-forecasts."""
    error = _clipped(table.target - cross, learned)[learned]
    weight = _recency(table, cutoff, params, HALF_LIFE_DAYS * table.scale.slowness)[learned]
    return learn_effects(table.located, learned, error, weight)


def _clipped(error: Floats, learned: Bools) -> Floats:
    """The errors, to CLIP times the learned orders' median one."""
    most = CLIP * float(np.median(np.abs(error[learned])))
    return np.clip(error, -most, most)


def span(days: float) -> np.timedelta64:
    """That many days, to the second."""
    return np.timedelta64(round(days * 86_400), "s")


def _must_differ(inputs: NDArray[np.float32], target: Floats) -> None:
    """InvalidInput in place of CatBoost's refusal of orders that are all alike."""
    if len(target) and (np.ptp(target) == 0 or not np.ptp(np.nan_to_num(inputs, nan=-1.0), axis=0).any()):
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
