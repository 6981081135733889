"""What may be said of an order after its purchase: when it was handed over, and when it was still under way."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools
from common.errors import InvalidInput
from common.orders.clock import Clock
from common.orders.names import LATER

Moments = NDArray[np.datetime64]
"""datetime64[s], (n,), UTC"""

AHEAD = np.timedelta64(60, "s")
"""How far in the future a hand-over may seem to be: clocks differ."""


SAID_LATER = frozenset((*LATER, "promised_timestamp"))
"""The fields of an order that are moments after its purchase."""


def in_utc(moment: datetime | None, clock: Clock) -> datetime | None:
    """A moment that a request names in UTC, without zone, in whole seconds."""
    return clock.utc_of_one(moment).replace(microsecond=0) if moment else None


def check(purchase: Moments, later: Mapping[str, Moments], where: str = "") -> None:
    """InvalidInput says which moment of n orders cannot be; where: of the row (`{}`), as a prefix of the name."""
    now = np.datetime64("now", "s")
    for row, fault in faults(purchase, later, now):
        raise InvalidInput(where.format(row) + fault)


def faults(purchase: Moments, later: Mapping[str, Moments], now: np.datetime64) -> Iterator[tuple[int, str]]:
    """The rows of n orders whose moments after the purchase cannot be, each with a sentence; at most one of each kind.

    later: of `common.orders.names.LATER`, by name; NaT is nothing said.
    """
    shipped, under_way = later.get("shipped_timestamp"), later.get("under_way_at")
    bought = {"purchase_timestamp": purchase}
    if shipped is not None:
        yield from _each("shipped_timestamp", shipped, shipped > now + AHEAD, "be in the future", {"now": now})
        yield from _each("shipped_timestamp", shipped, shipped < purchase, "be before the purchase", bought)
    if under_way is not None:
        yield from _each("under_way_at", under_way, under_way < purchase, "be before the purchase", bought)
    if under_way is not None and shipped is not None:
        handed_over = {"shipped_timestamp": shipped}
        yield from _each("under_way_at", under_way, under_way < shipped, "be before the hand-over", handed_over)


def _each(
    name: str, moments: Moments, wrong: Bools, what: str, beside: Mapping[str, Moments | np.datetime64]
) -> Iterator[tuple[int, str]]:
    for row in np.flatnonzero(wrong).tolist():
        others = " and ".join(f"{other} is {np.broadcast_to(at, len(moments))[row]}Z" for other, at in beside.items())
        yield row, f"{name} must not {what} (got {moments[row]}Z; {others})"
