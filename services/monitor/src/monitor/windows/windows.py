"""Windows of time: weeks start on Monday 00:00 UTC, shorter windows divide a week."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WEEK = timedelta(days=7)
A_MONDAY = datetime(2016, 1, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Half open: `start` belongs to it, `end` to the next. Both with time zone."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M}..{self.end:%Y-%m-%d %H:%M}"


def window_of(moment: datetime, length: timedelta = WEEK) -> Window:
    """The window that a moment (with time zone) falls into."""
    start = A_MONDAY + (moment - A_MONDAY) // length * length
    return Window(start, start + length)


def windows_between(first: datetime, last: datetime, length: timedelta = WEEK) -> list[Window]:
    """Every window from that of `first` to that of `last`, without a gap, oldest first."""
    windows = [window_of(first, length)]
    while windows[-1].end <= last:
        windows.append(Window(windows[-1].end, windows[-1].end + length))
    return windows
