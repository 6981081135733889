"""The distribution of delivery times: what the interval, promises and probabilities of an answer are all read from.

`days_at` and `probability_by` are each other's inverse, and monotone. All days count from the purchase.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.calendars import Days, days_in, worked_in
from common.model.uncertainty.residuals import Curve, Residuals


class Distribution(Protocol):
    """Of one order's days."""

    def days_at(self, share: float) -> float:
        """Days within which a share (0..1) of orders like this one is delivered."""

    def probability_by(self, days: float) -> float:
        """The probability (0..1) that it is delivered within so many days."""


class FromPurchase(NamedTuple):
    """The distribution of one order. forecast: log working days; spread: of its residuals; start: of the purchase on
    the calendar."""

    forecast: float
    spread: float
    curve: Curve
    calendar: Days
    start: float

    def days_at(self, share: float) -> float:
        """Days within which a share (0..1) of orders like this one is delivered."""
        worked = math.exp(self.forecast + self.curve.at(share) * self.spread)
        return self.calendar.days_of_one(self.start, worked)

    def probability_by(self, days: float) -> float:
        """The probability (0..1) that it is delivered within so many days; 0 if there are none."""
        worked = self.calendar.worked_of_one(self.start, days) if days > 0 else 0.0
        return self.curve.below((math.log(worked) - self.forecast) / self.spread) if worked > 0 else 0.0


class Distributions(Protocol):
    """Of the days of n orders."""

    def days_at(self, share: float | Floats) -> Floats:
        """Days within which a share (0..1) of orders like each of them is delivered: one share for all, or one each."""

    def probability_by(self, days: Floats) -> Floats:
        """The probabilities (0..1) that each is delivered within so many days; NaN stays NaN."""


@dataclass(frozen=True, slots=True)
class FromPurchases:
    """The distributions of n orders. forecast: log working days; group: see `Residuals.group`; start: of the purchases
    on the calendar; calendars: each with the orders that follow it."""

    forecast: Floats
    spread: Floats
    group: NDArray[np.intp]
    residuals: Residuals
    calendars: Sequence[tuple[Days, Bools | slice]]
    start: Floats

    def days_at(self, share: float | Floats) -> Floats:
        """Days within which a share (0..1) of orders like each of them is delivered: one share for all, or one each."""
        return self.days_of(np.exp(self.forecast + self.residuals.at(share, self.group) * self.spread))

    def days_at_left(self, left: Floats) -> Floats:
        """Days at which shares (0..1, (n,)) of orders like each of them are left to be delivered."""
        return self.days_of(np.exp(self.forecast + self.residuals.at_left(left, self.group) * self.spread))

    def probability_by(self, days: Floats) -> Floats:
        """The probabilities (0..1) that each is delivered within so many days; NaN stays NaN."""
        worked, residual = self._reached(days)
        return np.where(worked <= 0, 0.0, self.residuals.below(residual, self.group))

    def left(self, days: Floats) -> Floats:
        """The shares (0..1) of orders like each that are left to be delivered after so many days; NaN stays NaN."""
        worked, residual = self._reached(days)
        return np.where(worked <= 0, 1.0, self.residuals.left(residual, self.group))

    def _reached(self, days: Floats) -> tuple[Floats, Floats]:
        """The working days within so many days, and the residuals that they are."""
        worked = worked_in(self.calendars, self.start, days)
        with np.errstate(divide="ignore", invalid="ignore"):
            return worked, (np.log(np.maximum(worked, 0.0)) - self.forecast) / self.spread

    def under_way(self, chosen: Bools, residuals: Residuals) -> "FromPurchases":
        """The same, with the residuals of orders under way for the chosen ones."""
        group = np.where(chosen, self.group + len(self.residuals.knots), self.group)
        return replace(self, group=group, residuals=self.residuals.beside(residuals))

    def with_those(self, chosen: Bools, others: "FromPurchases") -> "FromPurchases":
        """The same, with another model's distributions of the chosen ones."""
        forecast, spread, group = self.forecast.copy(), self.spread.copy(), self.group.copy()
        forecast[chosen], spread[chosen] = others.forecast, others.spread
        group[chosen] = others.group + len(self.residuals.knots)
        residuals = self.residuals.beside(others.residuals)
        return replace(self, forecast=forecast, spread=spread, group=group, residuals=residuals)

    def days_of(self, worked: Floats) -> Floats:
        """The days that so many working days take from each purchase on."""
        return days_in(self.calendars, self.start, worked)
