from datetime import UTC, datetime, timedelta
from itertools import pairwise

from monitor.windows.windows import Window, window_of, windows_between


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_a_week_starts_on_monday_at_midnight() -> None:
    assert window_of(utc(2018, 2, 11, 23, 59)) == Window(utc(2018, 2, 5), utc(2018, 2, 12))
    assert window_of(utc(2018, 2, 12)) == Window(utc(2018, 2, 12), utc(2018, 2, 19))


def test_weeks_follow_each_other_without_a_gap() -> None:
    windows = windows_between(utc(2017, 12, 20), utc(2018, 1, 8))
    assert [window.start.day for window in windows] == [18, 25, 1, 8]
    assert all(before.end == after.start for before, after in pairwise(windows))


def test_an_hour_starts_at_its_full_hour() -> None:
    assert window_of(utc(2018, 2, 11, 23, 59), timedelta(hours=1)).start == utc(2018, 2, 11, 23)


def test_moments_before_the_origin_fall_into_their_week_too() -> None:
    assert window_of(utc(2015, 1, 1)).start == utc(2014, 12, 29)
