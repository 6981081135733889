"""Delivery pace: how fast deliveries are at present, per group of orders, and how it scales predictions.

The pace of a day is the restricted geometric mean of the Kaplan-Meier curve of the orders bought in the days before:
the mean of log days, which is what the model predicts. That of few orders is shrunk towards the group's usual pace.
Orders still under way count as censored at their age, so slow ones are not forgotten. Nothing that became known on the
day itself or later is used. Days are those of the shop's clock.
Kaplan & Meier (1958); restricted mean: Irwin (1949), here of the logarithm.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.time_scale import TimeScale

FEWEST_ORDERS = 30
"""A group with fewer orders in the window keeps its pace of the day before."""

PRIOR_ORDERS = 60.0
"""Orders that weigh as much as the group's usual pace: a window of few orders says little. 0 to 100 differ little where
a window has hundreds."""

USUAL_RATE = 0.02
"""Share of a day's pace that the usual pace takes up: half of it is forgotten in 35 days."""

EXPONENT = 0.45
"""Predictions scale with (pace of the destination's group * pace of same or other region) ** EXPONENT: the geometric
mean of the two, damped (power 0.9), as part of a change in pace is temporary. Measured: 0.4 to 0.5 differ little."""

RELATIONS = ("other region", "same region")
"""The last two groups of every pace: where an order goes, seen from where it comes from."""

Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class PaceTable:
    """Pace per day and group, in days.

    groups: of regions, then RELATIONS. first: the first row's day. pace: float64 (days, groups). orders: int64, the
    same shape, behind each value.
    """

    groups: tuple[str, ...]
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
            and (self.groups, self.first) == (other.groups, other.first)
            and np.array_equal(self.pace, other.pace, equal_nan=True)
            and np.array_equal(self.orders, other.orders)
        )

    def of_groups(self, groups: tuple[str, ...]) -> "PaceTable | None":
        """The same of these groups alone; None if one of them is missing: another model has others."""
        if groups == self.groups:
            return self
        if not set(groups) <= set(self.groups):
            return None
        columns = [self.groups.index(group) for group in groups]
        return PaceTable(groups, self.first, self.pace[:, columns], self.orders[:, columns])

    def present(self) -> dict[str, float]:
        """The newest day's pace per group, in days."""
        return dict(zip(self.groups, self.pace[-1].tolist(), strict=True))

    def rows(self) -> Iterable[tuple[date, str, float, int]]:
        """(day, group, pace, orders), as the table and the bundle keep them."""
        for offset, (paces, counts) in enumerate(zip(self.pace.tolist(), self.orders.tolist(), strict=True)):
            day = date.fromordinal(self.first.toordinal() + offset)
            yield from ((day, *values) for values in zip(self.groups, paces, counts, strict=True))

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[date, str, float, int]], groups: Sequence[str] | None = None) -> "PaceTable":
        """The inverse of `rows`; a missing day repeats the one before. ValueError if there is no row at all.

        groups: those to take, by default all in the order in which they come.
        """
        cells = {(day, group): (pace, orders) for day, group, pace, orders in rows if not groups or group in groups}
        if not cells:
            raise ValueError("the delivery pace has no row")
        groups = tuple(groups or dict.fromkeys(group for _, group in cells))
        days = sorted({day for day, _ in cells})
        length = days[-1].toordinal() - days[0].toordinal() + 1
        pace, orders = np.full((length, len(groups)), np.nan), np.zeros((length, len(groups)), dtype=np.int64)
        for (day, group), (value, count) in cells.items():
            cell = day.toordinal() - days[0].toordinal(), groups.index(group)
            pace[cell], orders[cell] = value, count
        return cls(groups, days[0], _filled(pace), orders)


class Level:
    """The factor on predicted days, looked up by day, destination's region and same or other region.

    factor: float64 (days, groups, 2); first: the first of the days, as Python counts them; group: of each region.
    """

    def __init__(self, table: PaceTable, group_of_region: NDArray[np.int8]) -> None:
        """group_of_region: see `common.orders.regions.Regions.group`."""
        count = len(table.groups) - len(RELATIONS)
        regions, relations = table.pace[:, :count], table.pace[:, count:]
        self.factor = np.ascontiguousarray((regions[:, :, None] * relations[:, None, :]) ** EXPONENT)
        self.group = group_of_region
        self.first = table.first.toordinal()
        self._factors, self._groups = self.factor.tolist(), group_of_region.tolist()  # for one order: no arrays
        self._origin = np.datetime64(table.first, "D")

    def of(self, purchase: Times, region: NDArray[np.integer], same_region: Bools) -> Floats:
        """n factors; purchase: as on the shop's clock. A day before the table takes its first row, a day after it the
        last."""
        offset = (purchase.astype("datetime64[D]") - self._origin).astype(np.int64)
        row = np.clip(offset, 0, len(self.factor) - 1)
        return self.factor[row, self.group[region], same_region.astype(np.intp)]

    def of_one(self, purchase: datetime, region: int, same_region: bool) -> float:
        """The same for one order."""
        row = min(max(purchase.toordinal() - self.first, 0), len(self._factors) - 1)
        factor: float = self._factors[row][self._groups[region]][same_region]
        return factor


def pace_table(
    purchase: Times,
    delivered: Times,
    group: NDArray[np.integer],
    same_region: Bools,
    groups: Sequence[str],
    scale: TimeScale,
    until: date,
) -> PaceTable:
    """Pace for every day from the second day with a purchase until `until`, from n orders sorted by purchase.

    purchase, delivered: datetime64[s], as on the shop's clock, NaT while under way. group: into `groups`, which end
    with RELATIONS. Causal: a day's row depends on no event of that day or later.
    """
    bought = purchase.astype("datetime64[s]").astype(np.int64) / 86_400
    arrived = np.where(np.isnat(delivered), np.inf, delivered.astype("datetime64[s]").astype(np.int64) / 86_400)

    def seen(day: int) -> Iterator[Durations]:
        window = slice(*np.searchsorted(bought, [day - scale.pace_window, day]))
        known = arrived[window] < day
        duration = np.where(known, arrived[window], day) - bought[window]
        members = [group[window] == number for number in range(len(groups) - len(RELATIONS))]
        for chosen in (*members, ~same_region[window], same_region[window]):
            yield Durations(duration[chosen], known[chosen])

    return pace_of_days(seen, int(bought[0]) + 1, groups, scale, until)


class Durations(NamedTuple):
    """Days from purchase to delivery, or to the day looked from where `known` is False; orders: of each, one if None.

    All three are of one length.
    """

    days: Floats
    known: Bools
    orders: NDArray[np.int64] | None = None

    @property
    def in_all(self) -> int:
        """Orders."""
        return len(self.days) if self.orders is None else int(self.orders.sum())


def pace_of_days(
    seen: Callable[[int], Iterable[Durations]], first: int, groups: Sequence[str], scale: TimeScale, until: date
) -> PaceTable:
    """Pace for every day from `first` (days since 1970) until `until`.

    seen: of a day, the durations of the orders of each group that were bought in the window before it.
    """
    origin = np.datetime64(0, "D")
    days = range(first, max(int((np.datetime64(until, "D") - origin).astype(int)), first) + 1)
    pace = np.full((len(days), len(groups)), np.nan)
    orders = np.zeros((len(days), len(groups)), dtype=np.int64)
    usual = np.full(len(groups), np.nan)
    for row, day in enumerate(days):
        for column, durations in enumerate(seen(day)):
            count = orders[row, column] = durations.in_all
            if count >= FEWEST_ORDERS:
                log_pace = np.log(restricted_geometric_mean(durations, scale))
                if row >= scale.pace_window:  # of the first orders, all young, nobody knows the usual pace
                    rate = USUAL_RATE if np.isfinite(usual[column]) else 1.0
                    usual[column] = (1 - rate) * np.nan_to_num(usual[column]) + rate * log_pace
                    log_pace = (count * log_pace + PRIOR_ORDERS * usual[column]) / (count + PRIOR_ORDERS)
                pace[row, column] = np.exp(log_pace)
    return PaceTable(tuple(groups), (origin + first).astype(date), _filled(pace, scale.horizon / 2), orders)


def restricted_geometric_mean(durations: Durations, scale: TimeScale) -> float:
    """Geometric mean in days of durations, restricted to the scale's horizon.

    Its logarithm is the area under the Kaplan-Meier curve over log days.
    """
    order = np.argsort(durations.days, kind="stable")
    orders = None if durations.orders is None else durations.orders[order]
    surviving = survival(durations.known[order], orders)
    edges = np.log(np.clip(np.concatenate([[0.0], durations.days[order], [np.inf]]), scale.shortest, scale.horizon))
    return float(np.exp(edges[0] + np.diff(edges) @ np.concatenate([[1.0], surviving])))


def survival(known: Bools, orders: NDArray[np.int64] | None = None) -> Floats:
    """Kaplan-Meier curve just after each of n durations, given in ascending order of duration; orders: of each."""
    if orders is None:
        at_risk, arrived = np.arange(len(known), 0, -1), known.astype(np.int64)
    else:
        at_risk, arrived = orders[::-1].cumsum()[::-1], orders * known
    curve: Floats = np.cumprod(1 - arrived / at_risk, dtype=np.float64)
    return curve


def _filled(pace: Floats, stand_in: float = 1.0) -> Floats:
    """Fills each gap with the value before it; before the first value, with the mean of the day's other groups, and
    `stand_in` where there is none."""
    latest = np.maximum.accumulate(np.where(np.isfinite(pace), np.arange(len(pace))[:, None], 0), axis=0)
    filled = np.take_along_axis(pace, latest, axis=0)
    known = np.isfinite(filled)
    others = np.where(known, filled, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, filled, np.where(known.any(axis=1), others, stand_in)[:, None])
