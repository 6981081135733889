"""Working time: little is delivered at weekends and on holidays, so those days count for less than others.

The model speaks of working days, which a holiday ahead does not change; the calendar turns them into days. Trees could
not learn it from the few times that each holiday occurs in the data.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime, time

import numpy as np
from numpy.typing import NDArray

WEEKEND, HOLIDAY = 0.6, 0.3
"""What such a day counts, where any other counts 1. Their shares of deliveries are smaller (Olist: Saturday 0.3, Sunday
and holidays 0.1), but an order also moves on days without deliveries. Measured: 0.6 to 0.85 and 0.1 to 0.4 differ
little."""

AFTER_DAYS = 400
"""The calendar reaches so far beyond the last year with known holidays. There, and before it, weeks are ordinary."""

_WEEK = 7
_MEAN = (5 + 2 * WEEKEND) / _WEEK

Values = NDArray[np.float64]


class WorkingTime:
    """Turns days into working days and back, from a starting moment on. Immutable."""

    def __init__(self, holidays: Iterable[date]) -> None:
        """`holidays` of whole years."""
        known = sorted(holidays)
        first = date(known[0].year if known else 2000, 1, 1)
        end = date(known[-1].year if known else 2000, 12, 31)
        self._first = datetime.combine(first, time.min)
        self._ordinary = end.toordinal() - first.toordinal() + 1
        weekday = (first.weekday() + np.arange(self._ordinary + AFTER_DAYS)) % _WEEK
        weight = np.where(weekday >= 5, WEEKEND, 1.0)
        rest = np.array([day.toordinal() - first.toordinal() for day in known], dtype=np.int64)
        weight[rest] = HOLIDAY
        self._worked = np.concatenate([[0.0], np.cumsum(weight)])
        self._weights, self._worked_by = weight.tolist(), self._worked.tolist()
        self._days = np.arange(len(self._worked), dtype=np.float64)

    def start(self, moment: NDArray[np.datetime64]) -> Values:
        """Where n moments lie on the calendar, in days; those outside of it in an ordinary week."""
        found = (moment.astype("datetime64[s]") - np.datetime64(self._first, "s")).astype(np.int64) / 86_400
        outside = (found < 0) | (found >= self._ordinary)
        return np.where(outside, self._ordinary + (found - self._ordinary) % _WEEK, found)

    def worked(self, start: Values, days: Values) -> Values:
        """Working days in n spans of days from their starts on; NaN stays NaN."""
        return self._elapsed(start + days) - self._elapsed(start)

    def days(self, start: Values, worked: Values) -> Values:
        """The inverse of `worked`."""
        reached = self._elapsed(start) + worked
        beyond = np.maximum(reached - self._worked[-1], 0) / _MEAN
        return np.interp(reached, self._worked, self._days) + beyond - start

    def start_of_one(self, moment: datetime) -> float:
        """`start` of one moment without zone."""
        since = moment - self._first
        found = since.days + since.seconds / 86_400
        if 0 <= found < self._ordinary:
            return found
        return self._ordinary + (found - self._ordinary) % _WEEK

    def days_of_one(self, start: float, worked: float) -> float:
        """`days` of one span."""
        day = int(start)
        reached = self._worked_by[day] + (start - day) * self._weights[day] + worked
        if reached >= self._worked_by[-1]:
            return len(self._weights) + (reached - self._worked_by[-1]) / _MEAN - start
        day = bisect_right(self._worked_by, reached) - 1
        return day + (reached - self._worked_by[day]) / self._weights[day] - start

    def _elapsed(self, position: Values) -> Values:
        return np.interp(position, self._days, self._worked) + np.maximum(position - self._days[-1], 0) * _MEAN
