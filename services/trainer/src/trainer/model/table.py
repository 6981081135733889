"""A history with everything about its orders that many fits need and none changes."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from common.arrays import Bools, Floats
from common.model.features import Features, features
from common.model.pace import Level, PaceTable, pace_table
from common.model.working_time import WorkingTime
from common.orders.places import Places
from trainer.data.history import History, TrainingData, as_datetime, end_of
from trainer.model.public_holidays import public_holidays

SHORTEST_DAYS = 0.05
"""Working days; shorter deliveries count as this long, so that their logarithm is finite."""


@dataclass(frozen=True)
class TrainingTable:
    """n orders with model columns and level (float64, (n,), as its logarithm), computed once for many fits."""

    history: History
    places: Places
    pace: PaceTable
    features: Features
    log_level: Floats
    holidays: list[date]
    calendar: WorkingTime

    @classmethod
    def of(cls, data: TrainingData) -> "TrainingTable":
        """Features and the causal delivery pace up to the day the data was taken."""
        history, until = data.history, as_datetime(end_of(data.history)).date()
        inputs = features(history.orders, data.places)
        purchase = history.orders.purchase_timestamp
        pace = pace_table(purchase, history.delivered, inputs.customer_state, inputs.same_state, until)
        level = Level(pace).of(purchase, inputs.customer_state, inputs.same_state)
        holidays = public_holidays(as_datetime(purchase[0]).date(), until)
        return cls(history, data.places, pace, inputs, np.log(level), holidays, WorkingTime(holidays))

    @cached_property
    def target(self) -> Floats:
        """log(working days / level), NaN while under way."""
        return self.log_worked(self.history.days) - self.log_level

    def log_worked(self, days: Floats, chosen: Bools | slice = slice(None)) -> Floats:
        """log of the working days within that many days of the chosen orders' purchases."""
        start = self.calendar.start(self.history.orders.purchase_timestamp[chosen])
        return np.log(np.maximum(self.calendar.worked(start, days), SHORTEST_DAYS))
