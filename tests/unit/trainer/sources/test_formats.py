"""Formats of dates are found out where they are beyond doubt, and otherwise refused by naming both readings."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.sources.orders.formats import InDoubt, Unknown, format_of

DAYS = [datetime(2021, 1, 1) + timedelta(days=day, minutes=977 * day) for day in range(120)]  # noqa: DTZ001


def texts(form: str) -> pl.Series:
    return pl.Series([day.strftime(form) for day in DAYS])


@pytest.mark.parametrize(
    "form",
    [
        "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y %H:%M", "%m/%d/%y %H:%M", "%d.%m.%Y %H:%M:%S", "%m-%d-%Y %I:%M %p",
        "%d-%m-%Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%Y/%m/%d %H:%M", "%Y%m%d", "%m/%d/%Y, %H:%M:%S",
    ],
)  # fmt: skip
def test_a_format_is_found_out_from_days_after_the_twelfth(form: str) -> None:
    assert format_of([texts(form)]) == form


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"])
def test_iso_needs_no_format(form: str) -> None:
    assert format_of([texts(form)]) == "iso"


def test_numbers_are_excel_days_or_unix_time_by_their_size() -> None:
    assert format_of([pl.Series(["44060.5", "44061", "44062"])]) == "excel"
    assert format_of([pl.Series(["1597676341"])]) == "unix"
    assert format_of([pl.Series(["1597676341123"])]) == "unix-ms"


def test_days_up_to_the_twelfth_are_in_doubt_and_both_readings_are_named() -> None:
    found = format_of([pl.Series(["03/04/2020", "05/06/2020"])])
    assert isinstance(found, InDoubt)
    assert str(found) == (
        "'03/04/2020' can be read as %d/%m/%Y and as %m/%d/%Y, and no row decides: "
        'write it under [orders.formats], e.g. "%d/%m/%Y"'
    )


def test_rows_that_contradict_each_other_are_named() -> None:
    found = format_of([pl.Series(["03/04/2020", None, "25/04/2020", "04/25/2020"])])
    assert isinstance(found, InDoubt)
    assert "row 4 '25/04/2020' only as %d/%m/%Y, row 5 '04/25/2020' only as %m/%d/%Y" in str(found)


def test_one_row_in_hundreds_does_not_decide() -> None:
    found = format_of([pl.Series(["03/04/2020"] * 300 + ["25/04/2020"])])
    assert isinstance(found, InDoubt)
    assert "too few decide (row 302 '25/04/2020' only as %d/%m/%Y)" in str(found)


def test_a_later_piece_decides_where_the_first_does_not() -> None:
    assert format_of([pl.Series(["03/04/2020"] * 5), pl.Series(["25/04/2020"] * 5)]) == "%d/%m/%Y"


def test_what_is_no_date_is_named() -> None:
    found = format_of([pl.Series(["next week"] * 9)])
    assert isinstance(found, Unknown)
    assert "'next week' is no date known here" in str(found)


def test_a_column_without_a_value_needs_no_format() -> None:
    assert format_of([pl.Series([None, None], dtype=pl.String)]) == "iso"


@settings(deadline=None, max_examples=25)
@given(st.lists(st.dates(date(2001, 1, 1), date(2030, 12, 31)), min_size=1, max_size=40))
def test_a_found_format_never_swaps_day_and_month(days: list[date]) -> None:
    found = format_of([pl.Series([f"{day:%d/%m/%Y}" for day in days])])
    assert found == "%d/%m/%Y" or isinstance(found, InDoubt)
