"""When orders are bought, and how slow deliveries are then."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

SECONDS_PER_HOUR = 3_600
HOURLY = np.array([2.4, 1.2, 0.5, 0.3, 0.2, 0.2, 0.5, 1.2, 3.0, 4.8, 6.2, 6.6, 6.0, 6.5, 6.6, 6.5, 6.7, 6.2, 5.8, 6.0,
                   6.2, 6.2, 5.8, 4.1])  # fmt: skip
WEEKDAYS = np.array([1.15, 1.13, 1.10, 1.04, 1.00, 0.77, 0.84])

BLACK_FRIDAY_RISE = 5.0
BASE_LEVEL = 0.95
WAVES = ((-40, 14.0, 0.28), (-15, 14.0, 0.20), (50, 20.0, 0.45), (85, 12.0, 0.18), (185, 35.0, -0.25))
"""Delay waves of a year: day of the year of the peak (from January 1st), width in days, height as a share."""


@dataclass(frozen=True)
class Season:
    """Purchases per hour as a cumulative share (hours + 1,), and the delay level of each day (days,), about 1."""

    start: date
    cumulative: NDArray[np.float64]
    level: NDArray[np.float64]

    @classmethod
    def of(cls, start: date, end: date, rng: np.random.Generator) -> "Season":
        """Growth, weekdays, hours and Black Fridays between two days, both included."""
        days = [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
        growth = np.linspace(0.3, 1.0, len(days))
        weekday = WEEKDAYS[[day.weekday() for day in days]]
        rush = np.array([1 + BLACK_FRIDAY_RISE * 0.35 ** abs((day - black_friday(day.year)).days) for day in days])
        hourly = np.outer(growth * weekday * rush, HOURLY).ravel()
        return cls(start, np.concatenate([[0.0], np.cumsum(hourly) / hourly.sum()]), _level(days, rng))

    def purchases(self, shares: NDArray[np.float64]) -> NDArray[np.int64]:
        """Seconds since 1970 at which these shares (0..1) of all orders have been bought."""
        epoch = (self.start - date(1970, 1, 1)).days * 24
        hours = np.interp(shares, self.cumulative, np.arange(len(self.cumulative)))
        return ((epoch + hours) * SECONDS_PER_HOUR).astype(np.int64)

    def level_at(self, seconds: NDArray[np.int64]) -> NDArray[np.float64]:
        """The delay level on the day of each purchase."""
        first = (self.start - date(1970, 1, 1)).days
        return self.level[np.clip(seconds // (24 * SECONDS_PER_HOUR) - first, 0, len(self.level) - 1)]


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    thursday = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return thursday + timedelta(days=1)


def _level(days: list[date], rng: np.random.Generator) -> NDArray[np.float64]:
    level = np.full(len(days), BASE_LEVEL)
    for year in range(days[0].year - 1, days[-1].year + 2):
        heights = rng.lognormal(0.0, 0.2, len(WAVES))
        for (peak, width, height), factor in zip(WAVES, heights, strict=True):
            distance = np.array([(day - date(year, 1, 1)).days - peak for day in days])
            level += height * factor * np.exp(-0.5 * (distance / width) ** 2)
    weeks = rng.normal(0.0, 0.05, len(days) // 7 + 2)
    return np.clip(level + np.interp(np.arange(len(days)) / 7, np.arange(len(weeks)), weeks), 0.4, 3.0)
