from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from common.database.session import Database
from common.database.tables import Actual, ModelMetrics
from common.errors import InvalidInput
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.prediction_log import LoggedPrediction
from common.servers.registry import Registry
from common.settings import ObjectStoreSettings
from monitor.log.store import store
from monitor.windows import measure
from monitor.windows.live import LiveWindows
from monitor.windows.reference import Reference, References
from monitor.windows.reports import Reports

MakeLogged = Callable[..., list[LoggedPrediction]]
DAY = timedelta(days=1)
GZIP = b"\x1f\x8b"
MONDAY = datetime(2018, 3, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def past(play_until: Callable[[datetime], None]) -> None:
    play_until(MONDAY + 30 * DAY)


def metrics(database: Database) -> list[ModelMetrics]:
    with database.transaction() as session:
        return list(session.scalars(select(ModelMetrics).order_by(ModelMetrics.window_end)))


def deliver(database: Database, orders: list[LoggedPrediction], days: float) -> None:
    with database.transaction() as session:
        for order in orders:
            arrival = order.purchase_timestamp + timedelta(days=days)
            session.add(Actual(order_id=order.order_id, delivered_at=arrival))


def test_predictions_become_a_row_and_a_report_for_each_window(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    store(database.engine, logged(2_000))
    assert live_windows.measure_due() == 2
    first, second = metrics(database)
    assert (first.window_start, first.window_end) == (MONDAY, MONDAY + DAY)
    assert (first.rows, second.rows) == (1_440, 560)
    assert first.source == "live"
    assert first.prediction_drift is not None
    assert first.mae is None
    assert first.note == "no actuals yet"
    report = ObjectStore(ObjectStoreSettings()).head(ObjectAddress.split(str(first.report_uri)), 2)
    assert report == GZIP


def test_a_window_of_orders_that_name_their_ends_otherwise_is_measured(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    nowhere = {"seller_zip_code_prefix": None, "customer_lat": None, "customer_lng": None}
    orders = logged(100, further={"origin_region": "SP", "destination_region": "MG"}, **nowhere)
    store(database.engine, orders)
    deliver(database, orders, days=10)
    live_windows.measure_due()
    (row,) = metrics(database)
    assert (row.rows, row.rows_with_actual, row.share_missing_values) == (100, 100, 0)
    assert row.mae is not None


def test_in_little_time_the_newest_window_is_measured(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    store(database.engine, logged(2_000))
    assert live_windows.measure_due(seconds=0) == 1
    assert [row.window_start for row in metrics(database)] == [MONDAY + DAY]
    assert live_windows.measure_due() == 1


def test_without_news_nothing_is_measured_again(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    store(database.engine, logged(100))
    assert live_windows.measure_due() == 1
    assert live_windows.measure_due() == 0


def test_a_late_actual_brings_its_window_up_to_date(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    orders = logged(100, delivery_time_days=8.0)
    store(database.engine, orders)
    live_windows.measure_due()
    deliver(database, orders[:60], days=10)
    assert live_windows.measure_due() == 1
    (row,) = metrics(database)
    assert (row.rows, row.rows_with_actual) == (100, 60)
    assert row.mae == pytest.approx(2.0)
    assert row.bias == pytest.approx(-2.0)
    assert row.interval_coverage == 1.0


def test_rows_that_were_compared_once_are_not_compared_again_for_an_actual(
    database: Database, live_windows: LiveWindows, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = logged(100)
    store(database.engine, orders)
    live_windows.measure_due()
    (before,) = metrics(database)
    deliver(database, orders[:60], days=10)
    with monkeypatch.context() as patched:
        patched.setattr(measure, "report_on", None)
        assert live_windows.measure_due() == 1
    (after,) = metrics(database)
    for name in ("report_uri", "prediction_drift", "num_drifted_columns", "prediction_corr_with_features"):
        assert getattr(after, name) == getattr(before, name) is not None
    assert (before.note, after.note, after.rows_with_actual) == ("no actuals yet", None, 60)
    store(database.engine, [order._replace(order_id=None) for order in logged(30)])
    assert live_windows.measure_due() == 1
    (more,) = metrics(database)
    assert (more.rows, more.prediction_drift == before.prediction_drift) == (130, False)


def test_an_actual_that_comes_again_with_another_date_is_measured_again(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    orders = logged(100, delivery_time_days=8.0)
    store(database.engine, orders)
    deliver(database, orders, days=8)
    live_windows.measure_due()
    assert metrics(database)[0].mae == pytest.approx(0.0, abs=1e-6)
    with database.transaction() as session:
        corrected = session.get_one(Actual, orders[0].order_id)
        corrected.delivered_at += DAY
    assert live_windows.measure_due() == 1
    assert metrics(database)[0].mae == pytest.approx(0.01)
    assert live_windows.measure_due() == 0


def test_a_delivery_before_its_purchase_is_no_actual(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    orders = logged(50)
    store(database.engine, orders)
    deliver(database, orders, days=-1)
    live_windows.measure_due()
    assert metrics(database)[0].rows_with_actual == 0
    assert live_windows.measure_due() == 0


def test_a_day_without_predictions_leaves_no_gap(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    store(database.engine, logged(50))
    later = MONDAY + 2 * DAY
    store(database.engine, logged(50, purchase_timestamp=later, predicted_at=later, order_id=None))
    assert live_windows.measure_due() == 3
    assert [row.rows for row in metrics(database)] == [50, 0, 50]
    assert metrics(database)[1].note == "no predictions"


def test_a_version_whose_bundle_is_out_of_reach_waits(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    store(database.engine, logged(50, model_version="77"))
    assert live_windows.measure_due() == 0
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM model_metrics")) == 0


def test_a_version_that_cannot_be_compared_keeps_no_other_waiting(
    database: Database, live_windows: LiveWindows, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = References.of

    def without_reference(references: References, version: str) -> Reference:
        if version == "0":
            raise InvalidInput("model version 0 has no reference.csv: register it again")
        return of(references, version)

    monkeypatch.setattr(References, "of", without_reference)
    store(database.engine, logged(50))
    later = MONDAY + DAY
    store(database.engine, logged(50, model_version="0", purchase_timestamp=later, predicted_at=later, order_id=None))
    assert live_windows.measure_due() == 1
    assert [row.model_version for row in metrics(database)] == ["1"]


def test_a_purchase_in_the_far_future_hides_no_true_window(
    database: Database, live_windows: LiveWindows, logged: MakeLogged
) -> None:
    store(database.engine, logged(50))
    store(database.engine, logged(1, purchase_timestamp=datetime(2090, 1, 1, tzinfo=UTC)))
    assert live_windows.measure_due() == 1
    assert [row.rows for row in metrics(database)] == [50]


def test_hours_at_the_end_of_summer_time_keep_their_own_reports(
    database: Database,
    reports: Reports,
    registry: Registry,
    logged: MakeLogged,
    play_until: Callable[[datetime], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In Berlin two hours of this night are called the same; Postgres answers in that zone."""
    monkeypatch.setenv("PGTZ", "Europe/Berlin")
    database.close()  # its connections began in UTC
    play_until(datetime(2018, 10, 28, 6, tzinfo=UTC))
    for hour in (0, 1):
        bought = datetime(2018, 10, 28, hour, 30, tzinfo=UTC)
        store(database.engine, logged(40, purchase_timestamp=bought, predicted_at=bought, order_id=None))
    windows = LiveWindows(database, References(registry), reports, timedelta(hours=1))
    assert windows.measure_due() == 2
    first, second = [str(row.report_uri) for row in metrics(database)]
    assert first.endswith("2018-10-28T01.html")
    assert second.endswith("2018-10-28T02.html")
    assert windows.measure_due() == 0
    database.close()
