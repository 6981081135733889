"""Orders as counts: all that the delivery pace needs of them, in cells whose number does not grow with the orders.

Seen from a later day, an order has either been delivered, and its duration matters, or is under way, and its age does.
So it counts in two cells of its day of purchase: by the time of day that it was bought at and the days after which it
was gone, and, once delivered, by these days and the logarithm of its duration.
"""

from collections.abc import Iterable, Iterator
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

    def are_waiting(self, cells: Ints) -> Bools:
        """Which cells are of orders under way: every order counts in one of these, and in another once delivered."""
        return cells % self._width < self._first_arrived

    def pace(self, counts: Iterable[DayCounts], until: date) -> PaceTable | None:
        """The pace of every day until `until` from the counts of days in their order; None without any order."""
        days = [each for each in counts if len(each.cells)]
        if not days:
            return None
        bought = np.concatenate([np.full(len(each.cells), each.day) for each in days])
        cells = _Taken(bought, *self._taken_apart(np.concatenate([each.cells for each in days])))
        orders = np.concatenate([each.orders for each in days])

        def seen(day: int) -> Iterator[Durations]:
            window = slice(*np.searchsorted(bought, [day - self.scale.pace_window, day]))
            return self._seen(day, cells.within(window), orders[window])

        return pace_of_days(seen, days[0].day + 1, self.groups, self.scale, until)

    def _taken_apart(self, cells: Ints) -> tuple[Ints, Bools, Ints, Ints]:
        column, offset = np.divmod(cells, self._width)
        arrived = offset >= self._first_arrived
        slot, gone_waiting = np.divmod(offset, self._never + 1)
        gone_arrived, of_bin = np.divmod(offset - self._first_arrived, self._bins)
        return column, arrived, np.where(arrived, gone_arrived, gone_waiting), np.where(arrived, of_bin, slot)

    def _seen(self, day: int, cells: "_Taken", orders: Ints) -> Iterator[Durations]:
        """Of each group, how long the orders that are counted took, or are under way that day."""
        age = day - cells.bought
        told = np.where(cells.arrived, cells.gone < age, cells.gone >= age)
        of_age = self._bins + age * (len(self._slots) - 1) + cells.part
        place = cells.column * len(self._durations) + np.where(cells.arrived, cells.part, of_age)
        places, inverse = np.unique(place[told], return_inverse=True)
        total = np.bincount(inverse, orders[told], minlength=len(places)).astype(np.int64)
        column, duration = np.divmod(places, len(self._durations))
        group, same = np.divmod(column, 2)
        members = [group == number for number in range(len(self.groups) - len(RELATIONS))]
        for chosen in (*members, same == 0, same == 1):
            at = duration[chosen]
            yield Durations(self._durations[at], at < self._bins, total[chosen])

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

    @cached_property
    def _durations(self) -> Floats:
        """What stands for a bin's durations, and for the ages of a day's slot seen from a later day."""
        inner = np.sqrt(self._bounds[1:] * self._bounds[:-1])
        ages = np.arange(self._never + 1)[:, None] - (self._slots[1:] + self._slots[:-1]) / 2
        return np.concatenate([self._bounds[:1], inner, self._bounds[-1:], ages.ravel()])

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


class _Taken(NamedTuple):
    """n cells taken apart. bought: day. arrived: of orders delivered. gone: after so many days. part: bin, or slot."""

    bought: Ints
    column: Ints
    arrived: Bools
    gone: Ints
    part: Ints

    def within(self, rows: slice) -> "_Taken":
        """Some of them."""
        return _Taken(self.bought[rows], self.column[rows], self.arrived[rows], self.gone[rows], self.part[rows])
