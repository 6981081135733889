"""The shop's clock: moments in UTC to the time that its clocks show, and back."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from common.orders.moments import YEARS

Moments = NDArray[np.datetime64]
"""datetime64[s], (n,)"""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
_EPOCH_DAY = _EPOCH.toordinal()
_LONGEST, _FARTHEST = 1_500_000, 2_000_000
"""Days that an order takes at most, and days from 1970: what is beyond counts as that."""


class _Dates(dict[int, str]):
    """ISO dates by the days since 1970-01-01: each is written once and read ever after, at a tenth of the time."""

    def __missing__(self, day: int) -> str:
        text = date.fromordinal(_EPOCH_DAY + min(max(day, -_FARTHEST), _FARTHEST)).isoformat()
        self[day] = text
        return text


class Clock:
    """A time zone with its changes from 2000 to 2099, for one moment or many. Immutable."""

    def __init__(self, zone: str) -> None:
        """`zone`: a name of the IANA list."""
        self.zone = ZoneInfo(zone)
        self.name = zone
        changes = _changes(self.zone)
        self._offsets = np.array([offset for _, offset in changes], dtype="timedelta64[s]")
        self._changes = np.array([moment for moment, _ in changes[1:]], dtype="datetime64[s]")
        # a local time belongs to the offset before a change until both clocks have passed it: what a clock shows twice
        # is its first time, what it never shows is read as if it had not been put forward (PEP 495, fold 0)
        self._local_changes = self._changes + np.maximum(self._offsets[1:], self._offsets[:-1])
        self._change_seconds = self._changes.astype(np.int64).tolist()
        self._dates = _Dates()
        self._offset_seconds: list[int] = self._offsets.astype(np.int64).tolist()
        self._offset_deltas = [timedelta(seconds=offset) for offset in self._offset_seconds]

    def local(self, moments: Moments) -> Moments:
        """What the clock shows at n moments in UTC; NaT stays NaT."""
        if len(self._offsets) == 1:
            return moments + self._offsets[0]
        return moments + self._offsets[np.searchsorted(self._changes, moments, side="right") % len(self._offsets)]

    def local_of_one(self, moment: datetime) -> datetime:
        """What it shows at one moment in UTC, both without zone."""
        elapsed = moment - _EPOCH
        return moment + self._offset_deltas[bisect_right(self._change_seconds, elapsed.days * 86_400 + elapsed.seconds)]

    def dates_of_one(self, purchase: datetime, spans: Iterable[float]) -> list[str]:
        """The ISO dates that it shows so many days after a purchase in UTC."""
        elapsed = purchase - _EPOCH
        start = elapsed.days * 86_400 + elapsed.seconds
        dates = []
        for days in spans:
            moment = start + days * 86_400
            ahead = self._offset_seconds[bisect_right(self._change_seconds, moment)]
            dates.append(self._dates[int((moment + ahead) // 86_400)])
        return dates

    def dates(self, purchases: Moments, days: Floats) -> NDArray[np.datetime64]:
        """The same for n purchases and their days: datetime64[D], NaT where the days are NaN; see `texts`."""
        spans = np.where(np.isnan(days), np.nan, np.minimum(days, _LONGEST) * 86_400)
        return self.local(purchases + spans.astype("timedelta64[s]")).astype("datetime64[D]")

    def texts(self, dates: NDArray[np.datetime64]) -> list[str]:
        """n dates, none of them NaT, in ISO 8601."""
        known = self._dates
        return [known[day] for day in dates.astype(np.int64).tolist()]

    def utc(self, shown: Moments) -> Moments:
        """The moments in UTC at which the clock shows n times; NaT stays NaT."""
        if len(self._offsets) == 1:
            return shown - self._offsets[0]
        return shown - self._offsets[np.searchsorted(self._local_changes, shown, side="right") % len(self._offsets)]

    def utc_of_one(self, moment: datetime) -> datetime:
        """A moment in UTC, without zone: one with a zone is converted, one without is what the clock shows."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        return aware.astimezone(UTC).replace(tzinfo=None)


def _changes(zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """(moment in UTC, seconds ahead of UTC from then on), the first for all time before the next."""

    def offset(moment: datetime) -> int:
        ahead = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
        return 0 if ahead is None else round(ahead.total_seconds())

    days = [datetime.combine(date(YEARS[0], 1, 1), datetime.min.time())]
    changes = [(days[0], offset(days[0]))]
    day, end = days[0], datetime(YEARS[1] + 1, 1, 1)  # noqa: DTZ001
    step = timedelta(days=7)
    while day < end:
        after = day + step
        if offset(after) != changes[-1][1]:
            low, high = day, after
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (low, middle) if offset(middle) != changes[-1][1] else (middle, high)
            changes.append((high, offset(high)))
            after = high
        day = after
    return changes
