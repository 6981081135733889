"""A replay of the past is looked at as the present, whatever was bought later."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from common.database.alerts import Finding
from common.database.present import replay_reached
from common.database.session import Database
from common.database.tables import Actual, DeliveryPace
from common.model.bundle import Bundle
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts.check import Situation
from monitor.alerts.checks import CHECKS
from monitor.log.store import store
from monitor.pace.live_pace import keep_pace
from monitor.windows.live import LiveWindows

MakeLogged = Callable[..., list[LoggedPrediction]]
DAY = timedelta(days=1)
PAST = datetime(2018, 3, 5, tzinfo=UTC)
END = datetime(2018, 4, 3)  # noqa: DTZ001 - as replay has it
TODAY = datetime.now(UTC)
LOGGED = TODAY - timedelta(hours=3)


@pytest.fixture
def log(database: Database, live_windows: LiveWindows, logged: MakeLogged) -> None:
    """An order of today and its window; then, predicted today too, 500 orders of one day of the past and one later."""
    store(database.engine, logged(1, purchase_timestamp=TODAY, predicted_at=LOGGED, order_id="order-of-today"))
    assert live_windows.measure_due() == 1
    store(database.engine, logged(500, predicted_at=LOGGED, delivery_time_days=2.0))
    later = PAST + 28 * DAY
    store(database.engine, logged(1, purchase_timestamp=later, predicted_at=LOGGED, order_id="order-of-the-end"))


def test_windows_of_the_past_are_measured_while_it_is_replayed(
    database: Database, live_windows: LiveWindows, log: None
) -> None:
    assert live_windows.measure_due() == 0
    play(database)
    assert live_windows.measure_due() == 29
    stop(database)
    assert live_windows.measure_due() == 0


def test_alerts_look_at_the_past_while_it_is_replayed(database: Database, live_windows: LiveWindows, log: None) -> None:
    play(database)
    live_windows.measure_due()
    with database.transaction() as session:
        session.execute(text("UPDATE model_metrics SET trained_mae = 4.0"))
        session.execute(text("UPDATE model_metrics SET model_version = '2' WHERE window_start > '2020-01-01'"))
        for number in range(500):
            bought = PAST + timedelta(minutes=number)
            session.add(Actual(order_id=f"order-{number}", delivered_at=bought + 20 * DAY))
    told = findings(database)
    assert serving(database) == "1"
    assert told["worse-than-trained"].change == "open"
    assert told["worse-than-trained"].value == pytest.approx(18.0)
    assert told["stale-metrics"].change == "close"
    stop(database)
    told = findings(database)
    assert serving(database) == "2"
    assert "worse-than-trained" not in told


def test_the_pace_is_that_of_the_past_while_it_is_replayed(
    database: Database, live_windows: LiveWindows, log: None, sample_bundle: Bundle
) -> None:
    play(database)
    with database.transaction() as session:
        keep_pace(session, sample_bundle)
        assert session.scalar(select(func.max(DeliveryPace.day))) == END.date()
    assert findings(database)["stale-pace"].value == 0


def test_what_is_bought_later_than_the_replays_moment_waits(
    database: Database, live_windows: LiveWindows, log: None
) -> None:
    play(database)
    play(database, datetime(2018, 3, 6))  # noqa: DTZ001 - as replay has it
    assert live_windows.measure_due() == 1
    play(database)
    assert live_windows.measure_due() == 28


def play(database: Database, moment: datetime = END) -> None:
    with database.transaction() as session:
        replay_reached(session, moment, END)


def stop(database: Database) -> None:
    """As if the replay had ended more than an hour ago."""
    with database.transaction() as session:
        session.execute(text("UPDATE replays SET seen_at = seen_at - interval '61 minutes'"))


def findings(database: Database) -> dict[str, Finding]:
    with database.transaction() as session:
        situation = Situation(session, TODAY, DAY, silence=DAY)
        return {check.name: finding for check in CHECKS for finding in check.findings(situation)}


def serving(database: Database) -> str | None:
    with database.transaction() as session:
        return Situation(session, TODAY, DAY, silence=DAY).version
