"""Working days of any country: its holidays, its weekend, and what the shop's own deliveries say of its week."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from common.model.calendars import Calendars, UntilHandOver
from common.model.manifest import Calendar
from common.model.time_scale import TimeScale
from common.model.working_time import HOLIDAY, WEEKEND
from common.orders.texts import Texts
from trainer.model.calendar import learn_calendar, ordinary_week, public_holidays

FIRST = date(2018, 1, 1)


def delivered(per_weekday: tuple[int, ...], weeks: int = 1) -> np.ndarray:
    """So many deliveries on each day of a week, from Monday."""
    days = [np.datetime64("2018-01-15") + day for day, count in enumerate(per_weekday) for _ in range(count)]
    return np.array(days * weeks, dtype="datetime64[s]")


DAYS, MINUTES = TimeScale(4.0), TimeScale(0.02)


def learned(
    country: str,
    deliveries: np.ndarray,
    *countries: str,
    weekend: tuple[str, ...] | None = None,
    scale: TimeScale = DAYS,
) -> Calendar:
    return learn_calendar(country, countries, weekend, FIRST, deliveries, scale)


def test_the_weekend_is_the_country_s_or_the_shop_file_s() -> None:
    assert [day for day, weight in enumerate(ordinary_week("DE", None)) if weight == WEEKEND] == [5, 6]
    assert [day for day, weight in enumerate(ordinary_week("EG", None)) if weight == WEEKEND] == [4, 5]
    assert [day for day, weight in enumerate(ordinary_week("DE", ["mon"])) if weight == WEEKEND] == [0]


def test_a_few_deliveries_hardly_move_the_week_and_many_make_it() -> None:
    few, many = (learned("DE", delivered((count,) * 7)).week for count in (1, 10_000))
    assert few[6] == pytest.approx(WEEKEND, abs=0.05)
    assert many == pytest.approx((1.0,) * 7, abs=0.01)


def test_a_day_without_deliveries_counts_half_and_a_busy_one_whole() -> None:
    week = learned("DE", delivered((1_000,) * 5 + (500, 0))).week
    assert week[:5] == pytest.approx((1.0,) * 5)
    assert week[5:] == pytest.approx((0.75, 0.5), abs=0.02)


def test_where_minutes_pass_a_quiet_day_or_a_holiday_is_no_slow_one() -> None:
    calendar = learned("DE", delivered((1_000,) * 5 + (10, 0)), scale=MINUTES)
    assert (calendar.week, calendar.holiday) == ((1.0,) * 7, 1.0)


def test_holidays_are_of_every_destination_country_and_ahead_of_the_data() -> None:
    calendar = learned("DE", delivered((10,) * 7), "FR", "XX")
    assert "2020-07-14" in calendar.holidays["FR"]
    assert "2018-10-03" in calendar.holidays["DE"]
    assert "2018-10-03" not in calendar.holidays["FR"]
    assert (calendar.holidays["XX"], calendar.holiday) == ([], HOLIDAY)
    assert public_holidays("XX", FIRST, FIRST) == []


def test_each_order_follows_its_destination_s_calendar_and_else_the_shop_s() -> None:
    calendars = Calendars.of(learned("DE", delivered((10,) * 7), "FR"), "DE")
    known, countries = calendars.by_country, Texts.of(["FR", None, "DE", "JP"])
    chosen = {id(calendar): rows.tolist() for calendar, rows in calendars.each(None, countries)}  # type: ignore[union-attr]
    assert chosen == {id(known["FR"]): [True, False, False, False], id(known["DE"]): [False, True, True, True]}
    monday = np.array(["2018-10-01"], dtype="datetime64[s]")
    worked = {name: known[name].worked(known[name].start(monday), np.array([4.0]))[0] for name in ("FR", "DE")}
    assert worked["FR"] - worked["DE"] == pytest.approx(1 - HOLIDAY, abs=0.1)


CROSSING = Calendars.of(replace(learned("DE", delivered((10,) * 7), "FR"), handling_days=2.0), "DE")
MONDAYS = np.array(["2018-10-01T10:00", "2018-07-09T15:30", "2018-12-31T23:00", "2030-01-07T05:00"], "datetime64[s]")


def test_until_the_hand_over_the_origin_s_holidays_count_and_then_the_destination_s() -> None:
    there, back = CROSSING.of_one(None, "FR"), CROSSING.of_one("FR", "DE")
    unity_on_the_second_day = np.datetime64("2018-10-02", "s")
    start = there.start_of_one(unity_on_the_second_day.astype(object))
    home, abroad = CROSSING.by_country["DE"], CROSSING.by_country["FR"]
    assert there.worked_of_one(start, 2.0) == home.worked_of_one(start, 2.0) < back.worked_of_one(start, 2.0)
    later = there.worked_of_one(start, 6.0) - there.worked_of_one(start, 2.0)
    assert later == pytest.approx(abroad.worked_of_one(start + 2, 4.0))
    assert CROSSING.of_one("FR", "FR") is abroad
    assert CROSSING.from_hand_over().of_one("DE", "FR") is abroad


@pytest.mark.parametrize("days", [0.5, 1.9, 2.0, 2.1, 9.0, 500.0])
def test_days_of_an_order_that_crosses_a_border_are_the_inverse_of_its_working_days(days: float) -> None:
    crossing = UntilHandOver(CROSSING.by_country["DE"], CROSSING.by_country["FR"], 2.0)
    start = crossing.start(MONDAYS)
    worked = crossing.worked(start, np.full(len(start), days))
    np.testing.assert_allclose(crossing.days(start, worked), days, atol=1e-9)
    singles = [crossing.start_of_one(moment) for moment in MONDAYS.astype(object)]
    np.testing.assert_allclose(singles, start)
    np.testing.assert_allclose([crossing.worked_of_one(each, days) for each in singles], worked)
    of_one = [crossing.days_of_one(each, float(work)) for each, work in zip(singles, worked, strict=True)]
    np.testing.assert_allclose(of_one, days, atol=1e-9)


def test_many_orders_follow_the_days_that_each_follows_alone() -> None:
    origins, destinations = Texts.of(["DE", None, "FR", "FR", "JP"]), Texts.of(["FR", "FR", "FR", None, "DE"])
    alone = [CROSSING.of_one(*pair) for pair in zip(origins.tolist(), destinations.tolist(), strict=True)]
    found: list[object] = [None] * len(alone)
    for days, chosen in CROSSING.each(origins, destinations):
        for row in np.arange(len(alone))[chosen]:
            found[row] = days
    assert found == alone
    ((days, chosen),) = CROSSING.each(Texts.of(["DE", None]), Texts.of(["DE", "JP"]))
    assert (days, chosen) == (CROSSING.own, slice(None))
