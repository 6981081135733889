"""Fit a model on what was known at a cut-off: its forecast, and its calibration; and the further ones beside it."""

from dataclasses import dataclass, replace

import numpy as np

from common.arrays import Bools
from common.errors import InvalidInput
from common.model.promise.ratio import PromiseRatio
from trainer.data.history import DAY, History
from trainer.model.calibration import Calibration, Unseen, calibrate, unseen
from trainer.model.forecast import Forecast, fit_forecast, teaching
from trainer.model.further.hand_over import from_hand_over
from trainer.model.further.promised import with_promises
from trainer.model.params import Params
from trainer.model.table import TrainingTable

FEWEST_HAND_OVERS = 500
"""Deliveries with a known hand-over that teach a second model; with fewer there is none."""

NEWEST_SHARE = 1 / 3
"""Of the time that is known: decides on the promise where the calibration window would leave too little before it."""

LEAST_GAIN = 0.02
"""Share of the MAE that the shop's promises must take off the newest orders before the cut-off, as it is and once the
level is right. On Olist, where they are no help, they take off up to 1.4 % by chance; where they help, 2 to 20 %."""


@dataclass(frozen=True)
class Model:
    """A fitted model with all that a bundle keeps. after_hand_over: of the time from hand-over. with_promise: of orders
    with a promise, which has the ratio."""

    forecast: Forecast
    calibration: Calibration
    params: Params
    cutoff: np.datetime64
    learned: History
    after_hand_over: "Model | None" = None
    with_promise: "Model | None" = None
    ratio: PromiseRatio | None = None

    @property
    def feature_names(self) -> list[str]:
        """Of the columns that the trees see."""
        names: list[str] = self.forecast.catboost.feature_names_
        return names


def fit(table: TrainingTable, cutoff: np.datetime64, params: Params, seed: int = 0) -> Model:
    """The model as of a cut-off; InvalidInput if nothing was known by then."""
    learned = teaching(table, cutoff, params)
    if not learned.any():
        raise InvalidInput(
            f"no delivery was known {table.scale.too_recent:g} days before {cutoff}: choose a later cut-off"
        )
    before = unseen(table, cutoff, params, seed)
    return replace(
        _fitted(table, learned, before, cutoff, params, seed),
        after_hand_over=_after_hand_over(table, cutoff, params, seed),
        with_promise=_with_promise(table, learned, before, cutoff, params, seed),
    )


def _after_hand_over(table: TrainingTable, cutoff: np.datetime64, params: Params, seed: int) -> Model | None:
    """The second model; None where too few hand-overs, or none that differ, were known by then.

    The shop's promise is no input of it: on trucks, where it helps at the purchase, the MAE is 1 % higher with it.
    """
    orders = from_hand_over(table)
    if orders is None:
        return None
    learned = teaching(orders, cutoff, params)
    try:
        if learned.sum() < FEWEST_HAND_OVERS:
            return None
        return _fitted(orders, learned, unseen(orders, cutoff, params, seed), cutoff, params, seed)
    except InvalidInput:
        return None


def _with_promise(
    table: TrainingTable, learned: Bools, before: Unseen | None, cutoff: np.datetime64, params: Params, seed: int
) -> Model | None:
    """The model of orders with a promise; None where it does not forecast the newest ones better than the first."""
    promised = with_promises(table, learned)
    if promised is None:
        return None
    oldest = table.history.orders.purchase_timestamp[learned][0]
    days = None if before else NEWEST_SHARE * float((cutoff - oldest) / DAY)
    try:
        newest = before or unseen(table, cutoff, params, seed, days)
        with_it = unseen(promised.table, cutoff, params, seed, days)
        if newest is None or with_it is None:
            return None
        without = newest.maes(table, cutoff, promised.chosen)
        every = np.ones(len(promised.table.history), dtype=np.bool_)
        if not (with_it.maes(promised.table, cutoff, every) < (1 - LEAST_GAIN) * without).all():
            return None
        known_before = with_it if before else None
        model = _fitted(promised.table, learned[promised.chosen], known_before, cutoff, params, seed)
    except InvalidInput:
        return None
    return replace(model, ratio=promised.ratio)


def _fitted(
    table: TrainingTable, learned: Bools, before: Unseen | None, cutoff: np.datetime64, params: Params, seed: int
) -> Model:
    forecast = fit_forecast(table, learned, cutoff, params, seed)
    calibration = calibrate(table, forecast, before, cutoff, params)
    return Model(forecast, calibration, params, cutoff, table.history.where(learned))
