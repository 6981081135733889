"""Whose orders make the delivery pace: no owner's part in it grows far beyond its usual one from one day to the next.

Whoever reports deliveries could otherwise move everybody's predictions by false orders. A day's pace comes from the
orders of a window; of an owner's orders bought on a day, as many count as keep its part of that window below a bound.
The rest is thinned out evenly, so that slow and fast ones are left in their proportion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.arrays import Bools, Floats
from common.database.tables import PaceBasis
from monitor.pace.cells import Cells, DayCounts, Ints

FREE_SHARE = 0.1
"""What an owner may have of a window that never had anything."""

GROWTH = 2.0
"""And that many times its usual share otherwise: who usually has half is not bounded."""

USUAL_DAYS = 60
"""Before a day, whose weekly shares have the usual one as their median: a flood of a few days changes nothing."""

WEEK = 7

NO_OWNER = ""
"""Of orders without a key, which are none where keys are asked for: these make nobody a rival of the first owner."""


class SourcedDay(NamedTuple):
    """The orders bought on a day (days since 1970), by cell and owner: an index each, of equal length."""

    day: int
    cells: Ints
    orders: Ints
    owners: Ints


@dataclass(frozen=True)
class Held:
    """An owner whose orders do not all count: its share of the newest window's, the usual one, and what counts."""

    owner: str
    share: float
    usual: float
    bound: float


@dataclass(frozen=True)
class Sources:
    """What is counted of each day, and the owners whom the bound holds now."""

    days: list[DayCounts]
    held: tuple[Held, ...]


def read_counts(session: Session, cells: Cells, until: date, unbounded: frozenset[str] = frozenset()) -> Sources:
    """The orders bought on each day until that one, oldest first, as far as their owners' parts are within bounds.

    unbounded: owners whose part may grow from one day to the next.
    """
    days = [
        SourcedDay(day, *(np.array(column, dtype=np.int64) for column in columns))
        for day, *columns in session.execute(_READ, {"until": until})
    ]
    basis = session.get_one(PaceBasis, 1)
    return bounded(days, basis.owners, cells, unbounded)


def bounded(days: Sequence[SourcedDay], owners: Sequence[str], cells: Cells, unbounded: frozenset[str]) -> Sources:
    """Days in their order, thinned out where an owner has too large a part. unbounded: owners who may grow."""
    if len(owners) < 2 or not days:
        return Sources([DayCounts(each.day, each.cells, each.orders) for each in days], ())
    first, window = days[0].day, cells.scale.pace_window
    bought = np.zeros((days[-1].day - first + 1, len(owners)))
    for each in days:
        waiting = cells.are_waiting(each.cells)  # each order counts in one of these
        np.add.at(bought[each.day - first], each.owners[waiting], each.orders[waiting])
    usual = _usual(bought)
    free = np.array([owner in unbounded for owner in owners])
    named = np.array([owner != NO_OWNER for owner in owners])
    bound = np.where(free, 1.0, np.clip(GROWTH * usual, FREE_SHARE, 1.0))
    counted = bought.copy()
    for day in range(min(window, len(bought)), len(bought)):
        counted[day] = _within(bought[day], counted[day - window + 1 : day].sum(axis=0), bound[day], named)
    kept = np.divide(counted, bought, out=np.ones_like(bought), where=bought > 0)
    thinned = [_thinned(each, kept[each.day - first]) for each in days]
    return Sources(thinned, tuple(_held(bought[-window:], counted[-window:], usual[-1], bound[-1], owners)))


def _usual(bought: Floats) -> Floats:
    """Each owner's usual share before each day."""
    sums = np.cumsum(np.concatenate([np.zeros((1, bought.shape[1])), bought]), axis=0)
    days = np.arange(len(bought))
    weekly = sums[days + 1] - sums[np.maximum(days + 1 - WEEK, 0)]
    total = weekly.sum(axis=1, keepdims=True)
    shares = np.divide(weekly, total, out=np.full_like(weekly, np.nan), where=total > 0)
    usual = np.zeros_like(bought)
    for day in days[1:]:
        before = shares[max(day - USUAL_DAYS, 0) : day]
        known = before[~np.isnan(before[:, 0])]
        usual[day] = np.median(known, axis=0) if len(known) else 0.0
    return usual


def _within(bought: Floats, before: Floats, bound: Floats, named: Bools) -> Floats:
    """How many of a day's orders count of each owner, where `before` count of the rest of the window.

    What one owner may have depends on what counts of the others, so the bound is applied until nothing changes.
    An owner that is alone is not bounded: it has taken over, or is the first.
    """
    counted = bought
    for _ in range(50):
        window = before + counted
        others, rivals = window.sum() - window, (window * named).sum() - window * named
        room = np.where((bound < 1) & (rivals > 0), bound / np.maximum(1 - bound, 1e-9) * others - before, np.inf)
        fewer = np.minimum(counted, np.maximum(np.floor(room), 0.0))
        if np.array_equal(fewer, counted):
            break
        counted = fewer
    return counted


def _thinned(day: SourcedDay, kept: Floats) -> DayCounts:
    """The day's cells with as many orders of each owner as count."""
    orders = day.orders.copy()
    for owner in np.unique(day.owners):
        if kept[owner] < 1:
            at = np.flatnonzero(day.owners == owner)
            whole = np.floor(np.cumsum(day.orders[at]) * kept[owner] + 1e-9).astype(np.int64)
            orders[at] = np.diff(whole, prepend=0)
    return DayCounts(day.day, *_summed(day.cells, orders))


def _summed(cells: Ints, orders: Ints) -> tuple[Ints, Ints]:
    """Each cell once."""
    at, inverse = np.unique(cells, return_inverse=True)
    total: Ints = np.bincount(inverse.ravel(), orders, minlength=len(at)).astype(np.int64)
    return at[total > 0], total[total > 0]


def _held(bought: Floats, counted: Floats, usual: Floats, bound: Floats, owners: Sequence[str]) -> Iterator[Held]:
    asked, count = bought.sum(axis=0), counted.sum(axis=0)
    for owner in np.flatnonzero(count < asked).tolist():
        yield Held(owners[owner], float(asked[owner] / asked.sum()), float(usual[owner]), float(bound[owner]))


_READ = text("""
    SELECT day - DATE '1970-01-01', array_agg(cell), array_agg(orders), array_agg(owner)
    FROM pace_counts WHERE orders > 0 AND day <= :until GROUP BY day ORDER BY day
""")
