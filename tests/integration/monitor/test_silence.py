"""Silence is what is unusual for the shop at this time of its week."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from common.database.session import Database
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts.check import Situation
from monitor.alerts.silence import Silence
from monitor.log.store import store

pytestmark = pytest.mark.usefixtures("monitoring")

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MONDAY = datetime(2018, 3, 5, tzinfo=UTC)
NOON = MONDAY + WEEK * 8 + 12 * HOUR


@pytest.fixture
def log(database: Database, logged: Callable[..., list[LoggedPrediction]]) -> Callable[[list[datetime]], None]:
    """Logs a prediction at each of these moments."""

    def log(moments: list[datetime]) -> None:
        rows = zip(logged(len(moments)), moments, strict=True)
        store(database.engine, [row._replace(predicted_at=moment) for row, moment in rows])

    return log


def is_silent(database: Database, now: datetime) -> bool:
    with database.transaction() as session:
        findings = list(Silence().findings(Situation(session, now, DAY, silence=HOUR)))
    return [finding.change for finding in findings] == ["open"]


def by_day(weeks: int, every: timedelta, hours: range, days: range = range(7)) -> Iterator[datetime]:
    for day in range(7 * weeks):
        if day % 7 in days:
            for hour in hours:
                for minute in range(0, 60, int(every / MINUTE)):
                    yield MONDAY + day * DAY + hour * HOUR + minute * MINUTE


def test_a_quiet_shop_opens_no_alert_between_its_orders(database: Database, log: Callable[..., None]) -> None:
    """Twenty orders a day at random: the limit of an hour alone would open twenty alerts a day."""
    gaps = np.random.default_rng(0).exponential(72, 20 * 63)
    moments = [MONDAY + float(minutes) * MINUTE for minutes in np.cumsum(gaps)]
    log(moments)
    judged = [moment for moment in moments if moment > MONDAY + 4 * WEEK]
    alarms = [now for now in judged if is_silent(database, now - 2 * MINUTE)]
    assert len(judged) > 500
    assert len(alarms) <= len(judged) / 200
    assert is_silent(database, moments[-1] + 24 * HOUR)


def test_a_busy_shop_is_silent_after_an_hour_but_not_at_night(database: Database, log: Callable[..., None]) -> None:
    log(list(by_day(8, 5 * MINUTE, range(8, 22))))
    night = MONDAY + 8 * WEEK + 3 * HOUR
    assert not is_silent(database, night)
    assert is_silent(database, NOON), "nothing since last night"


def test_an_outage_is_noticed_in_the_hour_it_begins(database: Database, log: Callable[..., None]) -> None:
    log([moment for moment in by_day(9, 5 * MINUTE, range(8, 22)) if moment < NOON])
    assert not is_silent(database, NOON + 50 * MINUTE)
    assert is_silent(database, NOON + 70 * MINUTE)


def test_a_shop_that_rests_on_weekends_is_not_silent_then(database: Database, log: Callable[..., None]) -> None:
    log(list(by_day(8, 5 * MINUTE, range(8, 18), days=range(5))))
    assert not is_silent(database, MONDAY + 8 * WEEK - 10 * HOUR), "a Sunday afternoon"
    assert is_silent(database, NOON)


def test_an_outage_of_last_week_teaches_nothing(database: Database, log: Callable[..., None]) -> None:
    outage = NOON - WEEK - 20 * HOUR
    everything = [moment for moment in by_day(9, 5 * MINUTE, range(24)) if moment < NOON]
    log([moment for moment in everything if not outage < moment < outage + 30 * HOUR])
    assert is_silent(database, NOON + 70 * MINUTE)


def test_a_young_log_judges_by_the_gaps_it_has(database: Database, log: Callable[..., None]) -> None:
    log([MONDAY + number * 90 * MINUTE for number in range(20)])
    newest = MONDAY + 19 * 90 * MINUTE
    assert not is_silent(database, newest + 85 * MINUTE)
    assert is_silent(database, newest + 13 * HOUR)


def test_an_outage_of_weeks_does_not_become_usual(database: Database, log: Callable[..., None]) -> None:
    log([moment for moment in by_day(9, 5 * MINUTE, range(24)) if moment < NOON])
    assert all(is_silent(database, NOON + weeks * WEEK) for weeks in range(1, 9))
