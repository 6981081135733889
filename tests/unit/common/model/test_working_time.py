"""The calendar stretches a delivery over weekends and holidays, and is the same for one order and for many."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.model.working_time import HOLIDAY, WEEKEND, WorkingTime

at = datetime.fromisoformat

CARNIVAL = [date(2018, 2, 12), date(2018, 2, 13)]
CALENDAR = WorkingTime([date(2017, 12, 25), *CARNIVAL])
MOMENTS = st.datetimes(at("1970-01-01"), at("2200-01-01")).map(lambda moment: moment.replace(microsecond=0))


def days(moment: datetime, worked: float) -> float:
    return CALENDAR.days_of_one(CALENDAR.start_of_one(moment), worked)


def test_working_days_within_a_week_are_days() -> None:
    assert days(at("2018-01-08T12:00"), 3.5) == pytest.approx(3.5)


def test_a_weekend_and_a_holiday_take_longer() -> None:
    assert days(at("2018-01-05"), 1 + 2 * WEEKEND + 1) == pytest.approx(4)
    friday_before_carnival = at("2018-02-09")
    assert days(friday_before_carnival, 1 + 2 * WEEKEND + 2 * HOLIDAY + 1) == pytest.approx(6)


def test_before_and_after_the_known_holidays_weeks_are_ordinary() -> None:
    for monday in (at("1999-02-08"), at("2031-02-10")):
        assert monday.weekday() == 0
        assert days(monday, 5 + 2 * WEEKEND) == pytest.approx(7)


def test_a_span_beyond_the_calendar_goes_on_at_the_mean_speed() -> None:
    worked_a_year = 365 * (5 + 2 * WEEKEND) / 7
    assert days(at("2018-12-31"), 10 * worked_a_year) == pytest.approx(3650, rel=0.01)


@given(MOMENTS, st.floats(0.01, 3_000))
def test_one_is_as_many_and_the_way_back_leads_home(moment: datetime, worked: float) -> None:
    start = CALENDAR.start(np.array([moment], dtype="datetime64[s]"))
    converted = CALENDAR.days(start, np.array([worked]))
    assert days(moment, worked) == pytest.approx(converted[0], rel=1e-9)
    assert CALENDAR.worked(start, converted)[0] == pytest.approx(worked, rel=1e-9)


def test_days_under_way_are_nan_in_and_out() -> None:
    start = CALENDAR.start(np.array([at("2018-01-08")], dtype="datetime64[s]"))
    assert np.isnan(CALENDAR.worked(start, np.array([np.nan])))


def test_without_any_holiday_weekends_still_count() -> None:
    calendar = WorkingTime([])
    saturday = at("2018-01-06")
    assert calendar.days_of_one(calendar.start_of_one(saturday), WEEKEND) == pytest.approx(1)
    assert calendar.days_of_one(calendar.start_of_one(saturday + timedelta(days=2)), 1) == pytest.approx(1)
