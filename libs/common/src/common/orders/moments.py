"""Moments of purchases and deliveries, as requests, files and the log write them."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

YEARS = (2000, 2099)
"""Of a purchase or a delivery, on the clock of the zone it is written in."""

MOMENT = f"an ISO 8601 time from {YEARS[0]} to {YEARS[1]}"
"""What a moment must be, in every message."""

EARLIEST, LATEST = np.datetime64(f"{YEARS[0]}-01-01", "s"), np.datetime64(f"{YEARS[1] + 1}-01-01", "s")


def moment_of(text: str) -> datetime:
    """The moment that a text names; ValueError says what it must be."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(MOMENT)
    return moment


def naive_utc(moment: datetime) -> datetime:
    """The moment without a zone: one with a zone is converted to UTC first, one without is taken as it is."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def implausible(moments: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Which of n moments lie outside YEARS; NaT does not."""
    return (moments < EARLIEST) | (moments >= LATEST)
