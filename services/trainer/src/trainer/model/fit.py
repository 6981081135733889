"""Fit a model on what was known at a cut-off: its forecast, and its calibration."""

from dataclasses import dataclass

import numpy as np

from common.errors import InvalidInput
from common.model.residuals import Residuals
from trainer.data.history import History
from trainer.model.calibration import calibrate
from trainer.model.forecast import Forecast, fit_forecast, teaching
from trainer.model.params import Params
from trainer.model.table import TrainingTable


@dataclass(frozen=True)
class Model:
    """A fitted model with all that a bundle keeps. centre: see `common.model.bundle.Manifest`."""

    forecast: Forecast
    residuals: Residuals
    centre: float
    params: Params
    cutoff: np.datetime64
    learned: History


def fit(table: TrainingTable, cutoff: np.datetime64, params: Params, seed: int = 0) -> Model:
    """The model as of a cut-off; InvalidInput if nothing was known by then."""
    learned = teaching(table, cutoff, params)
    if not learned.any():
        raise InvalidInput(
            f"no delivery was known {table.scale.too_recent:g} days before {cutoff}: choose a later cut-off"
        )
    forecast = fit_forecast(table, learned, cutoff, params, seed)
    residuals, centre = calibrate(table, forecast, cutoff, params, seed)
    return Model(forecast, residuals, centre, params, cutoff, table.history.where(learned))
