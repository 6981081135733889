"""The orders of a table that were promised a day, as the model of those learns them.

Their target is divided by the promise too, as far as their deliveries follow it; the trees learn the rest.
"""

from dataclasses import dataclass, replace

import numpy as np

from common.arrays import Bools, Floats
from common.model.promise.ratio import PROMISE_NAMES, PromiseRatio, with_promise
from trainer.model.table import TrainingTable

FEWEST_PROMISES = 200
"""Deliveries that were promised a day; with fewer there is nothing to learn from."""

DIFFERENT = (0.05, 0.95)
"""Quantiles of the promised days: where they are one, the promise is a default and says nothing of an order."""

BOUNDS = (0.005, 0.995)
"""Quantiles of the ratio between which it counts."""

CLIP = 3.0
"""Median absolute errors, to which the targets are clipped before the slope is taken."""


@dataclass(frozen=True)
class Promised:
    """table: of the `chosen` among the orders of another."""

    table: TrainingTable
    chosen: Bools
    ratio: PromiseRatio


def with_promises(table: TrainingTable, learned: Bools) -> Promised | None:
    """The orders that were promised a day after their purchase; None where too few of the learned ones were, or all
    the same."""
    chosen = table.history.orders.promised_days > 0
    days, taught = table.history.orders.promised_days[chosen], learned[chosen]
    if taught.sum() < FEWEST_PROMISES or np.ptp(np.quantile(days[taught], DIFFERENT)) == 0:
        return None
    ratio = table.log_worked(days, chosen) - table.log_level[chosen]
    bounds = PromiseRatio(0.0, *np.quantile(ratio[taught], BOUNDS).tolist())
    ratio = np.clip(ratio, bounds.lowest, bounds.highest)
    learned_ratio = replace(bounds, slope=_slope(ratio[taught], table.target[chosen][taught]))
    return Promised(
        replace(
            table,
            history=table.history.where(chosen),
            local=table.local[chosen],
            located=table.located.where(chosen),
            columns=with_promise(table.columns[chosen], ratio, days),
            log_level=table.log_level[chosen] + learned_ratio.slope * ratio,
            further_names=PROMISE_NAMES,
        ),
        chosen,
        learned_ratio,
    )


def _slope(ratio: Floats, target: Floats) -> float:
    """By how much the target grows with the ratio: least squares, between 0 (not at all) and 1 (the promise alone)."""
    error = target - np.median(target)
    most = CLIP * float(np.median(np.abs(error)))
    error, apart = np.clip(error, -most, most), ratio - ratio.mean()
    spread = float(apart @ apart)
    return float(np.clip(apart @ error / spread, 0.0, 1.0)) if spread > 0 else 0.0
