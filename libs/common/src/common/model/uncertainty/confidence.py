"""How far an answer is to be trusted: what speaks against it, and a level.

What was learned of decides all reasons but two, which the delivery pace gives. Each is looked up in a table that was
made before: an answer must not become slow because it explains itself.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.effects import Effects
from common.model.geography import Ends, Geography, OneEnd
from common.model.pace import Level
from common.orders.fields import Fact, Order
from common.orders.orders import Orders
from common.orders.places import NOWHERE

EPOCH_DAY = 719_163
"""1970-01-01 as Python counts days."""

REASONS = (
    "origin_new",
    "route_new",
    "destination_imprecise",
    "destination_outside",
    "fact_unknown",
    "little_data",
    "pace_stale",
    "volatile",
)
"""In the order of their bits."""

(
    ORIGIN_NEW,
    ROUTE_NEW,
    DESTINATION_IMPRECISE,
    DESTINATION_OUTSIDE,
    FACT_UNKNOWN,
    LITTLE_DATA,
    PACE_STALE,
    VOLATILE,
) = (1 << bit for bit in range(len(REASONS)))

LOW_FROM = 3
"""Reasons; and one of these is enough:"""

GRAVE = DESTINATION_OUTSIDE | LITTLE_DATA

LITTLE = 2_000
"""Deliveries; with fewer, means of few orders carry the model, not the trees."""

STALE_DAYS = 7
"""After the newest day of the pace."""

VOLATILE_CHANGE = 0.15
"""Log days that the pace has changed by within its window: 16 % in days. In the backtest the 90 % interval covers 0.87
of the orders of a pace that has slowed down so much, and 0.90 of those of a steady one."""


def _confidence(reasons: int) -> dict[str, object]:
    names = [name for bit, name in enumerate(REASONS) if reasons >> bit & 1]
    low = len(names) >= LOW_FROM or reasons & GRAVE
    return {"level": "low" if low else "medium" if names else "high", "reasons": names}


CONFIDENCE = tuple(_confidence(reasons) for reasons in range(1 << len(REASONS)))
"""`level` and `reasons` of an answer, by the sum of its reasons' bits."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the model has learned from, as far as confidence depends on it.

    deliveries: their number, 0 where unknown. outside: bool by cell of the map, whether its middle is farther from
    every destination learned from than those are from each other (see `trainer.model.learned`); empty where unknown.
    margin: degrees around the map, beyond which every point is.
    """

    deliveries: int = 0
    outside: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    margin: Floats = field(default_factory=lambda: np.zeros(1))


class Doubts:
    """Finds the reasons against an answer, as the sum of their bits. Immutable."""

    def __init__(self, learned: Learned, geography: Geography, effects: Effects, level: Level, window: int) -> None:
        """window: days of the delivery pace, see `common.model.time_scale.TimeScale.pace_window`."""
        self._always = LITTLE_DATA if 0 < learned.deliveries < LITTLE else 0
        regions = geography.regions
        new = effects.route == 0 if effects.route.size > 1 else np.zeros((len(regions.group),) * 2, dtype=np.bool_)
        new[NOWHERE], new[:, NOWHERE] = False, False  # what is wrong there has other names
        self._routes, self._route = new * np.uint8(ROUTE_NEW), (new * ROUTE_NEW).tolist()
        bounded = len(learned.outside) > 0
        self._cells = np.append(learned.outside, False) if bounded else np.zeros(len(regions.cells) + 1, dtype=np.bool_)
        self._cell, margin = self._cells.tobytes(), float(learned.margin[0]) if bounded else math.inf
        self._south, self._west = regions.south - margin, regions.west - margin
        self._north = regions.south + regions.rows / regions.per_degree + margin
        self._east = regions.west + regions.columns / regions.per_degree + margin
        self._facts = effects.facts
        self._first, self._fresh = level.first, level.first + len(level.factor) - 1 + STALE_DAYS
        log_pace = np.log(level.factor)
        before = log_pace[np.maximum(np.arange(len(log_pace)) - window, 0)]
        self._moved = (np.abs(log_pace - before) > VOLATILE_CHANGE) * np.uint8(VOLATILE)
        self._move, self._group = self._moved.tolist(), level.group.tolist()
        self._groups = level.group

    def of_one(
        self, order: Order, origin: OneEnd, destination: OneEnd, known: bool, bought: datetime, same: bool
    ) -> int:
        """The reasons against the answer for one order. bought: on the shop's clock."""
        reasons: int = self._always | self._route[origin.region][destination.region]
        if not known:
            reasons |= ORIGIN_NEW
        if not destination.known and order.coordinates("destination")[0] is None:
            reasons |= DESTINATION_IMPRECISE
        if self._cell[destination.cell] or not (
            self._south < destination.lat < self._north and self._west < destination.lng < self._east
        ):
            reasons |= DESTINATION_OUTSIDE if destination.cell != NOWHERE else 0
        if order.facts and any(
            is_new(order.facts.get(name), known_values) for name, known_values in self._facts.items()
        ):
            reasons |= FACT_UNKNOWN
        day = bought.toordinal()
        if not self._first <= day <= self._fresh:
            reasons |= PACE_STALE
        row = min(max(day - self._first, 0), len(self._move) - 1)
        reasons |= self._move[row][self._group[destination.region]][same]
        return reasons

    def of(
        self, orders: Orders, origin: Ends, destination: Ends, known: Bools, bought: NDArray[np.datetime64], same: Bools
    ) -> NDArray[np.uint8]:
        """The same for n orders."""
        reasons = self._always | self._routes[origin.region, destination.region]
        reasons |= ~known * np.uint8(ORIGIN_NEW)
        lat = orders.numbers.get("destination_lat")
        unsaid = np.ones(len(orders), dtype=np.bool_) if lat is None else np.isnan(lat)
        reasons |= (~destination.known & unsaid) * np.uint8(DESTINATION_IMPRECISE)
        inside = (self._south < destination.lat) & (destination.lat < self._north)
        inside &= (self._west < destination.lng) & (destination.lng < self._east)
        outside = (self._cells[destination.cell] | ~inside) & (destination.cell != NOWHERE)
        reasons |= outside * np.uint8(DESTINATION_OUTSIDE)
        for name, known_values in self._facts.items():
            if (texts := orders.texts.get(name)) is not None:
                new = np.array([is_new(value, known_values) for value in texts.values], dtype=np.bool_)
                reasons |= texts.gather(new, False) * np.uint8(FACT_UNKNOWN)
        day = bought.astype("datetime64[D]").astype(np.int64) + EPOCH_DAY
        reasons |= ((day < self._first) | (day > self._fresh)) * np.uint8(PACE_STALE)
        row = np.clip(day - self._first, 0, len(self._moved) - 1)
        reasons |= self._moved[row, self._groups[destination.region], same.astype(np.intp)]
        return reasons


def is_new(value: Fact, known: Mapping[str, float]) -> bool:
    """Whether a category has a value that the model has not learned from."""
    return isinstance(value, str) and value not in known
