"""How far deliveries lie from a forecast: the residuals behind intervals and promises, and the point forecast's centre.

Recent orders, forecast by a model that had not seen them, are blended with the residuals of the whole history: the
recent ones alone swing with every shock.
"""

import numpy as np

from common.arrays import Bools, Floats
from common.model.predictor import SPREAD_WEIGHT
from common.model.residuals import Residuals, residuals
from common.model.time_scale import TimeScale
from trainer.data.history import DAY, History
from trainer.model.forecast import Forecast, fit_forecast, span, teaching
from trainer.model.params import Params
from trainer.model.table import TrainingTable

FEWEST_TO_CALIBRATE = 200
"""With fewer orders to learn from before the calibration window, the model's own residuals stand in."""

RECENT_SHARE = 0.5
"""Weight of the recent residuals."""

LATE_WIDENING = 1.3
"""The model has seen the long-run residuals, so they are too small; and a shock makes deliveries late, never early.
From the backtest: without it 7 % of deliveries lie above the interval, with it 5 %."""

ADAPTATION = 0.5
"""Share of the calibration window's median residual that the point forecast follows. 0.4 to 0.6 differ little."""

STEP_TO_MEAN = 0.03
"""Log days from the median towards the mean: adds 0.3 % to the MAE, and takes 1 % off the RMSE."""


def calibrate(
    table: TrainingTable, forecast: Forecast, cutoff: np.datetime64, params: Params, seed: int
) -> tuple[Residuals, float]:
    """The residuals, and the centre of the point forecast in log days."""
    long_run, spread = _residuals(table, forecast, teaching(table, cutoff, params), cutoff, never=0.0)
    start = cutoff - span(table.scale.calibration)
    window, earlier = table.history.bought_in(start, cutoff), teaching(table, start, params)
    if earlier.sum() < FEWEST_TO_CALIBRATE or not window.any():
        return long_run, STEP_TO_MEAN
    before = fit_forecast(table, earlier, start, params, seed)
    recent, _ = _residuals(table, before, window, cutoff, never_share(table.history, table.scale, cutoff))
    widened = np.where(long_run.quantiles > 0, LATE_WIDENING * long_run.quantiles, long_run.quantiles)
    blended = Residuals(RECENT_SHARE * recent.quantiles + (1 - RECENT_SHARE) * widened)
    return blended, ADAPTATION * recent.at(0.5) * float(np.median(spread)) + STEP_TO_MEAN


def never_share(history: History, scale: TimeScale, cutoff: np.datetime64) -> float:
    """Share of orders that never arrive, as seen at the cut-off."""
    youngest, oldest = scale.lost
    old = history.bought_in(cutoff - span(oldest), cutoff - span(youngest))
    return float((~history.known_at(cutoff)[old]).mean()) if old.any() else 0.0


def _residuals(
    table: TrainingTable, forecast: Forecast, window: Bools, cutoff: np.datetime64, never: float
) -> tuple[Residuals, Floats]:
    """Residuals of the window's orders, as known at the cut-off, and their spread."""
    orders = table.history.orders
    known = table.history.known_at(cutoff)[window]
    raw = forecast.catboost.predict(table.columns[window], prediction_type="RawFormulaVal")
    age = (cutoff - orders.purchase_timestamp[window]) / DAY
    reached = table.log_worked(np.where(known, table.history.days[window], age), window)
    located = table.located.where(window)
    effect = forecast.effects.of(located.origin, located.destination, located.categories)
    expected = raw[:, 0] + effect + table.log_level[window]
    spread = np.exp(raw[:, 1] / SPREAD_WEIGHT)
    return residuals((reached - expected) / spread, known, never), spread
