"""What the days of the shop's week and its holidays count: from its own deliveries, and the `holidays` library."""

from collections.abc import Iterable, Sequence
from datetime import date

import holidays
import numpy as np

from common.model.manifest import Calendar
from common.model.time_scale import TimeScale
from common.model.working_time import HOLIDAY, ORDINARY, WEEK, WEEKEND

AHEAD_YEARS = 3
"""How many years after its data a model knows the holidays of."""

MOVING = 0.5
"""What a day without deliveries counts: orders move on it all the same. 0.3 to 0.7 differ little."""

MOVING_ON_HOLIDAYS = 0.2

PRIOR_DELIVERIES = 200.0
"""Deliveries that weigh as much as the prior that the week is the country's ordinary one."""

EVERY_DAY_ALIKE = (1.0,) * WEEK
"""Where an order arrives on the day it was bought, a quiet day is no slow one: the trees see its weekday."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def learn_calendar(
    country: str,
    countries: Iterable[str],
    weekend: Sequence[str] | None,
    purchased: date,
    delivered: np.ndarray,
    scale: TimeScale,
) -> Calendar:
    """The calendar of a shop in `country` with destinations in `countries`.

    purchased: the first day of its data. delivered: datetime64[s] (n,), its deliveries as on the shop's clock.
    """
    days = delivered.astype("datetime64[D]")
    last = days.max().astype(date)
    by_country = {each: public_holidays(each, purchased, last) for each in sorted({country, *countries})}
    known_days = {each: [str(day) for day in known] for each, known in by_country.items()}
    if scale.within_a_day:
        return Calendar(EVERY_DAY_ALIKE, 1.0, known_days)
    own = np.array(by_country[country], dtype="datetime64[D]")
    week = _week(days[~np.isin(days, own)], ordinary_week(country, weekend))
    holiday = _holiday(days, own, week)
    return Calendar(tuple(week), holiday, known_days)


def public_holidays(country: str, first: date, last: date) -> list[date]:
    """Public and customary holidays of whole years, `first` to AHEAD_YEARS after `last`; none of a country that the
    library does not know."""
    known = getattr(holidays, country, None)
    if known is None:
        return []
    categories = [name for name in (holidays.PUBLIC, holidays.OPTIONAL) if name in known.supported_categories]
    years = range(first.year, last.year + AHEAD_YEARS + 1)
    return sorted(holidays.country_holidays(country, years=years, categories=categories))


def ordinary_week(country: str, weekend: Sequence[str] | None) -> tuple[float, ...]:
    """What the days count by the shop file's weekend, else the country's."""
    if weekend is None:
        known = getattr(holidays, country, None)
        if known is None:
            return ORDINARY
        free = set(known(years=()).weekend)
    else:
        free = {WEEKDAYS.index(name) for name in weekend}
    return tuple(WEEKEND if day in free else 1.0 for day in range(WEEK))


def _week(days: np.ndarray, ordinary: tuple[float, ...]) -> list[float]:
    """Each day's deliveries against those of the week's busiest five, shrunk towards the ordinary week."""
    weekday = (days.astype(np.int64) + 3) % WEEK
    counts = np.bincount(weekday, minlength=WEEK).astype(np.float64)
    busy = np.sort(counts)[-5:].mean()
    if not busy:
        return list(ordinary)
    seen = MOVING + (1 - MOVING) * np.minimum(counts / busy, 1)
    trust = counts.sum() / (counts.sum() + PRIOR_DELIVERIES)
    return [round(float(value), 3) for value in trust * seen + (1 - trust) * np.array(ordinary)]


def _holiday(days: np.ndarray, own: np.ndarray, week: Sequence[float]) -> float:
    """The deliveries of holidays on busy days of the week against those of other busy days, shrunk towards HOLIDAY."""
    every = np.arange(days.min(), days.max() + 1)
    busy = np.isin((every.astype(np.int64) + 3) % WEEK, np.argsort(week, kind="stable")[-5:])
    free = np.isin(every, own)
    counts = np.bincount((days - days.min()).astype(np.int64), minlength=len(every))
    usual = counts[busy & ~free].mean() if (busy & ~free).any() else 0.0
    expected = usual * (busy & free).sum()
    if not expected:
        return HOLIDAY
    seen = MOVING_ON_HOLIDAYS + (1 - MOVING_ON_HOLIDAYS) * min(counts[busy & free].sum() / expected, 1.0)
    trust = expected / (expected + PRIOR_DELIVERIES)
    return round(float(trust * seen + (1 - trust) * HOLIDAY), 3)
