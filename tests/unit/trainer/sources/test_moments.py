"""Moments on the shop's clock and in UTC: zones west and east, days of 23 and 25 hours, every form of ISO 8601."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.orders.moments import moment_of, naive_utc
from trainer.sources.orders.moments import moments, to_utc

ZONES = ["America/Sao_Paulo", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo"]
CLOCKS = st.datetimes(datetime(2001, 1, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001 - clocks of a zone
    lambda moment: moment.replace(microsecond=0)
)


def read(text: str, form: str = "iso", zone: str = "UTC") -> datetime | None:
    found = moments(pl.Series([text], dtype=pl.String), form, zone)[0]
    return None if found is None else found.astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2017-07-14 22:30:00", "America/Sao_Paulo", "2017-07-15T01:30:00"),  # an evening purchase: tomorrow in UTC
        ("2020-08-17T01:00:00", "Asia/Kolkata", "2020-08-16T19:30:00"),  # a night purchase: yesterday in UTC
        ("2021-03-14 01:59:00", "America/New_York", "2021-03-14T06:59:00"),  # a day of 23 hours: before,
        ("2021-03-14 02:30:00", "America/New_York", "2021-03-14T07:30:00"),  # within the hour that is not,
        ("2021-03-14 03:00:00", "America/New_York", "2021-03-14T07:00:00"),  # and after
        ("2021-11-07 01:30:00", "America/New_York", "2021-11-07T05:30:00"),  # a day of 25 hours: the first of two
        ("2021-11-07 02:00:00", "America/New_York", "2021-11-07T07:00:00"),
        ("2017-10-15 00:00:00", "America/Sao_Paulo", "2017-10-15T03:00:00"),  # a midnight that never was
    ],
)
def test_a_moment_without_a_zone_stands_on_the_shop_s_clock(text: str, zone: str, utc: str) -> None:
    assert read(text, zone=zone) == datetime.fromisoformat(utc + "+00:00")


@given(st.lists(CLOCKS, min_size=1, max_size=20), st.sampled_from(ZONES))
def test_every_clock_of_every_zone_is_read_as_python_reads_it(clocks: list[datetime], zone: str) -> None:
    read_by_python = [clock.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for clock in clocks]
    assert to_utc(pl.Series(clocks, dtype=pl.Datetime("us")), zone).to_list() == read_by_python


@given(CLOCKS, st.integers(-14 * 4, 14 * 4), st.sampled_from(ZONES), st.sampled_from(["T", " "]))
def test_a_moment_with_a_zone_is_that_moment_whatever_the_shop_s(
    clock: datetime, quarters: int, zone: str, between: str
) -> None:
    sign, minutes = "-" if quarters < 0 else "+", abs(quarters) * 15
    text = f"{clock.isoformat(between)}{sign}{minutes // 60:02}:{minutes % 60:02}"
    assert read(text, zone=zone) == (clock - timedelta(minutes=quarters * 15)).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2020-08-17", "2020-08-17T00:00:00"),
        ("2020-08-17 14:59", "2020-08-17T14:59:00"),
        ("2020-08-17T14:59:01.250", "2020-08-17T14:59:01.250"),
        ("2020-08-17T14:59:01Z", "2020-08-17T14:59:01"),
        ("2020-08-17 14:59:01 UTC", "2020-08-17T14:59:01"),
        ("2020-08-17 09:59:01 -0500", "2020-08-17T14:59:01"),
        ("2020-08-17T16:59+02", "2020-08-17T14:59:00"),
        (" 2020-08-17 ", "2020-08-17T00:00:00"),
        ("44060.5", "2020-08-17T12:00:00"),
    ],
)
def test_forms_of_iso_and_excel_s_numbers_among_them(text: str, utc: str) -> None:
    assert read(text) == datetime.fromisoformat(utc + "+00:00")


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-15 10:00:00 Z",
        "2018-02-15 10:00:00 utc",
        "2018-02-15 10:00:00.1234567 +00:00",
        "2018-02-15T10:00:00,5Z",
        "2018-02-15 10:00:00 +0000 UTC",
        "2018-02-15T08:00:00-02:00[America/Sao_Paulo]",
        "2018-02-15 08:00:00.000 America/Sao_Paulo",
        "20180215T100000Z",
        "2018-02-15T10",
        "2018-02-15-03:00",
        "2018-02-15 10:00 CET",
        "2018-02-15 9:05",
    ],
)
def test_history_reads_a_moment_as_requests_do(text: str) -> None:
    try:
        asked = moment_of(text)
    except ValueError:
        assert read(text) is None
    else:
        assert read(text) == naive_utc(asked).replace(tzinfo=UTC)
        read_beside_others = moments(pl.Series(["2018-02-15 10:00:00", text]), "iso", "UTC")
        assert read_beside_others[1] == read(text)


@pytest.mark.parametrize("text", ["", "soon", "2020-02-30", "1999-12-31", "2100-01-01", "2020-08-17 25:00", "12"])
def test_what_is_no_moment_is_null(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "form", "utc"),
    [
        ("44060.25", "excel", "2020-08-17T06:00:00"),
        ("1597676341", "unix", "2020-08-17T14:59:01"),
        ("1597676341500", "unix-ms", "2020-08-17T14:59:01.500"),
        ("8/17/20 2:59 PM", "%m/%d/%y %I:%M %p", "2020-08-17T14:59:00"),
        ("17.08.2020 14:59 +0200", "%d.%m.%Y %H:%M %z", "2020-08-17T12:59:00"),
    ],
)
def test_named_formats(text: str, form: str, utc: str) -> None:
    assert read(text, form) == datetime.fromisoformat(utc + "+00:00")


def test_excel_s_numbers_are_on_the_shop_s_clock_and_unix_time_is_not() -> None:
    assert read("44060", "excel", "Asia/Kolkata") == datetime(2020, 8, 16, 18, 30, tzinfo=UTC)
    assert read("1597676341", "unix", "Asia/Kolkata") == datetime(2020, 8, 17, 14, 59, 1, tzinfo=UTC)
