"""Orders as counts: all that the delivery pace needs of them, in cells whose number does not grow with the orders.

Seen from a later day, an order has either been delivered, and its duration matters, or is under way, and its age does.
So it counts in two cells of its day of purchase: by the time of day that it was bought at and the days after which it
was gone, and, once delivered, by these days and the logarithm of its duration.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.pace import RELATIONS, Durations, PaceTable, Times, pace_of_days
from common.model.time_scale import TimeScale

Ints = NDArray[np.int64]

DAY_SECONDS = 86_400

NONE = -1
"""The cell of an order that counts in none."""

BINS = 256
"""Of the logarithm of durations between the scale's shortest and its horizon, at resolution 1."""

SLOTS = 24
"""Of a day, at resolution 1, for a shop whose orders take ten days or less; fewer for slower ones."""

HALVINGS = 12
"""Of the first slot."""


class CountedOrders(NamedTuple):
    """n orders as they count: day of purchase (days since 1970), cell while they are under way, cell once delivered."""

    day: Ints
    waiting: Ints
    arrived: Ints


class DayCounts(NamedTuple):
    """The orders bought on a day (days since 1970), by cell."""

    day: int
    cells: Ints
    orders: Ints


@dataclass(frozen=True)
class Cells:
    """The cells of a day. groups: of the pace, which end with RELATIONS. resolution: how fine they are."""

    groups: tuple[str, ...]
    scale: TimeScale
    resolution: int

    def of(self, purchase: Times, delivered: Times, group: NDArray[np.integer], same_region: Bools) -> CountedOrders:
        """The cells of n orders.

        purchase, delivered: datetime64[s], as on the shop's clock, NaT while under way. group: into `groups`.
        """
        under_way = np.isnat(delivered)
        day, seconds = np.divmod(purchase.astype("datetime64[s]").astype(np.int64), DAY_SECONDS)
        took = np.where(under_way, 0, (delivered - purchase).astype("timedelta64[s]").astype(np.int64))
        gone = np.where(under_way, self._never, np.minimum((seconds + took) // DAY_SECONDS, self._never))
        column = (group.astype(np.int64) * 2 + same_region) * self._width
        slot = np.searchsorted(self._slots, seconds / DAY_SECONDS, side="right") - 1
        arrived = column + self._first_arrived + gone * self._bins + np.searchsorted(self._bounds, took / DAY_SECONDS)
        return CountedOrders(
            day,
            column + slot * (self._never + 1) + gone,
            np.where(gone < self._never, arrived, NONE),
        )

    def pace(self, counts: Iterable[DayCounts], until: date) -> PaceTable | None:
        """The pace of every day until `until` from the counts of days in their order; None without any order."""
        known = [each for each in counts if each.orders.any()]
        if not known:
            return None
        first = known[0].day + 1
        by_day = {each.day: self._told(each) for each in known}

        def seen(day: int) -> Iterator[Durations]:
            window = range(day - self.scale.pace_window, day)
            return self._seen([(day - bought, by_day[bought]) for bought in window if bought in by_day])

        return pace_of_days(seen, first, self.groups, self.scale, until)

    def _told(self, counts: DayCounts) -> "_Day":
        column, offset = np.divmod(counts.cells, self._width)
        waiting = offset < self._first_arrived
        slot, gone = np.divmod(offset[waiting], self._never + 1)
        arrived, bins = np.divmod(offset[~waiting] - self._first_arrived, self._bins)
        orders = counts.orders
        return _Day(column[waiting], slot, gone, orders[waiting], column[~waiting], bins, arrived, orders[~waiting])

    def _seen(self, days: Sequence[tuple[int, "_Day"]]) -> Iterator[Durations]:
        """The durations of each group, of orders bought so many days before."""
        columns = 2 * (len(self.groups) - len(RELATIONS))
        delivered = np.zeros((columns, self._bins), dtype=np.int64)
        waiting = np.zeros((columns, self._never + 1, len(self._slots) - 1), dtype=np.int64)
        for age, day in days:
            chosen = day.arrived < age
            np.add.at(delivered, (day.column[chosen], day.bin[chosen]), day.delivered[chosen])
            still = day.gone >= age
            np.add.at(waiting[:, age], (day.waiting_column[still], day.slot[still]), day.waiting[still])
        ages = np.arange(self._never + 1)[:, None] - (self._slots[1:] + self._slots[:-1]) / 2
        inner = np.sqrt(self._bounds[1:] * self._bounds[:-1])
        durations = np.concatenate([self._bounds[:1], inner, self._bounds[-1:], ages.ravel()])
        known = np.arange(len(durations)) < self._bins
        orders = np.concatenate([delivered, waiting.reshape(columns, -1)], axis=1).reshape(-1, 2, len(durations))
        for each in (*orders.sum(axis=1), *orders.sum(axis=0)):
            counted = each > 0
            yield Durations(durations[counted], known[counted], each[counted])

    @cached_property
    def _slots(self) -> Floats:
        """Bounds of the slots of a day: even ones, the first halved again and again.

        The oldest orders of a window were bought in its first minutes, and few as they are, the curve ends with them.
        """
        slots = max(1, round(SLOTS * min(1.0, 10 / self.scale.typical))) * self.resolution
        return np.union1d(np.arange(slots + 1) / slots, 0.5 ** np.arange(1, HALVINGS) / slots)

    @cached_property
    def _bounds(self) -> Floats:
        """Bounds of the bins of durations: even ones of their logarithm, and the ages of a window's first day."""
        even = np.geomspace(self.scale.shortest, self.scale.horizon, BINS * self.resolution + 1)
        ages = self._never - self._slots
        return np.union1d(even, ages[(ages > self.scale.shortest) & (ages < self.scale.horizon)])

    @property
    def _bins(self) -> int:
        """One below all bounds, one above."""
        return len(self._bounds) + 1

    @property
    def _never(self) -> int:
        """Days after which an order has left the window of every day."""
        return self.scale.pace_window

    @property
    def _first_arrived(self) -> int:
        return (len(self._slots) - 1) * (self._never + 1)

    @property
    def _width(self) -> int:
        return self._first_arrived + self._never * self._bins


class _Day(NamedTuple):
    """A day's counts, taken apart: of orders under way, and of those delivered."""

    waiting_column: Ints
    slot: Ints
    gone: Ints
    waiting: Ints
    column: Ints
    bin: Ints
    arrived: Ints
    delivered: Ints
