"""What one client or clock has wrong changes nothing for the others, is named, and is undone by its correction."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from common.database.delivery_pace import read_pace
from common.database.erasures import erase
from common.database.session import Database
from common.database.tables import Actual, Alert, DeliveryPace, ImpossibleActual, ModelMetrics
from common.model.bundle import Bundle
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts.check import Situation
from monitor.alerts.checks import run_checks
from monitor.alerts.impossible_actuals import ImpossibleActuals
from monitor.log import marks
from monitor.log.store import store
from monitor.pace.live_pace import keep_pace
from monitor.windows.live import LiveWindows

pytestmark = pytest.mark.usefixtures("monitoring")

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime.now(UTC)
TOOK = 10 * DAY
PREDICTED_DAYS = 8.0

MakeLogged = Callable[..., list[LoggedPrediction]]


@pytest.fixture
def orders(database: Database, logged: MakeLogged) -> list[LoggedPrediction]:
    """Sixty orders each fourth of the last 40 days, all delivered after ten days, as far as that has come."""
    orders = [
        order._replace(order_id=f"{back}-{order.order_id}", purchase_timestamp=bought, predicted_at=bought)
        for back in range(40, 0, -4)
        for order in logged(60, delivery_time_days=PREDICTED_DAYS)
        if (bought := NOW - back * DAY)
    ]
    store(database.engine, orders)
    with database.transaction() as session:
        for order in orders:
            if order.purchase_timestamp + TOOK < NOW:
                session.add(Actual(order_id=order.order_id, delivered_at=order.purchase_timestamp + TOOK))
    return orders


def check(database: Database, now: datetime | None = None) -> set[tuple[str, str]]:
    """One round of all checks; the alerts that changed, with what has become of them."""
    with database.transaction() as session:
        situation = Situation(session, now or datetime.now(UTC), DAY, silence=HOUR)
        return {(alert.rule, alert.status) for alert in run_checks(situation)}


def pace(database: Database, bundle: Bundle) -> dict[str, float]:
    """The pace as it is kept, after it was brought up to date; in whole tenths of a day."""
    with database.transaction() as session:
        keep_pace(session, bundle)
    with database.transaction() as session:
        table = read_pace(session)
    assert table is not None
    return {group: round(days, 1) for group, days in table.present().items()}


def deliver(database: Database, order: LoggedPrediction, moment: datetime) -> None:
    """Report a delivery, or correct it."""
    with database.transaction() as session:
        session.merge(Actual(order_id=order.order_id, delivered_at=moment))


def window_of(database: Database, order: LoggedPrediction) -> ModelMetrics:
    with database.transaction() as session:
        return session.scalars(
            select(ModelMetrics).where(
                ModelMetrics.window_start <= order.purchase_timestamp,
                ModelMetrics.window_end > order.purchase_timestamp,
            )
        ).one()


@pytest.mark.parametrize(
    "moment", [NOW + 14 * DAY, datetime(2099, 1, 1, tzinfo=UTC)], ids=["in a fortnight", "in 2099"]
)
def test_a_delivery_in_the_future_moves_no_pace(
    database: Database, orders: list[LoggedPrediction], sample_bundle: Bundle, moment: datetime
) -> None:
    before = pace(database, sample_bundle)
    deliver(database, orders[-1], moment)
    assert pace(database, sample_bundle) == before
    with database.transaction() as session:
        newest = session.scalars(select(func.max(DeliveryPace.day))).one()
    assert newest <= NOW.date()


def test_pace_of_days_to_come_is_forgotten(
    database: Database, orders: list[LoggedPrediction], sample_bundle: Bundle
) -> None:
    before = pace(database, sample_bundle)
    with database.transaction() as session:
        session.add(DeliveryPace(day=NOW.date() + 9 * DAY, region="SP", pace_days=25.0, orders=300))
    assert pace(database, sample_bundle) == before


IMPOSSIBLE = {
    "in the future": NOW + 400 * DAY,
    "before the purchase": NOW - 60 * DAY,
    "years after the purchase": NOW + 10_000 * DAY,
}


@pytest.mark.parametrize("fault", IMPOSSIBLE)
def test_an_impossible_delivery_is_set_aside_and_named_until_it_is_corrected(
    database: Database, orders: list[LoggedPrediction], live_windows: LiveWindows, fault: str
) -> None:
    wrong = orders[0]
    deliver(database, wrong, IMPOSSIBLE[fault])
    live_windows.measure_due()
    assert window_of(database, wrong).rows_with_actual == 59
    assert window_of(database, wrong).mae == pytest.approx(2.0)
    assert ("impossible-actuals", "open") in check(database)
    with database.transaction() as session:
        message = session.scalars(select(Alert.message).where(Alert.rule == "impossible-actuals")).one()
    assert str(wrong.order_id) in message
    deliver(database, wrong, wrong.purchase_timestamp + TOOK)
    live_windows.measure_due()
    assert window_of(database, wrong).rows_with_actual == 60
    assert ("impossible-actuals", "closed") in check(database)


def test_an_impossible_delivery_is_remembered_while_only_news_is_looked_at(
    database: Database, orders: list[LoggedPrediction], logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "LONGEST_WRITE", timedelta(0))
    wrong, late, erased = orders[0], logged(1, order_id="asked-after-its-actual")[0], orders[1]
    for order in (wrong, late, erased):
        deliver(database, order, order.purchase_timestamp - DAY)
    check(database)
    store(database.engine, [late])

    def counted() -> int:
        with database.transaction() as session:
            (finding,) = ImpossibleActuals().findings(Situation(session, datetime.now(UTC), DAY, DAY))
            return int(finding.value or 0)

    assert [counted(), counted()] == [3, 3]
    with database.transaction() as session:
        erase(session, str(erased.order_id))
        assert session.scalars(select(func.count()).select_from(ImpossibleActual)).one() == 2
    assert counted() == 2
    deliver(database, late, late.purchase_timestamp + DAY)
    assert [counted(), counted()] == [1, 1]


def test_a_gateway_whose_clock_is_a_year_ahead_hides_nothing_of_today(
    database: Database,
    orders: list[LoggedPrediction],
    logged: MakeLogged,
    live_windows: LiveWindows,
    sample_bundle: Bundle,
) -> None:
    in_a_year = NOW + 365 * DAY
    store(database.engine, logged(1, predicted_at=in_a_year, purchase_timestamp=in_a_year))
    live_windows.measure_due()
    assert window_of(database, orders[-1]).rows == 60
    assert pace(database, sample_bundle)["same region"] == pytest.approx(10.0, abs=0.2)
    assert ("clock-skew", "open") in check(database)
    opened = check(database, NOW + 30 * DAY)
    assert ("no-predictions", "open") in opened, "an honest clock has asked nothing for a month"


def test_predictions_of_a_clock_that_is_behind_open_an_alert(database: Database, logged: MakeLogged) -> None:
    store(database.engine, logged(30, predicted_at=NOW - HOUR, purchase_timestamp=NOW - HOUR))
    assert ("log-delay", "open") in check(database)


def test_an_order_counts_once_whatever_is_asked(
    database: Database, orders: list[LoggedPrediction], logged: MakeLogged, live_windows: LiveWindows
) -> None:
    late, hour = orders[2 * 60], timedelta(hours=1)
    deliver(database, late, late.purchase_timestamp + 29 * DAY)
    live_windows.measure_due()
    before = window_of(database, late)
    again = logged(600, order_id=late.order_id, delivery_time_days=1.0)
    moments = {"predicted_at": late.predicted_at + hour, "purchase_timestamp": late.purchase_timestamp}
    store(database.engine, [prediction._replace(**moments) for prediction in again])
    live_windows.measure_due()
    after = window_of(database, late)
    assert (after.rows, after.rows_with_actual, after.mae) == (before.rows, before.rows_with_actual, before.mae)
    with database.transaction() as session:
        for window in session.scalars(select(ModelMetrics)):
            window.trained_mae = 2.0
    assert ("worse-than-trained", "open") not in check(database)
