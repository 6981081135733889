"""Fit a model on what was known at a cut-off: its forecast, and its calibration; and the same from hand-over on."""

from dataclasses import dataclass, replace

import numpy as np

from common.arrays import Bools
from common.errors import InvalidInput
from trainer.data.history import History
from trainer.model.calibration import Calibration, calibrate
from trainer.model.forecast import Forecast, fit_forecast, teaching
from trainer.model.hand_over import from_hand_over
from trainer.model.params import Params
from trainer.model.table import TrainingTable

FEWEST_HAND_OVERS = 500
"""Deliveries with a known hand-over that teach a second model; with fewer there is none."""


@dataclass(frozen=True)
class Model:
    """A fitted model with all that a bundle keeps. after_hand_over: of the time from hand-over."""

    forecast: Forecast
    calibration: Calibration
    params: Params
    cutoff: np.datetime64
    learned: History
    after_hand_over: "Model | None" = None

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
    model = _fitted(table, learned, cutoff, params, seed)
    return replace(model, after_hand_over=_after_hand_over(table, cutoff, params, seed))


def _after_hand_over(table: TrainingTable, cutoff: np.datetime64, params: Params, seed: int) -> Model | None:
    """The second model; None where too few hand-overs, or none that differ, were known by then."""
    orders = from_hand_over(table)
    if orders is None:
        return None
    learned = teaching(orders, cutoff, params)
    try:
        return _fitted(orders, learned, cutoff, params, seed) if learned.sum() >= FEWEST_HAND_OVERS else None
    except InvalidInput:
        return None


def _fitted(table: TrainingTable, learned: Bools, cutoff: np.datetime64, params: Params, seed: int) -> Model:
    forecast = fit_forecast(table, learned, cutoff, params, seed)
    calibration = calibrate(table, forecast, cutoff, params, seed)
    return Model(forecast, calibration, params, cutoff, table.history.where(learned))
