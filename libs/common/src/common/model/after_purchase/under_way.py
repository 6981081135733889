"""The distribution of delivery times once more is known: from the hand-over on, and given that it has not come yet."""

from dataclasses import dataclass

import numpy as np

from common.arrays import Bools, Floats
from common.model.uncertainty.distribution import Distributions, FromPurchases


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The distributions of n orders of which the m `chosen` were handed over, `handling_days` (m,) after purchase."""

    at_purchase: FromPurchases
    chosen: Bools
    handling_days: Floats
    from_hand_over: FromPurchases

    def days_at_left(self, left: Floats) -> Floats:
        """Days at which shares (0..1, (n,)) of orders like each of them are left to be delivered."""
        days = self.at_purchase.days_at_left(left)
        days[self.chosen] = self.handling_days + self.from_hand_over.days_at_left(left[self.chosen])
        return days

    def left(self, days: Floats) -> Floats:
        """The shares (0..1) of orders like each that are left to be delivered after so many days; NaN stays NaN."""
        left = self.at_purchase.left(days)
        left[self.chosen] = self.from_hand_over.left(days[self.chosen] - self.handling_days)
        return left


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The distributions of n orders given that they had not arrived at an age, in days from purchase.

    left_at_age: the shares of orders like each that are left at that age; 1 where nothing is known.
    """

    whole: FromPurchases | HandedOver
    age: Floats
    left_at_age: Floats

    @classmethod
    def at(cls, whole: FromPurchases | HandedOver, age: Floats) -> "UnderWay":
        """age: 0 where it is not known that they had not arrived."""
        return cls(whole, age, np.where(age > 0, np.maximum(whole.left(age), np.finfo(np.float64).tiny), 1.0))

    def days_at(self, share: float | Floats) -> Floats:
        """Days within which a share (0..1) of orders like each of them is delivered; never before its age."""
        left = self.left_at_age * (1 - np.asarray(share))
        return np.maximum(self.whole.days_at_left(left), self.age)

    def probability_by(self, days: Floats) -> Floats:
        """The probabilities (0..1) that each is delivered within so many days; 0 up to its age, NaN stays NaN."""
        left = self.whole.left(np.maximum(days, self.age))
        return np.clip(1 - left / self.left_at_age, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class First:
    """The distribution of the first of some orders."""

    of_all: Distributions

    def days_at(self, share: float) -> float:
        """Days within which a share (0..1) of orders like this one is delivered."""
        return self.of_all.days_at(share).item(0)

    def probability_by(self, days: float) -> float:
        """The probability (0..1) that it is delivered within so many days."""
        return self.of_all.probability_by(np.array([days])).item(0)
