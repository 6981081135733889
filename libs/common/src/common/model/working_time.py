"""Working time: little is delivered at weekends and on holidays, so those days count less than others.

The model forecasts working days, which a holiday ahead does not change; the calendar turns them into days. Trees could
not learn this from the few occurrences of each holiday in the data.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

WEEKEND, HOLIDAY = 0.6, 0.3
"""What such a day counts where the shop's own deliveries say nothing else; any other counts 1."""

AFTER_DAYS = 400
"""How far the calendar reaches beyond the last year with known holidays. There, and before it, weeks are ordinary."""

WEEK = 7
ORDINARY = (1.0, 1.0, 1.0, 1.0, 1.0, WEEKEND, WEEKEND)
"""What the days of a week count, from Monday."""


class WorkingTime:
    """Turns days into working days and back, from a starting moment on. Immutable."""

    def __init__(
        self,
        holidays: Iterable[date],
        week: Sequence[float] = ORDINARY,
        holiday: float = HOLIDAY,
        years: tuple[int, int] | None = None,
    ) -> None:
        """`holidays` of whole years. week: what its days count, from Monday; holiday: what a holiday counts at most.
        years: the first and the last that the calendar has, by default those with holidays."""
        known = sorted(holidays)
        self._mean = sum(week) / WEEK
        first_year, last_year = years or ((known[0].year, known[-1].year) if known else (2000, 2000))
        first, end = date(first_year, 1, 1), date(last_year, 12, 31)
        self._first = datetime.combine(first, time.min)
        self._ordinary = end.toordinal() - first.toordinal() + 1
        weight = np.array(week)[(first.weekday() + np.arange(self._ordinary + AFTER_DAYS)) % WEEK]
        rest = np.array([day.toordinal() - first.toordinal() for day in known], dtype=np.int64)
        weight[rest] = np.minimum(weight[rest], holiday)
        self._worked = np.concatenate([[0.0], np.cumsum(weight)])
        self._weights, self._worked_by = weight.tolist(), self._worked.tolist()
        self._days = np.arange(len(self._worked), dtype=np.float64)

    def start(self, moment: NDArray[np.datetime64]) -> Floats:
        """Where n moments lie on the calendar, in days; those outside it lie in an ordinary week."""
        since = (moment.astype("datetime64[s]") - np.datetime64(self._first, "s")).astype(np.int64) / 86_400
        outside = (since < 0) | (since >= self._ordinary)
        return np.where(outside, self._ordinary + (since - self._ordinary) % WEEK, since)

    def worked(self, start: Floats, days: Floats) -> Floats:
        """Working days in n spans of days, each from its start; NaN stays NaN."""
        return self._elapsed(start + days) - self._elapsed(start)

    def days(self, start: Floats, worked: Floats) -> Floats:
        """The inverse of `worked`."""
        reached = self._elapsed(start) + worked
        beyond = np.maximum(reached - self._worked[-1], 0) / self._mean
        return np.interp(reached, self._worked, self._days) + beyond - start

    def start_of_one(self, moment: datetime) -> float:
        """`start` of one moment without zone."""
        elapsed = moment - self._first
        since = elapsed.days + elapsed.seconds / 86_400
        if 0 <= since < self._ordinary:
            return since
        return self._ordinary + (since - self._ordinary) % WEEK

    def worked_of_one(self, start: float, days: float) -> float:
        """`worked` of one span."""
        return self._elapsed_of_one(start + days) - self._elapsed_of_one(start)

    def days_of_one(self, start: float, worked: float) -> float:
        """`days` of one span."""
        day = int(start)
        reached = self._worked_by[day] + (start - day) * self._weights[day] + worked
        if reached >= self._worked_by[-1]:
            return len(self._weights) + (reached - self._worked_by[-1]) / self._mean - start
        day = bisect_right(self._worked_by, reached) - 1
        return day + (reached - self._worked_by[day]) / self._weights[day] - start

    def _elapsed_of_one(self, position: float) -> float:
        day = int(position)
        if day >= len(self._weights):
            return self._worked_by[-1] + (position - len(self._weights)) * self._mean
        return self._worked_by[day] + (position - day) * self._weights[day]

    def _elapsed(self, position: Floats) -> Floats:
        return np.interp(position, self._days, self._worked) + np.maximum(position - self._days[-1], 0) * self._mean
