"""An error that has grown shows before the slowest orders have arrived."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from common.database import alerts
from common.database.retrainings import request_if_due
from common.database.session import Database
from common.database.tables import Actual, Alert, ModelMetrics, Prediction
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts.check import Situation
from monitor.alerts.checks import RETRAINING_RULES
from monitor.alerts.error_so_far import MOST_ORDERS, STRETCHES, ErrorSoFar, looked_at
from monitor.log.store import store

pytestmark = pytest.mark.usefixtures("monitoring")

NOW = datetime(2018, 4, 2, tzinfo=UTC)
BOUGHT = NOW - timedelta(days=28)
PREDICTED = 8.0

MakeLogged = Callable[..., list[LoggedPrediction]]


@pytest.fixture(autouse=True)
def past(play_until: Callable[[datetime], None]) -> None:
    play_until(NOW)


@pytest.fixture
def orders(database: Database, logged: MakeLogged) -> list[LoggedPrediction]:
    """Two hundred orders of four weeks ago, one of now, and a served version whose error in training was 4 days."""
    old = logged(200, purchase_timestamp=BOUGHT, predicted_at=BOUGHT, delivery_time_days=PREDICTED)
    store(database.engine, old)
    store(database.engine, logged(1, purchase_timestamp=NOW, predicted_at=NOW, order_id="order-of-now"))
    serve(database, "1")
    return old


def serve(database: Database, version: str, end: datetime = NOW) -> None:
    with database.transaction() as session:
        window = {"timestamp": end, "window_start": end - timedelta(days=1), "window_end": end}
        session.add(
            ModelMetrics(**window, source="live", model_version=version, rows=1, rows_with_actual=0, trained_mae=4.0)
        )


def deliver(database: Database, orders: list[LoggedPrediction], days: float) -> None:
    with database.transaction() as session:
        for order in orders:
            arrival = BOUGHT + timedelta(days=days)
            session.merge(Actual(order_id=order.order_id, delivered_at=arrival))


def check(database: Database) -> list[Alert]:
    with database.transaction() as session:
        situation = Situation(session, NOW, timedelta(days=1), silence=timedelta(hours=1))
        return alerts.apply(session, ErrorSoFar.name, ErrorSoFar.severity, ErrorSoFar().findings(situation))


def test_orders_under_way_count_with_the_days_they_are_late(database: Database, orders: list[LoggedPrediction]) -> None:
    """150 arrived 3 days off; 50 are 28 days old and were predicted for 8: together 7.25 days off."""
    deliver(database, orders[:150], PREDICTED + 3)
    (alert,) = check(database)
    assert (alert.rule, alert.subject, alert.status) == ("worse-than-trained", "1", "open")
    assert alert.value == pytest.approx(0.75 * 3 + 0.25 * 20)
    assert check(database) == []
    with database.transaction() as session:
        asked = request_if_due(session, NOW, timedelta(hours=1), None, RETRAINING_RULES)
        assert asked is not None
        assert asked.alert_id == alert.id


def test_it_closes_when_the_error_is_back(database: Database, orders: list[LoggedPrediction]) -> None:
    deliver(database, orders, PREDICTED + 9)
    assert [alert.status for alert in check(database)] == ["open"]
    deliver(database, orders, PREDICTED + 4)
    assert [alert.status for alert in check(database)] == ["closed"]


def test_an_error_like_in_training_opens_nothing(database: Database, orders: list[LoggedPrediction]) -> None:
    deliver(database, orders, PREDICTED + 4)
    assert check(database) == []


def test_a_client_that_reports_no_deliveries_opens_nothing(database: Database, orders: list[LoggedPrediction]) -> None:
    deliver(database, orders[:100], PREDICTED)
    assert check(database) == []


def test_few_orders_that_are_off_by_chance_open_nothing(database: Database, logged: MakeLogged) -> None:
    few = logged(99, purchase_timestamp=BOUGHT, predicted_at=BOUGHT, delivery_time_days=PREDICTED)
    store(database.engine, [*few, *logged(1, purchase_timestamp=NOW, predicted_at=NOW, order_id="order-of-now")])
    serve(database, "1")
    deliver(database, few, PREDICTED + 9)
    assert check(database) == []


def test_a_new_version_answers_for_its_own_orders_alone(database: Database, orders: list[LoggedPrediction]) -> None:
    deliver(database, orders, PREDICTED + 9)
    serve(database, "2", NOW + timedelta(hours=12))
    assert check(database) == []
    with database.transaction() as session:
        assert session.scalars(select(Alert)).all() == []


def test_of_very_many_orders_a_part_of_every_few_hours_is_looked_at_and_says_nearly_the_same(
    database: Database, orders: list[LoggedPrediction]
) -> None:
    with database.transaction() as session:
        for number, order in enumerate(orders):
            bought = NOW - timedelta(days=21.01 + number * 13.98 / len(orders))
            moved = Prediction.__table__.c.order_id == order.order_id
            session.execute(update(Prediction).where(moved).values(purchase_timestamp=bought, predicted_at=bought))
            arrival = bought + timedelta(days=PREDICTED + 5 + number % 5)
            session.add(Actual(order_id=order.order_id, delivered_at=arrival))
        window = session.scalars(select(ModelMetrics)).one()
        window.window_start, window.window_end = BOUGHT, BOUGHT + timedelta(days=1)
        window.rows = MOST_ORDERS * 4 // 3
    (alert,) = check(database)
    assert alert.status == "open"
    assert alert.value == pytest.approx(7, abs=0.3)
    assert alert.value != pytest.approx(7, abs=1e-6), "three quarters of them"


def test_what_is_looked_at_are_pieces_of_all_ages_without_overlap() -> None:
    spans = looked_at(NOW, 0.1)
    assert len(spans) == STRETCHES
    assert sum((span["end"] - span["begin"] for span in spans), timedelta()) / timedelta(days=14) == pytest.approx(0.1)
    assert all(before["end"] <= after["begin"] for before, after in pairwise(spans))
    assert looked_at(NOW, 1.5) == [{"begin": NOW - timedelta(days=35), "end": NOW - timedelta(days=21)}]
