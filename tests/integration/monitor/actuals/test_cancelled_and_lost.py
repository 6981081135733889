"""An order that will not arrive counts in no pace and no error; a word that is taken back was never said."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from common.database import actuals
from common.database.actuals import OrderReport
from common.database.delivery_pace import read_pace
from common.database.session import Database
from common.database.tables import ModelMetrics
from common.model.bundle import Bundle
from common.orders.clock import Clock
from common.orders.reading import Reading
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts.check import Situation
from monitor.alerts.error_so_far import ErrorSoFar
from monitor.log.store import store
from monitor.pace.live_pace import keep_pace
from monitor.windows.live import due_windows, window_rows, windows_of_log
from monitor.windows.quality import quality_of

READING = Reading(Clock("UTC"))
pytestmark = pytest.mark.usefixtures("monitoring")

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
FEW = 40

Said = dict[str, datetime | None]


@pytest.fixture
def orders(database: Database, logged: Callable[..., list[LoggedPrediction]]) -> list[LoggedPrediction]:
    """Sixty orders each fourth of the last 40 days: most arrive after ten days, the first of each day not yet."""
    orders = [
        order._replace(order_id=f"{back}-{number}", purchase_timestamp=bought, predicted_at=bought)
        for back in range(40, 0, -4)
        for number, order in enumerate(logged(60, delivery_time_days=8.0))
        if (bought := NOW - back * DAY)
    ]
    store(database.engine, orders)
    arrived = [order for order in orders if not slow(order) and order.purchase_timestamp + 10 * DAY < NOW]
    say(database, arrived, lambda order: {"delivered_at": order.purchase_timestamp + 10 * DAY})
    return orders


def slow(order: LoggedPrediction) -> bool:
    """The orders that the tests speak of: under way long after all others arrived."""
    return int(str(order.order_id).split("-")[1]) < FEW // 2


def say(database: Database, orders: list[LoggedPrediction], words: Callable[[LoggedPrediction], Said]) -> None:
    reports = [OrderReport.model_validate({"order_id": order.order_id, **words(order)}) for order in orders]
    with database.transaction() as session:
        actuals.store(session, reports)


def pace(database: Database, bundle: Bundle) -> dict[str, float]:
    with database.transaction() as session:
        keep_pace(session, bundle)
        table = read_pace(session)
    assert table is not None
    return {group: round(days, 2) for group, days in table.present().items()}


def error_so_far(database: Database) -> float | None:
    """Of the orders of three to five weeks ago, in days."""
    with database.transaction() as session:
        session.execute(delete(ModelMetrics))
        moments = dict.fromkeys(("timestamp", "window_start", "window_end"), NOW - DAY)
        counts = {"rows": 1, "rows_with_actual": 0, "trained_mae": 2.0}
        session.add(ModelMetrics(source="live", model_version="1", **moments, **counts))
    with database.transaction() as session:
        found = list(ErrorSoFar().findings(Situation(session, NOW, DAY, silence=DAY)))
        session.execute(delete(ModelMetrics))
    return round(found[0].value, 3) if found and found[0].value else None


def windows(database: Database) -> list[tuple[int, int, float | None]]:
    """Orders, deliveries and error of every window, oldest first."""
    with database.transaction() as session:
        starts = windows_of_log(session, DAY)
        live = [window for start in starts for window in due_windows(session, DAY, start)]
        errors = [quality_of(window_rows(session, window, READING).days, baseline_days=10).mae for window in live]
    return [(window.rows, window.rows_with_actual, mae) for window, mae in zip(live, errors, strict=True)]


@pytest.mark.parametrize("kind", ["cancelled_at", "lost_at"])
def test_an_order_that_will_not_arrive_counts_nowhere_until_that_is_taken_back(
    database: Database, orders: list[LoggedPrediction], sample_bundle: Bundle, kind: str
) -> None:
    ended = [order for order in orders if slow(order)]
    measured = windows(database)
    before = (pace(database, sample_bundle), error_so_far(database), measured)
    assert before[1] is not None
    say(database, ended, lambda _: {kind: NOW - DAY})
    after = (pace(database, sample_bundle), error_so_far(database))
    assert after[0]["same region"] < before[0]["same region"], "orders that never arrive make the pace slow"
    assert after[1] == pytest.approx(2.0), "each of the others is two days late"
    say(database, ended, lambda _: {kind: None})
    assert (pace(database, sample_bundle), error_so_far(database), windows(database)) == before


@pytest.mark.parametrize("kind", ["cancelled_at", "lost_at"])
def test_its_delivery_is_no_error_of_its_window(database: Database, orders: list[LoggedPrediction], kind: str) -> None:
    ended = [order for order in orders if slow(order)]
    say(database, ended, lambda order: {"delivered_at": order.purchase_timestamp + DAY / 2})
    before = windows(database)
    say(database, ended, lambda _: {kind: NOW - DAY})
    oldest = windows(database)[0]
    assert oldest == (60, 60 - FEW // 2, pytest.approx(2.0))
    say(database, ended, lambda _: {kind: None})
    assert windows(database) == before
    assert before[0][1] == 60


def test_a_delivery_that_is_taken_back_is_untaught(
    database: Database, orders: list[LoggedPrediction], sample_bundle: Bundle
) -> None:
    wrong = [order for order in orders if slow(order)]
    measured = windows(database)
    before = (pace(database, sample_bundle), error_so_far(database), measured)
    say(database, wrong, lambda order: {"delivered_at": order.purchase_timestamp + DAY / 2})
    assert pace(database, sample_bundle) != before[0]
    say(database, wrong, lambda _: {"delivered_at": None})
    assert (pace(database, sample_bundle), error_so_far(database), windows(database)) == before
