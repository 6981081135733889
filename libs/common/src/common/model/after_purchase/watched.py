"""Logged orders while they are watched: what is known of them now, and the promise that was made."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from common.orders.moments import naive_utc
from common.orders.orders import Orders

CLOCKS_DIFFER = np.timedelta64(1, "D")
"""By how much a hand-over may seem to precede the purchase: it then counts as of the purchase."""

Moments = NDArray[np.datetime64]
"""datetime64[s], (n,), UTC"""


def as_known(orders: Orders, shipped: Moments, now: np.datetime64) -> Orders:
    """n orders that are under way now (UTC), each with its hand-over if that can be; NaT where none is known.

    That one is not known does not say that there was none. Where it does, more could be told: on Olist's orders seven
    days before their promise ends, taking those that were not handed over to be so once half of the orders as old are
    raises the average precision from 0.561 to 0.589 and takes the error of the probabilities from 3.6 to 2.7 points.
    """
    purchase = orders.purchase_timestamp
    usable = (shipped > purchase - CLOCKS_DIFFER) & (shipped <= now)
    handed_over = np.where(usable, np.maximum(shipped, purchase), np.datetime64("NaT", "s"))
    under_way = np.fmax(np.maximum(purchase, now), handed_over)
    return replace(orders, later={"shipped_timestamp": handed_over, "under_way_at": under_way})


def promise_of(purchase: datetime, further: Mapping[str, Any] | None) -> datetime | None:
    """Until when an order was promised, UTC, without zone: as the shop said, else the longest of the promises that were
    answered; None if there was none.

    further: of the prediction log.
    """
    said = further or {}
    if said.get("promised_timestamp"):
        return naive_utc(datetime.fromisoformat(said["promised_timestamp"]))
    if said.get("promises"):
        return purchase + timedelta(days=max(days for _, days in said["promises"]))
    return None


def handed_over_of(answers: Iterable[Mapping[str, Any] | None]) -> datetime | None:
    """When an order was handed over, UTC, without zone, as the newest of its answers that says so; None if none does.

    answers: `further` of the prediction log, oldest first.
    """
    said = [further["shipped_timestamp"] for further in answers if further and further.get("shipped_timestamp")]
    return naive_utc(datetime.fromisoformat(said[-1])) if said else None


def days_between(start: Moments, end: Moments) -> Floats:
    """Days from n moments to others, NaN where one is missing."""
    return (end - start) / np.timedelta64(86_400, "s")


def moments_of(values: list[datetime | None]) -> Moments:
    """Moments from Postgres as arrays have them."""
    return np.array([value and naive_utc(value) for value in values], dtype="datetime64[s]")
