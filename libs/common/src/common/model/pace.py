"""Delivery pace: how fast deliveries are at present, per group of orders, and how it scales predictions.

The pace of a day is the restricted geometric mean (to HORIZON days) of the Kaplan-Meier curve of the orders bought in
the WINDOW days before it: the mean of log days, which is what the model predicts. Orders still under way count as
censored at their age, so slow ones are not forgotten. Nothing that became known on the day itself or later is used.
Kaplan & Meier (1958); restricted mean: Irwin (1949), here of the logarithm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.orders.places import STATES

WINDOW_DAYS = 22
SHORTEST_DAYS, HORIZON_DAYS = 0.5, 25.0
"""Durations outside these bounds count as the nearer bound."""

FEWEST_ORDERS = 30
"""A group with fewer orders in the window keeps its pace of the day before."""

EXPONENT = 0.45
"""Predictions scale with (pace of the customer's region * pace of same or other state) ** EXPONENT: the geometric mean
of the two, damped (power 0.9), because part of a change in pace is temporary. Measured: 0.4 to 0.5 differ little."""

REGIONS = ("SP", "RJ", "MG+ES", "South", "rest")
GROUPS = (*REGIONS, "other state", "same state")
OTHER_STATE = len(REGIONS)

_REGION_OF = {"SP": 0, "RJ": 1, "MG": 2, "ES": 2, "PR": 3, "SC": 3, "RS": 3}
REGION_OF_STATE = np.array([_REGION_OF.get(state, 4) for state in STATES], dtype=np.int8)

Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class PaceTable:
    """Pace per day and group, in days.

    first: the first row's day. pace: float64 (days, len(GROUPS)). orders: int64, the same shape, behind each value.
    """

    first: date
    pace: Floats
    orders: NDArray[np.int64]

    @property
    def last(self) -> date:
        """The newest day."""
        return date.fromordinal(self.first.toordinal() + len(self.pace) - 1)

    def same_as(self, other: "PaceTable | None") -> bool:
        """Whether the other table says the same of the same days."""
        return (
            other is not None
            and self.first == other.first
            and np.array_equal(self.pace, other.pace, equal_nan=True)
            and np.array_equal(self.orders, other.orders)
        )

    def present(self) -> dict[str, float]:
        """The newest day's pace per group, in days."""
        return dict(zip(GROUPS, self.pace[-1].tolist(), strict=True))

    def rows(self) -> Iterable[tuple[date, str, float, int]]:
        """(day, group, pace, orders), as the table and the bundle keep them."""
        for offset, (paces, counts) in enumerate(zip(self.pace.tolist(), self.orders.tolist(), strict=True)):
            day = date.fromordinal(self.first.toordinal() + offset)
            yield from ((day, *values) for values in zip(GROUPS, paces, counts, strict=True))

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[date, str, float, int]]) -> "PaceTable":
        """The inverse of `rows`; a missing day repeats the one before. ValueError if there is no row at all."""
        cells = {(day, group): (pace, orders) for day, group, pace, orders in rows}
        if not cells:
            raise ValueError("the delivery pace has no row")
        days = sorted({day for day, _ in cells})
        length = days[-1].toordinal() - days[0].toordinal() + 1
        pace, orders = np.full((length, len(GROUPS)), np.nan), np.zeros((length, len(GROUPS)), dtype=np.int64)
        for (day, group), (value, count) in cells.items():
            cell = day.toordinal() - days[0].toordinal(), GROUPS.index(group)
            pace[cell], orders[cell] = value, count
        return cls(days[0], _filled(pace), orders)


class Level:
    """The factor on predicted days, looked up by day, customer's state and same or other state."""

    def __init__(self, table: PaceTable) -> None:
        regions, relations = table.pace[:, : len(REGIONS)], table.pace[:, OTHER_STATE:]
        by_region = (regions[:, :, None] * relations[:, None, :]) ** EXPONENT
        self._factor = np.ascontiguousarray(by_region[:, REGION_OF_STATE, :])
        self._first = table.first.toordinal()
        self._origin = np.datetime64(table.first, "D")

    def of(self, purchase: Times, customer_state: NDArray[np.int8], same_state: Bools) -> Floats:
        """n factors; a day before the table takes its first row, a day after it the last."""
        offset = (purchase.astype("datetime64[D]") - self._origin).astype(np.int64)
        row = np.clip(offset, 0, len(self._factor) - 1)
        return self._factor[row, customer_state, same_state.astype(np.intp)]

    def of_one(self, purchase: datetime, customer_state: int, same_state: bool) -> float:
        """The same for one order."""
        row = min(max(purchase.toordinal() - self._first, 0), len(self._factor) - 1)
        return float(self._factor[row, customer_state, int(same_state)])


def pace_table(
    purchase: Times, delivered: Times, customer_state: NDArray[np.int8], same_state: Bools, until: date
) -> PaceTable:
    """Pace for every day from the second day with a purchase until `until`, from n orders sorted by purchase.

    delivered: datetime64[s], NaT while under way. Causal: a day's row depends on no event of that day or later.
    """
    bought = purchase.astype("datetime64[s]").astype(np.int64) / 86_400
    arrived = np.where(np.isnat(delivered), np.inf, delivered.astype("datetime64[s]").astype(np.int64) / 86_400)
    group = REGION_OF_STATE[customer_state]
    first = int(bought[0]) + 1
    origin = np.datetime64(0, "D")
    days = range(first, max(int((np.datetime64(until, "D") - origin).astype(int)), first) + 1)
    pace = np.full((len(days), len(GROUPS)), np.nan)
    orders = np.zeros((len(days), len(GROUPS)), dtype=np.int64)
    for row, day in enumerate(days):
        window = slice(*np.searchsorted(bought, [day - WINDOW_DAYS, day]))
        known = arrived[window] < day
        duration = np.where(known, arrived[window], day) - bought[window]
        members = [group[window] == number for number in range(len(REGIONS))]
        for column, chosen in enumerate((*members, ~same_state[window], same_state[window])):
            orders[row, column] = chosen.sum()
            if orders[row, column] >= FEWEST_ORDERS:
                pace[row, column] = restricted_geometric_mean(duration[chosen], known[chosen])
    return PaceTable((origin + first).astype(date), _filled(pace), orders)


def restricted_geometric_mean(duration: Floats, known: Bools) -> float:
    """Geometric mean in days of n durations, restricted to the horizon; `known` False where censored.

    Its logarithm is the area under the Kaplan-Meier curve over log days.
    """
    order = np.argsort(duration, kind="stable")
    surviving = survival(known[order])
    edges = np.log(np.clip(np.concatenate([[0.0], duration[order], [np.inf]]), SHORTEST_DAYS, HORIZON_DAYS))
    return float(np.exp(edges[0] + np.diff(edges) @ np.concatenate([[1.0], surviving])))


def survival(known: Bools) -> Floats:
    """Kaplan-Meier curve just after each of n durations, given in ascending order of duration."""
    at_risk = np.arange(len(known), 0, -1)
    curve: Floats = np.cumprod(1 - known / at_risk, dtype=np.float64)
    return curve


def _filled(pace: Floats) -> Floats:
    """Fills each gap with the value before it; before the first value, with the mean of the day's other groups."""
    latest = np.maximum.accumulate(np.where(np.isfinite(pace), np.arange(len(pace))[:, None], 0), axis=0)
    filled = np.take_along_axis(pace, latest, axis=0)
    known = np.isfinite(filled)
    others = np.where(known, filled, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    stand_in = np.where(known.any(axis=1), others, HORIZON_DAYS / 2)
    return np.where(known, filled, stand_in[:, None])
