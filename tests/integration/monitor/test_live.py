from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from common.database.session import engine, transaction
from common.database.tables import Actual, ModelMetrics
from common.servers.objects import s3
from common.servers.prediction_log import LoggedPrediction
from monitor.log.store import store
from monitor.windows.live import measure_due

MakeLogged = Callable[..., list[LoggedPrediction]]
DAY = timedelta(days=1)
MONDAY = datetime(2018, 3, 5, tzinfo=UTC)


def metrics() -> list[ModelMetrics]:
    with transaction() as session:
        return list(session.scalars(select(ModelMetrics).order_by(ModelMetrics.window_end)))


def deliver(orders: list[LoggedPrediction], days: float) -> None:
    with transaction() as session:
        for order in orders:
            arrival = order.purchase_timestamp + timedelta(days=days)
            session.add(Actual(order_id=order.order_id, delivered_at=arrival))


@pytest.mark.usefixtures("version_one")
def test_predictions_become_a_row_and_a_report_for_each_window(logged: MakeLogged) -> None:
    store(engine(), logged(2_000))
    assert measure_due(DAY) == 2
    first, second = metrics()
    assert (first.window_start, first.window_end) == (MONDAY, MONDAY + DAY)
    assert (first.rows, second.rows) == (1_440, 560)
    assert first.source == "live"
    assert first.prediction_drift is not None
    assert first.mae is None
    assert first.note == "no actuals yet"
    bucket, _, key = str(first.report_uri).removeprefix("s3://").partition("/")
    report = s3().get_object(Bucket=bucket, Key=key)
    assert report["ContentEncoding"] == "gzip"


@pytest.mark.usefixtures("version_one")
def test_in_little_time_the_newest_window_is_measured(logged: MakeLogged) -> None:
    store(engine(), logged(2_000))
    assert measure_due(DAY, seconds=0) == 1
    assert [row.window_start for row in metrics()] == [MONDAY + DAY]
    assert measure_due(DAY) == 1


@pytest.mark.usefixtures("version_one")
def test_without_news_nothing_is_measured_again(logged: MakeLogged) -> None:
    store(engine(), logged(100))
    assert measure_due(DAY) == 1
    assert measure_due(DAY) == 0


@pytest.mark.usefixtures("version_one")
def test_a_late_actual_brings_its_window_up_to_date(logged: MakeLogged) -> None:
    orders = logged(100, delivery_time_days=8.0)
    store(engine(), orders)
    measure_due(DAY)
    deliver(orders[:60], days=10)
    assert measure_due(DAY) == 1
    (row,) = metrics()
    assert (row.rows, row.rows_with_actual) == (100, 60)
    assert row.mae == pytest.approx(2.0)
    assert row.bias == pytest.approx(-2.0)
    assert row.interval_coverage == 1.0


@pytest.mark.usefixtures("version_one")
def test_an_actual_that_comes_again_with_another_date_is_measured_again(logged: MakeLogged) -> None:
    orders = logged(100, delivery_time_days=8.0)
    store(engine(), orders)
    deliver(orders, days=8)
    measure_due(DAY)
    assert metrics()[0].mae == pytest.approx(0.0, abs=1e-6)
    with transaction() as session:
        corrected = session.get_one(Actual, orders[0].order_id)
        corrected.delivered_at += DAY
    assert measure_due(DAY) == 1
    assert metrics()[0].mae == pytest.approx(0.01)
    assert measure_due(DAY) == 0


@pytest.mark.usefixtures("version_one")
def test_a_delivery_before_its_purchase_is_no_actual(logged: MakeLogged) -> None:
    orders = logged(50)
    store(engine(), orders)
    deliver(orders, days=-1)
    measure_due(DAY)
    assert metrics()[0].rows_with_actual == 0
    assert measure_due(DAY) == 0


@pytest.mark.usefixtures("version_one")
def test_a_day_without_predictions_leaves_no_gap(logged: MakeLogged) -> None:
    store(engine(), logged(50))
    later = MONDAY + 2 * DAY
    store(engine(), logged(50, purchase_timestamp=later, predicted_at=later))
    assert measure_due(DAY) == 3
    assert [row.rows for row in metrics()] == [50, 0, 50]
    assert metrics()[1].note == "no predictions"


@pytest.mark.usefixtures("version_one")
def test_a_version_whose_bundle_is_out_of_reach_waits(logged: MakeLogged) -> None:
    store(engine(), logged(50, model_version="77"))
    assert measure_due(DAY) == 0
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM model_metrics")) == 0


@pytest.mark.usefixtures("version_one")
def test_a_purchase_in_the_far_future_hides_no_true_window(logged: MakeLogged) -> None:
    store(engine(), logged(50))
    store(engine(), logged(1, purchase_timestamp=datetime(2090, 1, 1, tzinfo=UTC)))
    assert measure_due(DAY) == 1
    assert [row.rows for row in metrics()] == [50]
