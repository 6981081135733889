"""From purchase to delivery, all in days; constants fitted to Olist's means (km: great-circle distance).

Measured on Olist: approval 0.4 days, handling 2.9, transit 4.6 below 250 km, 9.5 below 500, 18 at 2,000;
promised 18 days below 250 km, 24.7 below 500, 30 at 1,200.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

SECONDS_PER_DAY = 86_400

BOLETO_SHARE = 0.19
"""Paid by bank slip: approved a day or two later."""

NEVER_DELIVERED = {"lost": 0.011, "canceled": 0.006, "unavailable": 0.006, "invoiced": 0.003, "processing": 0.003}
"""Shares of all orders; a parcel lost on its way stays `shipped` for ever."""

STATUSES = (
    "created",
    "approved",
    "shipped",
    "delivered",
    "shipped",
    "canceled",
    "unavailable",
    "invoiced",
    "processing",
)
"""The first four as the clock reaches them, then those of NEVER_DELIVERED in its order."""
CREATED, _, SHIPPED, DELIVERED, LOST = range(5)

Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class Journeys:
    """Seconds since 1970, every array of shape (n,); status is an index into STATUSES."""

    purchase: Seconds
    approved: Seconds
    shipped: Seconds
    delivered: Seconds
    estimated: Seconds
    boleto: NDArray[np.bool_]
    status: NDArray[np.int64]

    @classmethod
    def of(
        cls, purchase: Seconds, km: Floats, level: Floats, slowness: Floats, known_until: int, rng: np.random.Generator
    ) -> "Journeys":
        """Draw n journeys for the distance, the season's delay level and the seller's slowness."""
        count = len(purchase)
        boleto = rng.random(count) < BOLETO_SHARE
        approval = np.where(boleto, rng.gamma(3.0, 0.55, count), rng.exponential(0.09, count))
        approved = purchase + _seconds(approval)
        handling = slowness * rng.lognormal(0.62, 0.6, count) * level**0.4 + _weekend_wait(approved)
        shipped = approved + _seconds(handling)
        stuck = np.where(rng.random(count) < 0.02, rng.exponential(18.0, count), 0.0)
        transit = (1.6 + 0.345 * np.sqrt(km)) * level**1.15 * rng.lognormal(-0.14, 0.53, count) + stuck
        delivered = _not_on_sunday(shipped + _seconds(np.minimum(transit, 190.0)))
        promise = 15.5 + 0.42 * np.sqrt(km) + rng.gamma(4.0, 2.4, count) - 9.6
        estimated = (purchase + _seconds(np.maximum(promise, 2.0))) // SECONDS_PER_DAY * SECONDS_PER_DAY
        status = _status(rng.random(count), delivered, shipped, approved, known_until)
        return cls(purchase, approved, shipped, delivered, estimated, boleto, status)

    @property
    def was_approved(self) -> NDArray[np.bool_]:
        """Everything but the orders just created."""
        return self.status != CREATED

    @property
    def was_shipped(self) -> NDArray[np.bool_]:
        """Handed over to the carrier."""
        return (self.status == SHIPPED) | (self.status == LOST) | self.was_delivered

    @property
    def was_delivered(self) -> NDArray[np.bool_]:
        """In the customer's hands."""
        return self.status == DELIVERED


def _seconds(days: Floats) -> Seconds:
    return (days * SECONDS_PER_DAY).astype(np.int64)


def _weekday(moment: Seconds) -> Seconds:
    """0 is Monday; 1970-01-01 was a Thursday."""
    return (moment // SECONDS_PER_DAY + 3) % 7


def _weekend_wait(approved: Seconds) -> Floats:
    """Days until sellers pack again: nobody does on a weekend."""
    return np.array([0.0, 0.0, 0.0, 0.2, 0.8, 1.1, 0.4])[_weekday(approved)]


def _not_on_sunday(moment: Seconds) -> Seconds:
    return moment + np.where(_weekday(moment) == 6, SECONDS_PER_DAY, 0)


def _status(
    draw: Floats, delivered: Seconds, shipped: Seconds, approved: Seconds, known_until: int
) -> NDArray[np.int64]:
    """`draw` (0..1) decides who is never delivered; for the rest the clock does."""
    never = len(STATUSES) - len(NEVER_DELIVERED) + np.searchsorted(np.cumsum(list(NEVER_DELIVERED.values())), draw)
    reached = (delivered <= known_until).astype(np.int64) + (shipped <= known_until) + (approved <= known_until)
    return np.where(draw < sum(NEVER_DELIVERED.values()), never, reached)
