"""How far deliveries lie from a forecast: the residuals behind intervals and promises, and the point forecast's centre.

Recent orders, forecast by a model that had not seen them, are blended with the residuals of the whole history: the
recent ones alone swing with every shock. Adaptive conformal prediction (Gibbs & Candes 2021), which follows each day
what was kept, gained nothing in the backtest: that a promise of three weeks is missed is known after three weeks. Nor
did far ends that follow each week's newest three weeks, under way or not: in the worst month promises at 0.9 are then
off by 10.2 points in place of 11.7, and are 1.3 days longer in every month.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.pace import RELATIONS
from common.model.predictor import SPREAD_WEIGHT
from common.model.quality import mae
from common.model.time_scale import TimeScale
from common.model.uncertainty.residuals import SHARES, Residuals, quantiles_of
from trainer.data.history import DAY, History
from trainer.model.forecast import Forecast, fit_forecast, span, teaching
from trainer.model.params import Params
from trainer.model.table import TrainingTable

FEWEST_TO_CALIBRATE = 200
"""With fewer orders to learn from before the calibration window, the model's own residuals stand in."""

FEWEST_TO_JUDGE = 50
"""Of the window's deliveries: with fewer nobody can say which of two forecasts is better."""

RECENT_SHARE = 0.5
"""Weight of the recent residuals where they are many; FEW of them have half of it."""

FEW = 500

ENOUGH_FOR_A_GROUP = 500
"""Deliveries among the recent orders from which on a group has a distribution of its own. 100 to 500 differ little."""

LATE_WIDENING = 1.27
"""The model has seen the long-run residuals, so they are too small; and a shock makes deliveries late, never early: the
far end carries it. From the backtest: with 1.45 from 0.9 on, promises at 0.9 are kept at 0.82 in the worst month (0.79
with this), but at 0.911 in all, and are 1.3 days longer in every month."""

SEEN = 150
"""Orders: with so many to learn from, a model's own residuals are half of what they are on orders it has not seen. From
trucks, whose months do not settle it: the first half prefers 0, the second 300, both by half a point at most."""

UNDER_WAY_WIDENING = np.interp(SHARES, [0.9, 0.99], [1.45, 1.15])
"""The same given that an order has not arrived: what is a margin for few of all orders would be one for each that is
late already."""

NEARLY_ALL = 0.995
"""Of the deliveries: an order that takes longer than so many did may never arrive."""

ADAPTATION = 0.55
"""Share of the calibration window's median residual that the point forecast follows. 0.4 to 0.6 differ little."""

FEW_TO_ADAPT = 500
"""With so many orders in the window it follows half as far."""

STEP_TO_MEAN = 0.03
"""Log days from the median towards the mean: adds 0.3 % to the MAE, and takes 1 % off the RMSE."""


@dataclass(frozen=True)
class Calibration:
    """residuals: of promises made at the start. under_way: of the time left to orders that have not arrived. centre: of
    the point forecast, in log days."""

    residuals: Residuals
    under_way: Residuals
    centre: float


@dataclass(frozen=True)
class Errors:
    """Standardised residuals of n orders. known: False where the order is under way. group: see `Residuals.group`."""

    standardised: Floats
    known: Bools
    group: NDArray[np.intp]
    spread: Floats

    def quantiles(self, chosen: Bools | slice = slice(None), never: float = 0.0) -> Floats:
        """Quantiles at SHARES of the chosen ones; never: see `quantiles_of`."""
        return quantiles_of(self.standardised[chosen], self.known[chosen], never)


@dataclass(frozen=True)
class Unseen:
    """The newest orders before a cut-off, and their forecast by a model that has not learned from them."""

    forecast: Forecast
    window: Bools

    def maes(self, table: TrainingTable, cutoff: np.datetime64, chosen: Bools) -> Floats:
        """In days, of those of the chosen orders that were known at the cut-off: of the forecast as it is, and once it
        is right in the median, which says how well it tells orders apart; (2,), NaN if there are few orders."""
        judged = self.window & chosen & table.history.known_at(cutoff)
        if judged.sum() < FEWEST_TO_JUDGE:
            return np.full(2, np.nan)
        forecast, _ = _forecast(table, self.forecast, judged)
        days = table.history.days[judged]
        missed = np.median(table.log_worked(days, judged) - forecast)
        return np.array([mae(days, table.days(np.exp(forecast + level), judged)) for level in (0.0, missed)])


def unseen(
    table: TrainingTable, cutoff: np.datetime64, params: Params, seed: int, days: float | None = None
) -> Unseen | None:
    """The orders of so many days before the cut-off, by default of the calibration window; None if too few are known
    before them."""
    start = cutoff - span(days or table.scale.calibration)
    window, earlier = table.history.bought_in(start, cutoff), teaching(table, start, params)
    if earlier.sum() < FEWEST_TO_CALIBRATE or not window.any():
        return None
    return Unseen(fit_forecast(table, earlier, start, params, seed), window)


def calibrate(
    table: TrainingTable, forecast: Forecast, before: Unseen | None, cutoff: np.datetime64, params: Params
) -> Calibration:
    """What was known of the forecast's errors at the cut-off."""
    all_bought = table.history.bought_in(cutoff - params.history_days * DAY, cutoff)
    long_run = _errors(table, forecast, all_bought, cutoff)
    never = never_share(table.history, table.scale, cutoff)
    if before is None:
        residuals = Residuals.of((1 + SEEN / len(long_run.known)) * long_run.quantiles(never=never))
        return Calibration(residuals, residuals, STEP_TO_MEAN)
    recent = _errors(table, before.forecast, before.window, cutoff)
    median = float(np.interp(0.5, SHARES, recent.quantiles(never=never)))
    trust = ADAPTATION * len(recent.known) / (len(recent.known) + FEW_TO_ADAPT)
    centre = trust * median * float(np.median(recent.spread)) + STEP_TO_MEAN
    groups = 2 * (len(table.pace.groups) - len(RELATIONS))
    residuals, under_way = (
        by_group(long_run, recent, never, groups, widening) for widening in (LATE_WIDENING, UNDER_WAY_WIDENING)
    )
    return Calibration(residuals, under_way, centre)


def by_group(
    long_run: Errors, recent: Errors, never: float, groups: int, widening: float | Floats = LATE_WIDENING
) -> Residuals:
    """The blend of both for each group with enough recent deliveries; any other has that of all orders."""
    trust = RECENT_SHARE * len(recent.known) / (len(recent.known) + FEW)

    seen = 1 + SEEN / len(long_run.known)

    def blended(newest: Floats, lasting: Floats) -> Floats:
        return trust * newest + (1 - trust) * seen * np.where(lasting > 0, widening * lasting, lasting)

    of_all = blended(recent.quantiles(never=never), long_run.quantiles(never=never))
    quantiles = np.tile(of_all, (groups, 1))
    for group in range(groups):
        newest, lasting = recent.group == group, long_run.group == group
        if (newest & recent.known).sum() >= ENOUGH_FOR_A_GROUP and lasting.sum() >= ENOUGH_FOR_A_GROUP:
            quantiles[group] = blended(recent.quantiles(newest, never), long_run.quantiles(lasting, never))
    return Residuals.of(quantiles)


def never_share(history: History, scale: TimeScale, cutoff: np.datetime64) -> float:
    """Share of orders that never arrive, as seen at the cut-off: of those older than nearly all took that arrived."""
    known, youngest = history.known_at(cutoff), scale.lost
    if known.any():
        youngest = max(youngest, float(np.quantile(history.days[known], NEARLY_ALL)))
    old = history.orders.purchase_timestamp < cutoff - span(youngest)
    return float((~known[old]).mean()) if old.any() else 0.0


def _errors(table: TrainingTable, forecast: Forecast, window: Bools, cutoff: np.datetime64) -> Errors:
    """Residuals of the window's orders, as known at the cut-off."""
    orders = table.history.orders
    known = table.history.known_at(cutoff)[window]
    age = (cutoff - orders.purchase_timestamp[window]) / DAY
    reached = table.log_worked(np.where(known, table.history.days[window], age), window)
    expected, spread = _forecast(table, forecast, window)
    located = table.located
    pace_group = located.geography.regions.group[located.destination.region[window]].astype(np.intp)
    return Errors((reached - expected) / spread, known, 2 * pace_group + located.same_region[window], spread)


def _forecast(table: TrainingTable, forecast: Forecast, chosen: Bools) -> tuple[Floats, Floats]:
    """Of the chosen orders the log working days, and the spread of their residuals."""
    raw, located = forecast.raw(table, chosen), table.located.where(chosen)
    effect = forecast.effects.of(located.origin, located.destination, located.categories)
    return raw[:, 0] + effect + table.log_level[chosen], np.exp(raw[:, 1] / SPREAD_WEIGHT)
