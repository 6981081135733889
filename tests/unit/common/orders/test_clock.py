"""The shop's clock shows local time, also where it is put forward or back, one moment or many."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.orders.clock import Clock

at = datetime.fromisoformat
ZONES = ("America/Sao_Paulo", "Asia/Kolkata", "Europe/Berlin", "UTC", "Australia/Lord_Howe")
CLOCKS = {zone: Clock(zone) for zone in ZONES}
MOMENTS = st.datetimes(at("2000-02-01"), at("2099-12-01")).map(lambda moment: moment.replace(microsecond=0))


def many(*moments: str) -> np.ndarray:
    return np.array(moments, dtype="datetime64[s]")


@pytest.mark.parametrize(
    ("zone", "moment", "shown"),
    [
        ("America/Sao_Paulo", "2018-06-02T01:30:00", "2018-06-01T22:30:00"),
        ("America/Sao_Paulo", "2018-01-02T01:30:00", "2018-01-01T23:30:00"),
        ("Asia/Kolkata", "2018-06-01T20:00:00", "2018-06-02T01:30:00"),
        ("UTC", "2018-06-01T20:00:00", "2018-06-01T20:00:00"),
        ("Europe/Berlin", "2018-03-25T00:59:59", "2018-03-25T01:59:59"),
        ("Europe/Berlin", "2018-03-25T01:00:00", "2018-03-25T03:00:00"),
        ("Europe/Berlin", "2018-10-28T01:00:00", "2018-10-28T02:00:00"),
    ],
)
def test_a_moment_is_shown_as_on_the_wall_and_read_back(zone: str, moment: str, shown: str) -> None:
    clock = CLOCKS[zone]
    assert clock.local_of_one(at(moment)) == at(shown)
    assert clock.local(many(moment)).tolist() == [at(shown)]
    if not moment.startswith("2018-10-28"):
        assert clock.utc_of_one(at(shown)) == at(moment)
        assert clock.utc(many(shown)).tolist() == [at(moment)]


@pytest.mark.parametrize(("day", "hours"), [("2018-03-25", 23), ("2018-10-28", 25), ("2018-10-27", 24)])
def test_a_day_may_have_23_or_25_hours(day: str, hours: int) -> None:
    midnights = many(day, day) + np.array([0, 86_400], dtype="timedelta64[s]")
    begin, end = CLOCKS["Europe/Berlin"].utc(midnights)
    assert end - begin == np.timedelta64(hours, "h")


def test_what_a_clock_shows_twice_is_its_first_time_and_what_it_never_shows_is_read_on() -> None:
    clock = CLOCKS["Europe/Berlin"]
    for shown, moment in (("2018-10-28T02:30", "2018-10-28T00:30"), ("2018-03-25T02:30", "2018-03-25T01:30")):
        assert clock.utc_of_one(at(shown)) == at(moment)
        assert clock.utc(many(shown)).tolist() == [at(moment)]


def test_a_moment_with_a_zone_is_that_moment_whatever_the_clock() -> None:
    for clock in CLOCKS.values():
        assert clock.utc_of_one(at("2018-06-01T22:30:00-03:00")) == at("2018-06-02T01:30:00")


@given(MOMENTS, st.sampled_from(ZONES))
def test_one_moment_is_shown_as_among_many_and_as_python_shows_it(moment: datetime, zone: str) -> None:
    clock = CLOCKS[zone]
    shown = clock.local_of_one(moment)
    assert clock.local(np.array([moment], dtype="datetime64[s]")).tolist() == [shown]
    assert clock.utc(np.array([shown], dtype="datetime64[s]")).tolist() == [clock.utc_of_one(shown)]
    assert abs(clock.utc_of_one(shown) - moment).total_seconds() in (0, 1_800, 3_600)


def test_no_time_stays_none() -> None:
    for clock in CLOCKS.values():
        assert np.isnat(clock.local(many("NaT"))).all()
        assert np.isnat(clock.utc(many("NaT"))).all()


@given(st.sampled_from(ZONES), MOMENTS, st.lists(st.floats(0, 2_000), min_size=1, max_size=5))
def test_dates_are_those_the_clock_shows_when_the_days_have_passed(
    zone: str, purchase: datetime, spans: list[float]
) -> None:
    clock = CLOCKS[zone]
    found = clock.dates_of_one(purchase, spans)
    moments = [purchase + timedelta(seconds=int(days * 86_400)) for days in spans]
    assert found == [clock.local_of_one(moment).date().isoformat() for moment in moments]
    many = clock.dates(np.full(len(spans), np.datetime64(purchase, "s")), np.array(spans))
    assert clock.texts(many) == found


def test_a_date_begins_at_the_clock_s_midnight_through_the_change_to_summer_time() -> None:
    """In São Paulo the clock of 2018-11-04 had no hour from 0 to 1."""
    clock, purchase = CLOCKS["America/Sao_Paulo"], at("2018-11-03T12:00")
    until_midnight = 15 / 24
    assert clock.dates_of_one(purchase, [until_midnight - 1e-6, until_midnight]) == ["2018-11-03", "2018-11-04"]


def test_what_takes_for_ever_still_has_a_date() -> None:
    clock, purchase = CLOCKS["UTC"], at("2099-12-31")
    assert clock.dates_of_one(purchase, [1e12]) > ["6000-01-01"]
    assert clock.dates(np.array([purchase], dtype="datetime64[s]"), np.array([np.nan])).astype(str) == ["NaT"]
