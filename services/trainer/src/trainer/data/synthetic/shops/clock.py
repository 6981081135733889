"""When orders of a made-up shop are bought, and how its moments are written."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

HOUR = 3_600
DAY = 24 * HOUR


@dataclass(frozen=True)
class Clock:
    """Purchases between two days (both included) on a zone's clock: seconds since 1970 (hours,), cumulative shares."""

    zone: str
    hours: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, zone: str, start: date, end: date, hourly: NDArray[np.float64], weekly: NDArray[np.float64]) -> "Clock":
        """hourly (24,) and weekly (7,, from Monday): weights of a purchase on the shop's clock."""
        first = int(datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(zone)).timestamp())
        after = end + timedelta(days=1)
        last = int(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).timestamp())
        hours = np.arange(first, last, HOUR)
        local = _local(hours, zone)
        hour, weekday = local.dt.hour().to_numpy(), local.dt.weekday().to_numpy()
        weights = hourly[hour] * weekly[weekday - 1]
        return cls(zone, hours, np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]))

    def purchases(self, shares: NDArray[np.float64]) -> NDArray[np.int64]:
        """Seconds since 1970 at which these shares (0..1, shape (n,)) of all orders have been bought."""
        ends = np.append(self.hours, self.hours[-1] + HOUR)
        return np.interp(shares, self.shares, ends).astype(np.int64)

    def local(self, seconds: NDArray[np.int64]) -> pl.Series:
        """The moments (n,) as the shop's clock shows them, without zone."""
        return _local(seconds, self.zone)

    def text(self, seconds: NDArray[np.int64], present: NDArray[np.bool_] | None = None) -> pl.Series:
        """As `2021-03-14 18:05:00` on the shop's clock; null where not present."""
        texts = self.local(seconds).dt.strftime("%Y-%m-%d %H:%M:%S")
        return texts if present is None else texts.set(pl.Series(~present), None)


def _local(seconds: NDArray[np.int64], zone: str) -> pl.Series:
    moments = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return moments.dt.convert_time_zone(zone).dt.replace_time_zone(None)
