"""Windows found by their news are those that a recount of everything finds."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from common.database import actuals
from common.database.actuals import OrderReport
from common.database.session import Database
from common.servers.prediction_log import LoggedPrediction
from monitor.log import marks
from monitor.log.store import store
from monitor.windows import live
from monitor.windows.live import LiveWindows, due_windows, empty_windows, windows_of_log, windows_to_look_at
from monitor.windows.measure import Measured
from monitor.windows.reference import Reference
from monitor.windows.watched import WindowRows
from monitor.windows.windows import Window

MakeLogged = Callable[..., list[LoggedPrediction]]
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


@pytest.fixture
def counting(live_windows: LiveWindows, monkeypatch: pytest.MonkeyPatch) -> LiveWindows:
    """Windows that are counted but not measured: Evidently has no part in this. What was written is seen at once."""

    def unmeasured(_: WindowRows, window: Window, reference: Reference, source: str, __: object) -> Measured:
        key = {"timestamp": window.end, "window_start": window.start, "window_end": window.end}
        return Measured(key | {"source": source, "model_version": reference.model_version}, None)

    monkeypatch.setattr(live, "measure", unmeasured)
    monkeypatch.setattr(marks, "LONGEST_WRITE", timedelta(seconds=0))
    return live_windows


@pytest.fixture
def other_versions(counting: LiveWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version has the reference of the first."""
    of = counting._references.of

    def renamed(version: str) -> Reference:
        reference = of("1")
        return Reference(**{**vars(reference), "model_version": version})

    monkeypatch.setattr(counting._references, "of", renamed)


def recounted(database: Database) -> list[live.LiveWindow]:
    """What a look at everything still finds to be measured."""
    with database.transaction() as session:
        starts = windows_of_log(session, DAY)
        return [due for start in starts for due in due_windows(session, DAY, start)] + empty_windows(session, DAY)


def counted(database: Database) -> int:
    """Windows that the next look will count."""
    with database.transaction() as session:
        return len(windows_to_look_at(session, DAY))


def said(chance: random.Random, orders: list[LoggedPrediction]) -> Iterator[OrderReport]:
    """Words about some of the orders: true, impossible, corrected, taken back."""
    for order in orders:
        arrival = order.purchase_timestamp + chance.choice([-3, 2, 9, 500]) * DAY
        kind = chance.choice(["delivered_at", "delivered_at", "cancelled_at", "lost_at", "shipped_at"])
        word = None if chance.random() < 0.3 else min(arrival, NOW)
        yield OrderReport.model_validate({"order_id": order.order_id, kind: word})


@pytest.mark.usefixtures("other_versions")
def test_whatever_happens_the_news_leaves_nothing_for_a_recount(
    database: Database, counting: LiveWindows, logged: MakeLogged
) -> None:
    chance = random.Random(0)
    known: list[LoggedPrediction] = []
    counting.measure_due()
    for _ in range(25):
        for order in logged(chance.randint(0, 30)):
            bought = NOW - chance.uniform(0, 110) * DAY
            if chance.random() < 0.1:
                bought = NOW + chance.choice([0.3, 0.9, 40]) * DAY  # a fast clock
            again = chance.choice(known) if known and chance.random() < 0.3 else None
            known.append(
                order._replace(
                    order_id=again.order_id if again else chance.choice([None, f"{len(known)}"]),
                    purchase_timestamp=again.purchase_timestamp if again and chance.random() < 0.5 else bought,
                    predicted_at=bought + chance.uniform(-2, 2) * DAY,
                    model_version=chance.choice(["1", "1", "2"]),
                )
            )
            store(database.engine, known[-1:])
        named = [order for order in known if order.order_id]
        with database.transaction() as session:
            actuals.store(session, said(chance, chance.sample(named, min(len(named), 6))))
        counting.measure_due()
        assert recounted(database) == []


def test_windows_without_news_are_not_counted(database: Database, counting: LiveWindows, logged: MakeLogged) -> None:
    moments = [NOW - back * DAY for back in range(100)]
    store(
        database.engine,
        [
            order._replace(purchase_timestamp=at, predicted_at=at)
            for order, at in zip(logged(100), moments, strict=True)
        ],
    )
    assert counting.measure_due() > 99
    with database.transaction() as session:
        actuals.store(session, [OrderReport(order_id="order-50", delivered_at=NOW - 40 * DAY)])
    assert counted(database) <= 4, "that of the order, and those whose time comes"
    assert counting.measure_due() == 1


def test_what_had_no_time_is_measured_the_next_time(
    database: Database, counting: LiveWindows, logged: MakeLogged
) -> None:
    for back in range(3):
        moment = NOW - back * DAY
        store(database.engine, logged(1, purchase_timestamp=moment, predicted_at=moment, order_id=None))
    assert counting.measure_due(seconds=0) == 1
    assert counting.measure_due() == 2


def test_a_large_window_waits_until_much_of_it_has_changed_or_for_a_day(
    database: Database, counting: LiveWindows, logged: MakeLogged
) -> None:
    at = NOW - 40 * DAY
    orders = logged(1_000, purchase_timestamp=at, predicted_at=at)
    store(database.engine, orders)
    counting.measure_due()

    def deliver(number: int) -> int:
        report = OrderReport(order_id=str(orders[number].order_id), delivered_at=at + 9 * DAY)
        with database.transaction() as session:
            actuals.store(session, [report])
        return counting.measure_due()

    assert [deliver(number) for number in range(12)] == [0] * 9 + [1, 0, 0]
    with database.transaction() as session:
        session.execute(text("UPDATE waiting_windows SET since = since - interval '1 day'"))
    assert counting.measure_due() == 1
    assert recounted(database) == []


def test_after_a_replay_nothing_of_today_is_missed(
    database: Database, counting: LiveWindows, logged: MakeLogged, play_until: Callable[[datetime], None]
) -> None:
    counting.measure_due()
    play_until(NOW - 400 * DAY)
    store(database.engine, logged(3, purchase_timestamp=NOW - DAY, predicted_at=NOW))
    assert counting.measure_due() == 0
    with database.transaction() as session:
        session.execute(text("DELETE FROM replays"))
    assert counting.measure_due() == 1
