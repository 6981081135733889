from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from common.database import alerts
from common.database.retrainings import LOST_AFTER, request_if_due
from common.database.session import Database
from common.database.tables import Alert, DeliveryPace, Retraining
from common.errors import Conflict, NotFound
from common.servers.prediction_log import CountedRequests, LoggedPrediction
from common.servers.queue import TRAINING, Queue
from monitor.alerts.check import Situation
from monitor.alerts.checks import RETRAINING_RULES, run_checks
from monitor.log.store import store, store_invalid
from monitor.tasks import Tasks
from support.monitored import calm_window

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NOW = datetime(2018, 4, 2, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("monitoring")


@pytest.fixture(autouse=True)
def past(play_until: Callable[[datetime], None]) -> None:
    play_until(NOW)


def write_days(database: Database, first: int, last: int, version: str = "1", **values: object) -> None:
    """Live windows of days, counted back from NOW, calm where nothing else is said."""
    with database.transaction() as session:
        for back in range(first, last - 1, -1):
            session.add(calm_window(NOW - (back + 1) * DAY, DAY, model_version=version, **values))


def check(database: Database, now: datetime = NOW) -> list[Alert]:
    """One round of all checks; the alerts that changed."""
    with database.transaction() as session:
        return run_checks(Situation(session, now, DAY, silence=timedelta(hours=1)))


def wave(database: Database) -> None:
    """Three weeks of days whose intervals fail, the first of them settled."""
    write_days(database, first=20, last=0, interval_coverage=0.7)


def test_an_alert_opens_once_and_closes_when_it_is_over(database: Database) -> None:
    wave(database)
    (opened,) = check(database)
    assert (opened.rule, opened.subject, opened.status, opened.severity) == ("low-coverage", "1", "open", "critical")
    assert opened.message == "the 90 % intervals hold 70.0% of the deliveries (limit 80%)"
    assert check(database) == []
    with database.transaction() as session:
        session.execute(text("UPDATE model_metrics SET interval_coverage = 0.9"))
    (closed,) = check(database)
    assert (closed.id, closed.status) == (opened.id, "closed")
    assert closed.closed_at is not None


def test_an_acknowledged_alert_is_not_opened_again_but_closes(database: Database) -> None:
    wave(database)
    (opened,) = check(database)
    with database.transaction() as session:
        alerts.acknowledge(session, opened.id, "ana")
    assert check(database) == []
    with database.transaction() as session:
        (listed,) = alerts.listed(session, everything=False)
        assert (listed.status, listed.acknowledged_by) == ("acknowledged", "ana")
        session.execute(text("UPDATE model_metrics SET interval_coverage = 0.9"))
    assert [alert.status for alert in check(database)] == ["closed"]
    with database.transaction() as session, pytest.raises(Conflict):
        alerts.acknowledge(session, opened.id, "ana")


def test_acknowledging_what_is_not_there_says_so(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound, match="there is no alert 4711"):
        alerts.acknowledge(session, 4711, "ana")


def test_alerts_of_a_replaced_version_close(database: Database) -> None:
    write_days(database, first=20, last=2, interval_coverage=0.7)
    check(database)
    write_days(database, first=1, last=0, version="2")
    (closed,) = check(database)
    assert (closed.subject, closed.status) == ("1", "closed")


def test_silence_opens_an_alert_and_a_prediction_closes_it(
    database: Database, logged: Callable[..., list[LoggedPrediction]]
) -> None:
    store(database.engine, logged(1, predicted_at=NOW - 3 * timedelta(hours=1)))
    (opened,) = check(database)
    assert (opened.rule, opened.message) == ("no-predictions", "no prediction for 180 minutes (limit 60)")
    store(database.engine, logged(1, predicted_at=NOW))
    (closed,) = check(database)
    assert closed.status == "closed"


def test_metrics_that_fall_behind_the_predictions_open_an_alert(
    database: Database,
    logged: Callable[..., list[LoggedPrediction]],
) -> None:
    write_days(database, first=10, last=9)
    store(database.engine, logged(1, predicted_at=NOW, purchase_timestamp=NOW))
    assert check(database) == [], "there was no time yet to measure it"
    wait(database, minutes=16)
    assert [alert.rule for alert in check(database)] == ["stale-metrics"]


def test_a_pace_that_falls_behind_the_orders_opens_an_alert(
    database: Database, logged: Callable[..., list[LoggedPrediction]]
) -> None:
    with database.transaction() as session:
        session.add(DeliveryPace(day=(NOW - 3 * DAY).date(), region="SP", pace_days=9.5, orders=300))
    store(database.engine, logged(1, predicted_at=NOW, purchase_timestamp=NOW))
    assert check(database) == [], "there was no time yet to compute it"
    wait(database, minutes=121)
    messages = {alert.rule: alert.message for alert in check(database)}
    assert messages["stale-pace"] == "the delivery pace is 3 days older than the newest order (limit 2)"


def wait(database: Database, minutes: int) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE predictions SET predicted_at = predicted_at - :wait"), {"wait": minutes * MINUTE})


def test_a_client_that_sends_nulls_opens_an_alert_until_it_is_mended(
    database: Database,
    logged: Callable[..., list[LoggedPrediction]],
) -> None:
    def traffic(minutes: int, answered: int, invalid: int) -> list[str]:
        """Requests so many minutes after NOW, and the alerts that change then."""
        moment = NOW + minutes * MINUTE
        store(database.engine, logged(answered, predicted_at=moment))
        store_invalid(database.engine, [CountedRequests(uuid4(), moment, invalid)])
        return [alert.status for alert in check(database, moment)]

    assert traffic(0, answered=10, invalid=9) == [], "too few requests to tell"
    assert traffic(20, answered=100, invalid=5) == []
    assert traffic(40, answered=70, invalid=30) == ["open"]
    assert traffic(60, answered=97, invalid=3) == []
    assert traffic(80, answered=99, invalid=1) == ["closed"]


def request(database: Database, now: datetime = NOW, every: timedelta | None = None) -> Retraining | None:
    with database.transaction() as session:
        return request_if_due(session, now, cooldown=DAY, every=every, rules=RETRAINING_RULES)


def test_an_alert_on_quality_asks_for_one_retraining_until_the_rest_is_over(database: Database) -> None:
    assert request(database) is None
    wave(database)
    (alert,) = check(database)
    asked = request(database)
    assert asked is not None
    assert asked.alert_id == alert.id
    assert asked.reason.startswith("alert low-coverage")
    assert request(database, NOW + 2 * timedelta(hours=2)) is None
    with database.transaction() as session:
        session.execute(text("UPDATE retrainings SET finished_at = now(), status = 'succeeded'"))
    assert request(database, NOW + timedelta(hours=23)) is None
    assert request(database, NOW + timedelta(hours=25)) is not None


def test_a_retraining_that_no_trainer_finished_does_not_block_for_ever(database: Database) -> None:
    wave(database)
    check(database)
    request(database)
    later = NOW + DAY + LOST_AFTER
    assert request(database, later) is not None
    with database.transaction() as session:
        first, second = session.scalars(select(Retraining).order_by(Retraining.id))
    assert (first.status, second.status) == ("failed", "queued")
    assert "is its worker running" in str(first.outcome)


def test_drift_alone_does_not_retrain_but_time_does(database: Database) -> None:
    write_days(database, first=5, last=0, num_drifted_columns=2)
    assert [alert.rule for alert in check(database)] == ["input-drift"]
    assert request(database) is None
    asked = request(database, every=timedelta(days=7))
    assert asked is not None
    assert asked.reason == "every 7 days"


def test_two_failed_retrainings_in_a_row_open_an_alert_and_a_success_closes_it(database: Database) -> None:
    def ended(status: str, hours: int) -> list[tuple[str, str]]:
        with database.transaction() as session:
            session.add(Retraining(reason="test", status=status, finished_at=NOW + timedelta(hours=hours)))
        return [(alert.rule, alert.status) for alert in check(database)]

    assert ended("failed", 1) == []
    assert ended("failed", 2) == [("retrainings-fail", "open")]
    assert ended("failed", 3) == []
    assert ended("succeeded", 4) == [("retrainings-fail", "closed")]


def test_a_trainer_is_woken_until_one_takes_the_retraining(
    database: Database, celery_queue: Queue, make_tasks: Callable[..., Tasks]
) -> None:
    wave(database)
    app, tasks = celery_queue.app("test"), make_tasks()

    def woken() -> int:
        with app.connection_for_write() as connection:
            connection.default_channel.queue_declare(TRAINING)
            return int(connection.default_channel.queue_purge(TRAINING))

    woken()
    tasks.check()
    assert woken() == 1
    tasks.check()
    assert woken() == 1
    with database.transaction() as session:
        session.execute(text("UPDATE retrainings SET status = 'running'"))
    tasks.check()
    assert woken() == 0
